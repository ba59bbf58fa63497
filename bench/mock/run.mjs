// `jeton mock` beside two providers people use for the same: time from start to first token,
// resident memory after 1,000 tokens, size, tokens per second. In turn; the ratio of each round is
// what counts. Linux, Python 3 and npm; what is measured beside ours is installed at first.
//
//   cargo build --release -p jeton-cli && node bench/mock/run.mjs [rounds] [seconds]

import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { grants, verified } from './grants.mjs';
import { install, start } from './providers.mjs';
import { report } from './report.mjs';

const [rounds = 7, seconds = 3] = process.argv.slice(2).map(Number);
if (!(rounds >= 1 && seconds > 0 && seconds <= 10))
  throw new Error('expected [rounds] of at least 1 and [seconds] of at most 10');
const STARTS = 20;
/** Of those, how many go on to 1,000 tokens. */
const FILLED = 3;

const providers = install();
/** id → measure → figures, one a round. */
const results = Object.fromEntries(
  providers.map(({ id }) => [id, { start: [], resident: [], client_credentials: [], authorization_code: [] }]),
);
const keys = {};

for (let round = 0; round < STARTS; round += 1) {
  for (const provider of inTurn(providers, round)) {
    const running = await start(provider);
    results[provider.id].start.push(running.milliseconds);
    await check(provider, running);
    if (round < FILLED) {
      for (let token = 1; token < 1000; token += 1)
        await grants[provider.grants[0]](running.connection, provider.endpoints);
      results[provider.id].resident.push(
        Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${running.pid}/status`, 'utf8'))[1]) / 1024,
      );
    }
    await running.stop();
  }
}

// The provider on one processor and the load on another, so that neither slows the other.
const pinned = availableParallelism() > 1 && has('taskset');
const running = {};
for (const provider of providers) running[provider.id] = await start(provider, pinned ? 0 : undefined);
for (const grant of ['client_credentials', 'authorization_code']) {
  const able = providers.filter((provider) => provider.grants.includes(grant));
  for (const provider of able) await load(provider, grant, 2);
  for (let round = 0; round < rounds; round += 1) {
    for (const provider of inTurn(able, round)) results[provider.id][grant].push(await load(provider, grant, seconds));
    console.error(
      `${grant} ${round + 1}: ${able.map(({ id }) => `${id} ${results[id][grant].at(-1).toFixed(0)}/s`).join(', ')}`,
    );
  }
}
for (const { stop } of Object.values(running)) await stop();

report(providers, keys, results);
console.log(
  `\nMedians (min–max) of ${STARTS} starts, ${FILLED} fillings and ${rounds} rounds of ${seconds} s over 16 connections` +
    `${pinned ? ', the provider on one processor and the load on another' : ''}.\n` +
    'A sign-in is an authorization request with a login hint, its redirects, and the code exchange for an ID token.\n' +
    'For oidc-provider-mock, which has no client credentials, the tokens of start and memory are sign-ins too; it signs\n' +
    'once for each, the ID token, where the others sign the access token as well.',
);

/** The first token's signature verifies; what it is signed with is kept for the report. */
async function check(provider, { connection, token }) {
  const { body } = await connection.request('GET', provider.endpoints.jwks, '');
  keys[provider.id] = verified(token, JSON.parse(body), provider.alg);
}

async function load(provider, grant, time) {
  const script = fileURLToPath(new URL('load.mjs', import.meta.url));
  const line = [
    process.execPath,
    script,
    String(running[provider.id].port),
    String(time),
    grant,
    JSON.stringify(provider.endpoints),
  ];
  const [command, ...args] = pinned ? ['taskset', '-c', '1', ...line] : line;
  const { stdout } = await promisify(execFile)(command, args);
  return Number(stdout);
}

function inTurn(list, round) {
  const first = round % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

function has(command) {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
