// Tokens per second of the Worker beside two JavaScript handlers in the same runtime: one that only
// reads the body (`read.js`), one that does the same work (`token.js`). In turn, one core for the
// runtime and another for wrk; the ratio of each round is what counts.
//
//   cargo xtask worker && node bench/worker/run.mjs [rounds] [seconds]
//
// Twice: as `wrangler dev` serves, through miniflare's own worker in front, and past it. The one in
// front costs every handler the same, so it flatters ratios; past it is what a handler costs.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Miniflare } from '../../tests/hosts/worker-miniflare.mjs';
import { handlers } from './handlers.mjs';

const [rounds = 9, seconds = 3] = process.argv.slice(2).map(Number);
const file = (name) => fileURLToPath(new URL(name, import.meta.url));

const started = {};
for (const [name, options] of Object.entries(handlers)) {
  const miniflare = new Miniflare({ workers: [{ name, ...options, unsafeDirectSockets: [{ host: '127.0.0.1' }] }] });
  started[name] = {
    front: (await miniflare.ready).origin,
    direct: (await miniflare.unsafeGetDirectURL(name)).origin,
    miniflare,
  };
}
for (const [path, title] of [
  ['front', "through miniflare's front, as wrangler dev"],
  ['direct', 'past it'],
]) {
  for (const name in started) measure(started[name][path], 2);
  const ratios = { read: [], token: [] };
  console.log(`\n${title}`);
  for (let round = 0; round < rounds; round += 1) {
    const names = Object.keys(started);
    const order = round % 2 ? names : names.reverse();
    const rate = Object.fromEntries(order.map((name) => [name, measure(started[name][path], seconds)]));
    for (const name in ratios) ratios[name].push(rate.worker / rate[name]);
    console.log(
      `worker ${rate.worker.toFixed(0)}/s  read.js ${rate.read.toFixed(0)}/s  token.js ${rate.token.toFixed(0)}/s`,
    );
  }
  for (const name in ratios) {
    const sorted = ratios[name].sort((a, b) => a - b);
    console.log(
      `worker / ${name}.js: min ${sorted[0].toFixed(3)}  median ${sorted[rounds >> 1].toFixed(3)}  max ${sorted.at(-1).toFixed(3)}`,
    );
  }
}
await Promise.all(Object.values(started).map(({ miniflare }) => miniflare.dispose()));

/** wrk counts only what `token.lua` has seen to hold a token. */
function measure(origin, time) {
  const output = execFileSync('taskset', [
    '-c',
    '1',
    'wrk',
    '-t1',
    '-c8',
    `-d${time}s`,
    '-s',
    file('../token.lua'),
    `${origin}/token`,
  ]).toString();
  if (output.includes('FAILED') || /Non-2xx|Socket errors/.test(output)) throw new Error(output);
  return Number(output.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}
