// Stores that are slow, or refuse, on demand, between a Worker and its own: a Worker of their own holds calls
// back, so that one whose caller has gone away is carried out all the same, as by real ones.

/** Sleeps, before it hands on what is asked of a store and before it hands back the answer. */
const STORES = `
  let delays = { taking: 0, answering: 0, refusing: false, hiding: false };
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  export default {
    async fetch(request, env, context) {
      const { hostname, pathname } = new URL(request.url);
      const name = decodeURIComponent(pathname.slice(1));
      const body = await request.text();
      if (hostname === 'delays') {
        delays = JSON.parse(body);
        return new Response();
      }
      const { taking, answering, refusing } = delays;
      if (refusing) return new Response('overloaded', { status: 503 });
      const answered = (async () => {
        await sleep(taking);
        const [text, status] = await HANDED_ON[hostname](env, name, body);
        await sleep(answering);
        return new Response(text, { status });
      })();
      context.waitUntil(answered.catch(() => undefined));
      return answered;
    },
  };

  const HANDED_ON = {
    async object(env, name, body) {
      return [await env.OBJECTS.getByName(name).call(body), 200];
    },
    // A place that KV has not shown anything yet.
    async kv(env, name) {
      if (delays.hiding) return [null, 404];
      const value = await env.KV.get(name);
      return [value, value === null ? 404 : 200];
    },
  };
`;

/** What stands where the namespace of objects should be. A Worker knows that by the name of its class. */
const OBJECTS = `
  class DurableObjectNamespace {
    constructor(stores) {
      this.stores = stores;
    }
    getByName(name) {
      const address = 'http://object/' + encodeURIComponent(name);
      return {
        call: async (body) => {
          const answer = await this.stores.fetch(address, { method: 'POST', body });
          if (!answer.ok) throw new Error(await answer.text());
          return answer.text();
        },
      };
    }
  }
  export default ({ STORES }) => new DurableObjectNamespace(STORES);
`;

/** What stands where the namespace of clients should be. Like KV it takes one write a second of a key. */
const KV = `
  const written = new Map();
  const limited = (key) => {
    if (Date.now() - (written.get(key) ?? 0) < 1000) throw new Error('KV PUT failed: 429 Too Many Requests');
    written.set(key, Date.now());
  };
  export default ({ STORES, KV }) => ({
    async get(key) {
      const answer = await STORES.fetch('http://kv/' + encodeURIComponent(key));
      if (answer.status === 503) throw new Error('KV GET failed: 503 Service Unavailable');
      return answer.status === 404 ? null : answer.text();
    },
    async put(key, ...parameters) {
      limited(key);
      return KV.put(key, ...parameters);
    },
    delete: (key) => KV.delete(key),
    list: (options) => KV.list(options),
  });
`;

/**
 * Puts slow stores between the Worker and its own.
 *
 * @param {object} worker miniflare's options, without the binding `registry`
 * @param {string} registry the name of the KV binding
 * @param {string} ledger the name of the binding of the ledger's objects
 * @returns {{ worker: object, others: object[] }} the options to run instead
 */
export function withSlowStores(worker, registry, ledger) {
  const { [ledger]: objects, ...durableObjects } = worker.durableObjects;
  const serviceBindings = { STORES: 'slow-stores' };
  const script = (name, text, bindings) => ({ name, modules: true, script: text, ...bindings });
  return {
    worker: {
      ...worker,
      durableObjects,
      wrappedBindings: { [registry]: { scriptName: 'slow-kv' }, [ledger]: { scriptName: 'slow-objects' } },
    },
    others: [
      script('slow-stores', STORES, {
        compatibilityDate: worker.compatibilityDate,
        durableObjects: { OBJECTS: { ...objects, scriptName: 'worker' } },
        kvNamespaces: { KV: registry },
      }),
      script('slow-objects', OBJECTS, { serviceBindings }),
      script('slow-kv', KV, { serviceBindings, kvNamespaces: { KV: registry } }),
    ],
  };
}
