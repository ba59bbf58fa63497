// The contracts inside workerd, and the alarm that cleans up: what no request to
// Jeton shows.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listen } from './fetch-server.mjs';
import { built, Miniflare } from './worker-miniflare.mjs';

const MAIN = fileURLToPath(new URL('../../crates/jeton-worker-contracts/build/index.js', import.meta.url));

let miniflare;
const lines = [];

before(async () => {
  assert.ok(existsSync(MAIN), `${MAIN} is not there: cargo xtask test`);
  const folder = MAIN.replace(/\/index\.js$/, '');
  const { registry, worker } = built();
  miniflare = new Miniflare({
    ...worker,
    modules: [
      { type: 'ESModule', path: MAIN },
      { type: 'CompiledWasm', path: `${folder}/index_bg.wasm` },
    ],
    modulesRoot: folder,
    kvNamespaces: [registry],
    handleStructuredLogs: ({ message }) => void lines.push(message),
  });
  await miniflare.ready;
});

after(() => miniflare?.dispose());

async function ask(path) {
  const response = await miniflare.dispatchFetch(`http://contracts${path}`);
  const text = await response.text();
  assert.equal(response.status, 200, `${text}\n${lines.join('\n')}`);
  return text;
}

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

test('KV passes the contract of a registry', async () => {
  assert.equal(await ask('/registry'), 'kept');
});

test("WebCrypto passes the contract of a host's cryptography", async () => {
  assert.equal(await ask('/crypto'), 'kept');
});

test('Durable Objects pass the contract of a ledger, races included', async () => {
  assert.equal(await ask('/ledger'), 'kept');
});

test('fetch passes the contract of reaching others', async () => {
  const server = await listen();
  try {
    assert.equal(await ask(`/fetch?${server.origin}`), 'kept');
  } finally {
    server.close();
  }
});

test('opening that fails half-way leaves nothing behind', async () => {
  assert.equal(await ask('/half'), 'kept');
});

test('an alarm deletes what has expired, and is set again for what has not', async () => {
  await ask('/alarm');
  assert.equal(await ask('/stored'), 'kept');
  await wait(3.5);
  assert.equal(await ask('/stored'), 'gone', 'the first alarm');
  assert.equal(await ask('/counted'), '2', 'what outlives it is still there');
  await wait(3.5);
  assert.equal(await ask('/counted'), '1', 'and goes with the second');
});
