// The first token of a fresh isolate: the Worker beside the two JavaScript handlers of `run.mjs`.
//
//   cargo xtask worker && node bench/worker/first.mjs [rounds]
//
// Twice: the first request to a workerd that listens, whose isolate has its modules and has run
// nothing yet; and a request for which workerd makes the isolate and compiles its modules, through a
// loader's Worker in front. What Cloudflare does lies in between: it loads while TLS shakes hands.

import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { Miniflare } from '../../tests/hosts/worker-miniflare.mjs';
import { turns } from '../turns.mjs';
import { handlers, SECRET } from './handlers.mjs';

const [rounds = 25] = process.argv.slice(2).map(Number);
const BODY = 'grant_type=client_credentials';
const HEADERS = {
  'content-type': 'application/x-www-form-urlencoded',
  'content-length': BODY.length,
  authorization: `Basic ${Buffer.from(`bench:${SECRET}`).toString('base64')}`,
};

/** Milliseconds until all of the answer is here, on a connection of its own. */
const timed = (url) =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    const outgoing = request(url, { method: 'POST', headers: HEADERS, agent: false }, (incoming) => {
      let text = '';
      incoming.on('data', (chunk) => (text += chunk));
      incoming.on('end', () =>
        text.includes('"access_token":"ey') ? resolve(performance.now() - began) : reject(new Error(text)),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(BODY);
  });

/** The first request to an isolate that is there. */
async function waiting(name) {
  const miniflare = new Miniflare({
    workers: [{ name, ...handlers[name], unsafeDirectSockets: [{ host: '127.0.0.1' }] }],
  });
  try {
    return await timed(new URL('/token', await miniflare.unsafeGetDirectURL(name)));
  } finally {
    await miniflare.dispose();
  }
}

/**
 * Makes an isolate for each path that it sees the first time: its handler's name and four digits.
 * They become a custom section of the wasm: what V8 has compiled once, isolates of a process share.
 */
const LOADER = `
  function distinct(wasm, digits) {
    const bytes = new Uint8Array(wasm.byteLength + 7);
    bytes.set(new Uint8Array(wasm));
    bytes.set([0, 5, 4, ...new TextEncoder().encode(digits)], wasm.byteLength);
    return bytes.buffer;
  }
  export default {
    fetch(request, { isolates, scripts, wasm, variables, compatibilityDate }) {
      const { pathname } = new URL(request.url);
      const [, name, digits] = pathname.split('/');
      const compiled = name === 'worker' ? { 'index_bg.wasm': { wasm: distinct(wasm, digits) } } : {};
      const modules = { 'index.js': { js: scripts[name] }, ...compiled };
      const isolate = isolates.get(pathname, () => ({ compatibilityDate, mainModule: 'index.js', modules, env: variables }));
      return isolate.getEntrypoint().fetch(new Request('https://issuer.example/token', request));
    },
  };
`;

function loader() {
  const { worker, token, read } = handlers;
  const [index, wasm] = worker.modules.map(({ path }) => path);
  return new Miniflare({
    name: 'loader',
    modules: true,
    script: LOADER,
    compatibilityDate: worker.compatibilityDate,
    workerLoaders: { isolates: {} },
    bindings: {
      scripts: { worker: readFileSync(index, 'utf8'), token: token.script, read: read.script },
      variables: worker.bindings,
      compatibilityDate: worker.compatibilityDate,
    },
    dataBlobBindings: { wasm },
    unsafeDirectSockets: [{ host: '127.0.0.1' }],
  });
}

const compare = (title, time) => turns(title, { names: Object.keys(handlers), measured: ['worker'], rounds, time });

await compare('an isolate that waits', waiting);
const miniflare = loader();
const origin = await miniflare.unsafeGetDirectURL('loader');
await compare('an isolate made for the request', (name, round) => timed(new URL(`/${name}/${1000 + round}`, origin)));
await miniflare.dispose();
