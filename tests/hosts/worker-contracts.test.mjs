// The contracts inside workerd, and the alarm that cleans up: what no request to
// Jeton shows.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listen } from './fetch-server.mjs';
import { built, Miniflare } from './worker-miniflare.mjs';

const MAIN = fileURLToPath(new URL('../../crates/jeton-worker-contracts/build/index.js', import.meta.url));
const VECTORS = fileURLToPath(new URL('../../crates/jeton-worker-contracts/build/wycheproof.json', import.meta.url));

/**
 * A KV that fails or hangs as often as it was told to: `put('fails:put', 2)`, `put('hangs:get', 1)`. From
 * `put('holds:writes', 1)` on it takes writes and shows none, until `put('holds:writes', 0)`. The value of
 * `asked:` is how often it was asked since that was last read.
 */
const FAILING_KV = `
  const left = {};
  const held = [];
  let asked = 0;
  const isDue = (fault) => left[fault] > 0 && left[fault]--;
  export default ({ KV }) => {
    const failing = (operation) => async (...parameters) => {
      const [key, value] = parameters;
      if (key === 'asked:') return [String(asked), (asked = 0)][0];
      asked++;
      if (isDue('fails:' + operation)) throw new Error('KV ' + operation + ' failed: 500');
      if (isDue('hangs:' + operation)) await new Promise(() => setTimeout(() => {}, 60_000));
      const write = () => KV[operation](...parameters);
      if (/^(fails|hangs|holds):/.test(key)) left[key] = Number(value);
      else if (left['holds:writes'] && /put|delete/.test(operation)) held.push(write);
      else return write();
      if (!left['holds:writes']) for (const late of held.splice(0)) await late();
    };
    return { get: failing('get'), put: failing('put'), delete: failing('delete'), list: failing('list') };
  };
`;

let miniflare;
const lines = [];

before(async () => {
  assert.ok(existsSync(MAIN), `${MAIN} is not there: cargo xtask test`);
  const folder = MAIN.replace(/\/index\.js$/, '');
  const { registry, worker } = built();
  miniflare = new Miniflare({
    handleStructuredLogs: ({ message }) => void lines.push(message),
    workers: [
      {
        name: 'contracts',
        ...worker,
        modules: [
          { type: 'ESModule', path: MAIN },
          { type: 'CompiledWasm', path: `${folder}/index_bg.wasm` },
        ],
        modulesRoot: folder,
        wrappedBindings: { [registry]: { scriptName: 'failing-kv' } },
      },
      { name: 'failing-kv', modules: true, script: FAILING_KV, kvNamespaces: ['KV'] },
    ],
  });
  await miniflare.ready;
});

after(() => miniflare?.dispose());

async function ask(path, body) {
  const response = await miniflare.dispatchFetch(`http://contracts${path}`, body && { method: 'POST', body });
  const text = await response.text();
  assert.equal(response.status, 200, `${text}\n${lines.join('\n')}`);
  return text;
}

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

test('KV and its authority pass the contract of a registry, races included', async () => {
  assert.equal(await ask('/registry'), 'kept');
});

const authority = {
  'what was written by hand stands until the authority changes it': '/authority/by-hand',
  'a deletion is not undone by what KV still shows': '/authority/deleted',
  'of two writers one is told that it lost, and KV shows the other': '/authority/race',
  'without an authority all is read and nothing written': '/authority/without',
  "what was written by hand is listed among the rest, and is the authority's from then on": '/authority/adopts',
};
for (const [name, path] of Object.entries(authority)) {
  test(name, async () => {
    assert.equal(await ask(path), 'kept');
  });
}

test('what stands is listed and read although KV shows none of it yet', async () => {
  await ask('/hold/writes/1');
  try {
    assert.equal(await ask('/authority/late'), 'kept');
  } finally {
    await ask('/hold/writes/0');
  }
});

test('a client that registered itself goes by alarm, a day after it expired', async () => {
  assert.equal(await ask('/authority/register'), 'kept');
  assert.equal(
    await ask('/authority/registered'),
    "goes, operator's, stays, goes in KV, stays in KV, operator's in KV",
  );
  await wait(6);
  assert.equal(await ask('/authority/registered'), "operator's, stays, stays in KV, operator's in KV");
});

test('a write that KV refuses is done, and published until KV takes it', async () => {
  await ask('/fail/put/2');
  assert.equal(await ask('/authority/put'), 'kept');
  assert.equal(await ask('/authority/shown'), 'not yet');
  await wait(3);
  assert.equal(await ask('/authority/shown'), 'not yet', 'the first alarm');
  await wait(5);
  assert.equal(await ask('/authority/shown'), 'shown', 'the second');
});

test('a KV read that fails once is tried again', async () => {
  await ask('/fail/get/1');
  assert.equal(await ask('/authority/shown'), 'shown');
});

test('a KV read that hangs once is tried again', async () => {
  await ask('/hang/get/1');
  const begin = Date.now();
  assert.equal(await ask('/authority/shown'), 'shown');
  assert.ok(Date.now() - begin < 4_000, 'within the time that a request has');
});

test('a list of KV that fails once is tried again', async () => {
  await ask('/fail/list/1');
  assert.equal(await ask('/listed'), 'kept');
});

test("WebCrypto passes the contract of a host's cryptography", async () => {
  assert.equal(await ask('/crypto'), 'kept');
});

test('WebCrypto judges the vectors of Project Wycheproof rightly', async () => {
  assert.equal(await ask('/wycheproof', readFileSync(VECTORS)), 'kept');
});

test('Durable Objects pass the contract of a ledger, races included', async () => {
  assert.equal(await ask('/ledger'), 'kept');
});

test('a step that comes after its request was given up is not taken', async () => {
  assert.equal(await ask('/given-up'), 'kept');
});

test('a document of a person that comes after its request was given up is not written', async () => {
  assert.equal(await ask('/given-up-document'), 'kept');
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

test('an alarm deletes what has ended, and is set again for what has not', async () => {
  await ask('/alarm');
  assert.equal(
    await ask('/stored'),
    'unredeemed, redeemed, marker 5, marker 2, indexed, personal [2], personal [2, 5]',
  );
  await wait(3.5);
  assert.equal(await ask('/stored'), 'redeemed, marker 5, personal [2, 5]', 'the first alarms');
  assert.equal(await ask('/counted'), '1', 'it began anew');
  await wait(3.5);
  assert.equal(await ask('/stored'), '', 'the second');
});
