// Tokens per second of `jeton serve`, with default settings and its log written to a file, beside a bare
// axum handler that makes one ES256 signature and writes no log. Both on one core, wrk on another, in turn;
// the ratio of each pair is what counts. Where others use the machine too, the ratio of processor time a
// token says more than that of rates.
//
//   cargo build --release -p jeton-cli -p bench-native && node bench/native/run.mjs [rounds] [seconds]

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, measured, print, used } from '../processor.mjs';

const [rounds = 7, seconds = 4] = process.argv.slice(2).map(Number);
const root = fileURLToPath(new URL('../../', import.meta.url));
/** As `bench/token.lua` sends it. */
const SECRET = 'jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy';

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
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
  serve: pinned('0', `${root}target/release/jeton`, ['serve', '--port', '9601', '--data', join(folder, 'jeton.db')], {
    stdio: ['ignore', openSync(join(folder, 'log'), 'w'), 'ignore'],
    env: {
      ...process.env,
      JETON_ISSUER: 'https://issuer.example',
      JETON_SECRET: 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj',
      JETON_CLIENTS: JSON.stringify([client]),
    },
  }),
  bare: pinned('0', `${root}target/release/bench-native`, ['9602']),
};
const ports = { serve: 9601, bare: 9602 };
process.on('exit', () => {
  for (const child of Object.values(servers)) child.kill();
  rmSync(folder, { recursive: true });
});
await new Promise((resolve) => setTimeout(resolve, 1000));

function measure(name, time) {
  const { pid } = servers[name];
  const before = used(pid);
  const url = `http://127.0.0.1:${ports[name]}/token`;
  const load = ['-t1', '-c16', `-d${time}s`, '--latency', '-s', `${root}bench/token.lua`, url];
  return measured(execFileSync('taskset', ['-c', '1', 'wrk', ...load]).toString(), pid, before);
}

for (const name of Object.keys(ports)) measure(name, 1);
const all = [];
for (let round = 0; round < rounds; round += 1) {
  const order = round % 2 ? ['bare', 'serve'] : ['serve', 'bare'];
  all.push(Object.fromEntries(order.map((name) => [name, measure(name, seconds)])));
  print(all.at(-1));
}
compare('serve', all);
process.exit();
