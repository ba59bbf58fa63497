// Tokens per second by a secret and by `private_key_jwt` (ES256), of `jeton serve` beside npm's
// `oidc-provider`, which does the same: one ES256 signature for each token, each assertion verified and taken
// once. Jeton keeps what was used in SQLite on a disk and logs each token to a file; oidc-provider keeps the
// last thousand or two in memory, and logs nothing. Jeton is measured as well where its client lets an
// assertion count until it expires, which oidc-provider cannot.
//
// Both on one core, wrk on another, in turn; the ratio of each pair is what counts, and where others use the
// machine too that of processor time. Assertions are made before each run, and each is sent once.
//
//   cargo build --release -p jeton-cli && node bench/assertion/run.mjs [rounds] [seconds]

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from '../install.mjs';
import { signingKey } from '../keys.mjs';
import { compare, measured, print, used } from '../processor.mjs';

const [rounds = 7, seconds = 4] = process.argv.slice(2).map(Number);
const root = fileURLToPath(new URL('../../', import.meta.url));
const binary = process.env.JETON_BIN ?? join(root, 'target/release/jeton');
const modules = npm(join(root, 'target/bench/assertion'), import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'bench-'));

const SECRET = 'jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy';
const issuer = 'https://issuer.example';
const audience = 'https://api.example';
const scope = 'read write';
const key = signingKey();

const common = { grant_types: ['client_credentials'], scope };
const bySecret = { ...common, client_id: 'secret', client_secret: SECRET };
const byKey = {
  ...common,
  client_id: 'key',
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'ES256',
  jwks: { keys: [key.jwk] },
};

const [SERVE, PROVIDER] = [9611, 9612];
const pinned = (args, options) => spawn('taskset', ['-c', '0', ...args], options);

function serve() {
  // An hour is longer than this takes.
  const more = { audiences: [audience], client_assertion_lifetime: 3600 };
  const clients = [
    { ...bySecret, audiences: [audience] },
    { ...byKey, ...more },
    { ...byKey, ...more, client_id: 'again', client_assertion_single_use: false },
  ];
  return pinned([binary, 'serve', '--port', SERVE, '--data', join(folder, 'jeton.db')], {
    stdio: ['ignore', openSync(join(folder, 'log'), 'w'), 'ignore'],
    env: {
      PATH: process.env.PATH,
      JETON_ISSUER: issuer,
      JETON_SECRET: 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj',
      JETON_CLIENTS: JSON.stringify(clients),
    },
  });
}

function provider() {
  const jwks = { keys: [signingKey().privateJwk] };
  const machine = { redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256' };
  const clients = [bySecret, byKey].map((client) => ({ ...client, ...machine }));
  const child = pinned([process.execPath, fileURLToPath(new URL('provider.mjs', import.meta.url)), modules, PROVIDER], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
  });
  child.stdin.end(JSON.stringify({ issuer, audience, scope, jwks, clients }));
  return child;
}

const servers = { [SERVE]: serve(), [PROVIDER]: provider() };
process.on('exit', () => {
  for (const child of Object.values(servers)) child.kill();
  rmSync(folder, { recursive: true });
});
await new Promise((resolve) => setTimeout(resolve, 2000));

/** What is measured, by its name: where, as which client, and at most how many tokens come in a second. */
const measurements = {
  'serve, secret': { port: SERVE, client: 'secret' },
  'serve, assertion': { port: SERVE, client: 'key', fastest: 30_000 },
  'serve, assertion again': { port: SERVE, client: 'again', fastest: 40_000 },
  'oidc-provider, secret': { port: PROVIDER, client: 'secret' },
  'oidc-provider, assertion': { port: PROVIDER, client: 'key', fastest: 10_000 },
};

/** A file of so many assertions of the client, a line each. */
function assertions(client, count) {
  const file = join(folder, 'assertions');
  writeFileSync(file, `${Array.from({ length: count }, () => key.assertion(client, issuer)).join('\n')}\n`);
  return file;
}

function measure(name, time) {
  const measurement = measurements[name];
  const { port, client, fastest } = measurement;
  const env = { PATH: process.env.PATH };
  if (fastest) env.ASSERTIONS = assertions(client, Math.ceil(fastest * time) + 100);
  else env.AUTHORIZATION = `Basic ${Buffer.from(`${client}:${SECRET}`).toString('base64')}`;
  const { pid } = servers[port];
  const before = used(pid);
  const script = fileURLToPath(new URL('token.lua', import.meta.url));
  const load = ['-t1', '-c16', `-d${time}s`, '--latency', '-s', script, `http://127.0.0.1:${port}`];
  const result = measured(execFileSync('taskset', ['-c', '1', 'wrk', ...load], { env }).toString(), pid, before);
  // One core cannot do more.
  if (fastest) measurement.fastest = 1.3e6 / result.each;
  return result;
}

/** What one assertion is answered that comes twice. */
async function twice(port, client) {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: key.assertion(client, issuer),
  });
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/token`, { method: 'POST', body })).status;
  return [await ask(), await ask()];
}

assert.deepEqual(await twice(SERVE, 'key'), [200, 401]);
assert.deepEqual(await twice(SERVE, 'again'), [200, 200]);
assert.deepEqual(await twice(PROVIDER, 'key'), [200, 401]);
const names = Object.keys(measurements);
for (const name of names) measure(name, 2);
const all = [];
for (let round = 0; round < rounds; round += 1) {
  const order = round % 2 ? names : names.toReversed();
  all.push(Object.fromEntries(order.map((name) => [name, measure(name, seconds)])));
  print(all.at(-1));
}
for (const pair of [
  ['serve, secret', 'oidc-provider, secret'],
  ['serve, assertion', 'oidc-provider, assertion'],
  ['serve, assertion again', 'oidc-provider, assertion'],
  ['serve, assertion', 'serve, secret'],
  ['serve, assertion again', 'serve, secret'],
]) {
  const both = (round) => Object.fromEntries(pair.map((name) => [name, round[name]]));
  compare(pair[0], all.map(both));
}
process.exit();
