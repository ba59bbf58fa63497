// What only the Worker has: a runtime that does not tell of clients who hang up. What is left of
// their requests is seen in the memory of the wasm module.

import './production.mjs';

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { environment } from '../suite/support/fixtures.mjs';
import { built, Miniflare } from './worker-miniflare.mjs';

/** Shows the memory of the module that is instantiated after it. */
const WATCHED = `
  const Instance = WebAssembly.Instance;
  WebAssembly.Instance = function (...parameters) {
    const instance = new Instance(...parameters);
    globalThis.memory = instance.exports.memory;
    return instance;
  };
`;

/** The Worker, and at `/memory` the number of bytes of its memory. */
const MAIN = `
  import './watched.js';
  import Worker from './index.js';
  export * from './index.js';
  export default {
    fetch(request, env, context) {
      if (new URL(request.url).pathname === '/memory') return new Response(memory.buffer.byteLength);
      return new Worker(context, env).fetch(request);
    },
  };
`;

/** A KV that never answers. */
const HANGING_KV = 'export default () => ({ get: () => new Promise((done) => setTimeout(done, 60_000)) })';

test('what is left of requests whose clients hung up is bounded', { timeout: 120_000 }, async (t) => {
  const { registry, worker } = built();
  const root = worker.modulesRoot;
  const miniflare = new Miniflare({
    handleStructuredLogs() {},
    workers: [
      {
        name: 'worker',
        ...worker,
        modules: [
          { type: 'ESModule', path: `${root}/main.js`, contents: MAIN },
          { type: 'ESModule', path: `${root}/watched.js`, contents: WATCHED },
          ...worker.modules,
        ],
        bindings: environment(),
        wrappedBindings: { [registry]: { scriptName: 'hanging-kv' } },
        unsafeDirectSockets: [{ host: '127.0.0.1' }],
      },
      { name: 'hanging-kv', modules: true, script: HANGING_KV },
    ],
  });
  t.after(() => miniflare.dispose());
  const url = await miniflare.unsafeGetDirectURL('worker');
  const memory = async () => Number(await (await fetch(new URL('/memory', url))).text());

  const hangUp = async (_, n) => {
    const body = `grant_type=client_credentials&client_id=nobody-${n}&client_secret=x`;
    const head = ['POST /token HTTP/1.1', 'host: x', 'content-type: application/x-www-form-urlencoded'];
    const socket = connect(Number(url.port), url.hostname);
    await once(socket, 'connect');
    socket.write([...head, `content-length: ${body.length}`, '', body].join('\r\n'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.destroy();
  };
  const hangUpOften = async (times) => {
    for (let n = 0; n < times; n += 50) await Promise.all(Array.from({ length: 50 }, hangUp));
  };

  await fetch(new URL('/health', url));
  await hangUpOften(2_500);
  const some = await memory();
  await hangUpOften(2_500);
  const more = await memory();
  assert.ok(more < 1.3 * some, `${some} bytes after 2,500 requests, ${more} after 5,000`);
});
