// Tokens per second of `jeton serve` beside a bare axum handler that makes one ES256 signature.
// Both on one core, wrk on another, in turn; the ratio of each pair is what counts.
//
//   cargo build --release -p jeton-cli -p bench-native && node bench/native/run.mjs [rounds] [seconds]

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [rounds = 7, seconds = 4] = process.argv.slice(2).map(Number);
const root = fileURLToPath(new URL('../../', import.meta.url));
/** As `bench/token.lua` sends it. */
const SECRET = 'jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy';

const pinned = (cpu, command, args, options) =>
  spawn('taskset', ['-c', cpu, command, ...args], { stdio: 'ignore', ...options });
const client = {
  client_id: 'bench',
  client_secret: SECRET,
  grant_types: ['client_credentials'],
  scope: 'read write',
  audiences: ['https://api.example'],
};
const servers = {
  serve: pinned(
    '0',
    `${root}target/release/jeton`,
    ['serve', '--port', '9601', '--data', join(mkdtempSync(join(tmpdir(), 'bench-')), 'jeton.db')],
    {
      env: {
        ...process.env,
        TOKIO_WORKER_THREADS: '1',
        JETON_ISSUER: 'https://issuer.example',
        JETON_SECRET: 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj',
        JETON_CLIENTS: JSON.stringify([client]),
      },
    },
  ),
  bare: pinned('0', `${root}target/release/bench-native`, ['9602']),
};
const ports = { serve: 9601, bare: 9602 };
process.on('exit', () => {
  for (const child of Object.values(servers)) child.kill();
});
await new Promise((resolve) => setTimeout(resolve, 1000));

function measure(name, time) {
  const output = execFileSync('taskset', [
    '-c',
    '1',
    'wrk',
    '-t1',
    '-c16',
    `-d${time}s`,
    '-s',
    `${root}bench/token.lua`,
    `http://127.0.0.1:${ports[name]}/token`,
  ]).toString();
  if (output.includes('FAILED') || /Non-2xx|Socket errors/.test(output)) throw new Error(output);
  return Number(output.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}

for (const name of Object.keys(ports)) measure(name, 1);
const ratios = [];
for (let round = 0; round < rounds; round += 1) {
  const order = round % 2 ? ['bare', 'serve'] : ['serve', 'bare'];
  const rate = Object.fromEntries(order.map((name) => [name, measure(name, seconds)]));
  ratios.push(rate.serve / rate.bare);
  console.log(`serve ${rate.serve.toFixed(0)}/s  bare ${rate.bare.toFixed(0)}/s  ratio ${ratios.at(-1).toFixed(3)}`);
}
ratios.sort((a, b) => a - b);
console.log(
  `ratio: min ${ratios[0].toFixed(3)}  median ${ratios[ratios.length >> 1].toFixed(3)}  max ${ratios.at(-1).toFixed(3)}`,
);
process.exit();
