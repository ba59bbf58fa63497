// Refreshes with `openid` per second of the Worker beside two JavaScript Workers in the same runtime: one
// whose object only writes a row (`row.js`), one that does the same work (`refresh.js`). In turn, one core
// for the runtime and another for wrk, past miniflare's front; the ratio of each round is what counts.
//
//   cargo xtask worker && TMPDIR=/dev/shm node bench/worker/refresh.mjs [rounds] [seconds]
//
// Each refresh moves its grant and writes it: the client has no window (`refresh_token_grace` 0), within
// which a token stays. Each connection has a grant of its own. Objects lie in `TMPDIR`; on a disk, that is
// what is measured.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Miniflare } from '../../tests/hosts/worker-miniflare.mjs';
import { children, compare, measured, print, used } from '../processor.mjs';
import { refreshing } from './handlers.mjs';
import { login } from './login.mjs';

const [rounds = 9, seconds = 3] = process.argv.slice(2).map(Number);
const CONNECTIONS = 8;

const SCRIPT = fileURLToPath(new URL('refresh.lua', import.meta.url));

const started = {};
for (const [name, options] of Object.entries(refreshing)) {
  const others = new Set(children());
  const miniflare = new Miniflare({ workers: [{ name, ...options, unsafeDirectSockets: [{ host: '127.0.0.1' }] }] });
  const { origin } = await miniflare.unsafeGetDirectURL(name);
  started[name] = { miniflare, origin, pid: children().find((pid) => !others.has(pid)) };
}
const names = Object.keys(started);
for (const name of names) await measure(name, 2);
const all = [];
for (let round = 0; round < rounds; round += 1) {
  const made = {};
  for (const name of round % 2 ? names : names.toReversed()) made[name] = await measure(name, seconds);
  all.push(made);
  print(made);
}
compare('worker', all);
await Promise.all(Object.values(started).map(({ miniflare }) => miniflare.dispose()));

/** wrk counts only what `refresh.lua` has seen to move on. Fresh grants: the last answers of a run are lost. */
async function measure(name, time) {
  const { origin, pid } = started[name];
  const tokens = [];
  while (tokens.length < CONNECTIONS) tokens.push(await (name === 'worker' ? login(origin) : open(origin)));
  const before = used(pid);
  const load = [`-t${CONNECTIONS}`, `-c${CONNECTIONS}`, `-d${time}s`, '--latency', '-s', SCRIPT, `${origin}/token`];
  const env = { ...process.env, TOKENS: tokens.join(' ') };
  return measured(execFileSync('taskset', ['-c', '1', 'wrk', ...load], { env }).toString(), pid, before);
}

/** The first refresh token of a grant of its own, where no login is built. */
async function open(origin) {
  const response = await fetch(`${origin}/open`);
  if (!response.ok) throw new Error(`/open: ${response.status}`);
  return response.text();
}
