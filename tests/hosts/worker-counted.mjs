// The Worker with its stores counted: what each answer asks of KV and of its Durable Objects.

import assert from 'node:assert/strict';
import { built, Miniflare } from './worker-miniflare.mjs';

/** The Worker and its authority, whose calls are counted; at `/counted` the numbers since it was last asked. */
const MAIN = `
  import * as built from './index.js';
  export * from './index.js';
  let counts = {};
  const COUNTED = { get: 'reads', put: 'writes', delete: 'writes', list: 'lists' };
  const watched = (count, target) =>
    new Proxy(target, {
      get(object, name) {
        const member = Reflect.get(object, name);
        if (typeof member !== 'function' || name === 'constructor') return member;
        return (...parameters) => {
          const word = count(name);
          if (word) counts[word] = (counts[word] ?? 0) + 1;
          return member.apply(object, parameters);
        };
      },
    });
  const kv = (name) => COUNTED[name] && 'KV ' + COUNTED[name];
  const objects = (word) => (name) => (name === 'get' || name === 'getByName') && word;
  const around = (env) => ({
    ...env,
    JETON_REGISTRY: watched(kv, env.JETON_REGISTRY),
    JETON_AUTHORITY: watched(objects('authority'), env.JETON_AUTHORITY),
    JETON_LEDGER: watched(objects('ledger'), env.JETON_LEDGER),
  });
  export class RegistryObject extends built.RegistryObject {
    constructor(state, env) {
      super(state, around(env));
    }
  }
  export default {
    fetch(request, env, context) {
      if (new URL(request.url).pathname === '/counted') {
        const answer = Response.json(counts);
        counts = {};
        return answer;
      }
      return new built.default(context, around(env)).fetch(request);
    },
  };
`;

/**
 * Starts it with these variables. `counted` is what was asked of the stores for the answer of a request that must have
 * this status, if one is said.
 */
export async function startCounted(bindings) {
  const { worker, registry } = built();
  const root = worker.modulesRoot;
  const lines = [];
  const miniflare = new Miniflare({
    handleStructuredLogs: ({ message }) => void lines.push(message),
    workers: [
      {
        name: 'worker',
        ...worker,
        modules: [{ type: 'ESModule', path: `${root}/main.js`, contents: MAIN }, ...worker.modules],
        kvNamespaces: [registry],
        bindings,
        unsafeDirectSockets: [{ host: '127.0.0.1' }],
      },
    ],
  });
  const url = (await miniflare.unsafeGetDirectURL('worker')).origin;
  const kv = await miniflare.getKVNamespace(registry, 'worker');

  async function counted(request, status = 200) {
    await (await fetch(`${url}/counted`)).text();
    const response = await request();
    assert.equal(response.status, status, await response.clone().text());
    await response.text();
    return count();
  }

  /** What was asked since the last time. */
  async function count() {
    // What is done after the answer too.
    await new Promise((resolve) => setTimeout(resolve, 100));
    return (await fetch(`${url}/counted`)).json();
  }

  return { miniflare, kv, url, counted, count, log: () => [...lines] };
}
