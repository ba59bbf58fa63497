// The first token of a fresh isolate: the Worker, by a secret, by assertions (`private_key_jwt`, ES256, each
// once or until it expires) and with a login application of its own, beside the two JavaScript handlers
// of `run.mjs`, which take the secret.
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
import { ISSUER, key, handlers as plain, SECRET, withLogin } from './handlers.mjs';

const [rounds = 25] = process.argv.slice(2).map(Number);
const BODY = 'grant_type=client_credentials';
const AUTHORIZATION = `Basic ${Buffer.from(`bench:${SECRET}`).toString('base64')}`;
const TYPE = encodeURIComponent('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');

/** How the client proves itself, by name of what is measured: headers and body. */
const bySecret = () => ({ headers: { authorization: AUTHORIZATION }, body: BODY });
const byAssertion = (client) => () => ({
  headers: {},
  body: `${BODY}&client_assertion_type=${TYPE}&client_assertion=${key.assertion(client, ISSUER)}`,
});

const handlers = { ...plain, login: withLogin };

/** What is measured: a handler, and how it is asked. */
const measurements = {
  worker: { handler: 'worker', ask: bySecret },
  assertion: { handler: 'worker', ask: byAssertion('again') },
  once: { handler: 'worker', ask: byAssertion('key') },
  login: { handler: 'login', ask: bySecret },
  read: { handler: 'read', ask: bySecret },
  token: { handler: 'token', ask: bySecret },
};

/** Milliseconds until all of the answer is here, on a connection of its own. */
const timed = (url, { headers, body }) =>
  new Promise((resolve, reject) => {
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length };
    const began = performance.now();
    const outgoing = request(url, { method: 'POST', headers: { ...form, ...headers }, agent: false }, (incoming) => {
      let text = '';
      incoming.on('data', (chunk) => (text += chunk));
      incoming.on('end', () =>
        text.includes('"access_token":"ey') ? resolve(performance.now() - began) : reject(new Error(text)),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });

/** The first request to an isolate that is there. */
async function waiting(name) {
  const { handler, ask } = measurements[name];
  const miniflare = new Miniflare({
    workers: [{ name: handler, ...handlers[handler], unsafeDirectSockets: [{ host: '127.0.0.1' }] }],
  });
  try {
    return await timed(new URL('/token', await miniflare.unsafeGetDirectURL(handler)), ask());
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

const compare = (title, names, time) =>
  turns(title, { names, measured: names.filter((name) => !['read', 'token'].includes(name)), rounds, time });

const names = Object.keys(measurements);
await compare('an isolate that waits', names, waiting);
const miniflare = loader();
const origin = await miniflare.unsafeGetDirectURL('loader');
// What the loader makes has no objects to keep what was used, and one configuration.
const without = names.filter((name) => name !== 'once' && name !== 'login');
await compare('an isolate made for the request', without, (name, round) => {
  const { handler, ask } = measurements[name];
  const digits = 1000 + round * names.length + names.indexOf(name);
  return timed(new URL(`/${handler}/${digits}`, origin), ask());
});
await miniflare.dispose();
