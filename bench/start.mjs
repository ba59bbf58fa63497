// Start to first token, and resident memory after 1,000 tokens: `jeton mock` and `jeton serve`.
//
//   cargo build --release -p jeton-cli && node bench/start.mjs [runs]

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [runs = 20] = process.argv.slice(2).map(Number);
const binary = fileURLToPath(new URL('../target/release/jeton', import.meta.url));
const secret = 'jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy';
const env = {
  JETON_ISSUER: 'http://localhost:9700',
  JETON_CLIENTS: JSON.stringify([{ client_id: 'bench', client_secret: secret, grant_types: ['client_credentials'] }]),
};
/** The mock has keys of its own. */
const keys = { mock: {}, serve: { JETON_SECRET: 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj' } };
const body = `grant_type=client_credentials&client_id=bench&client_secret=${secret}`;

const token = (port, agent) =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length };
    const outgoing = request(
      { port, host: '127.0.0.1', path: '/token', method: 'POST', headers, agent },
      (incoming) => {
        let text = '';
        incoming.on('data', (chunk) => (text += chunk));
        incoming.on('end', () => (text.includes('"access_token":"ey') ? resolve() : reject(new Error(text))));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });

async function measure(command, port) {
  const data = join(mkdtempSync(join(tmpdir(), 'bench-')), 'jeton.db');
  const args = command === 'serve' ? ['serve', '--data', data] : ['mock'];
  const began = performance.now();
  const child = spawn(binary, [...args, '--port', String(port)], {
    env: { ...process.env, ...env, ...keys[command] },
    stdio: 'ignore',
  });
  try {
    for (;;) {
      if (
        await token(port).then(
          () => true,
          (error) => (error.code === 'ECONNREFUSED' ? false : Promise.reject(error)),
        )
      )
        break;
    }
    const first = performance.now() - began;
    const agent = new Agent({ keepAlive: true });
    for (let n = 0; n < 1000; n += 1) await token(port, agent);
    agent.destroy();
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1] / 1024;
    return { first, resident };
  } finally {
    child.kill();
  }
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];
for (const command of ['mock', 'serve']) {
  const results = [];
  for (let run = 0; run < runs; run += 1) results.push(await measure(command, 9700 + run));
  const first = median(results.map((result) => result.first));
  const resident = median(results.map((result) => result.resident));
  console.log(
    `${command}: first token after ${first.toFixed(1)} ms, ` +
      `${resident.toFixed(1)} MB resident after 1,000 tokens (medians of ${runs})`,
  );
}
