// The Worker host: the wasm build in workerd, with the bindings `wrangler.toml` declares.

import { built, Miniflare } from './worker-miniflare.mjs';
import { withSlowStores } from './worker-slow-stores.mjs';

/** What stands where the namespace of clients should be: every read fails, as when KV is down. */
const BROKEN_KV = `
  export default () => ({
    async get() { throw new Error('KV GET failed: 503 Service Unavailable'); },
  });
`;

/**
 * @param {object} options
 * @param {Record<string, unknown>} options.env the Worker's variables and secrets, exactly
 * @param {'ok'|'broken'|'slow'} options.store `broken`: the KV binding fails when read; `slow`: KV and the
 *   objects of the ledger take as long as the host's `slow` was told
 *
 * Rejects with what the Worker logged when it refuses its configuration.
 */
export async function start({ env = {}, store = 'ok' } = {}) {
  const { registry, worker, others } = on(store);
  const lines = [];
  const options = {
    handleStructuredLogs: ({ message }) => void lines.push(message),
    workers: [
      {
        name: 'worker',
        ...worker,
        // What is not set is not there.
        bindings: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
        // Past miniflare's own proxy, which would tidy up requests on their way.
        unsafeDirectSockets: [{ host: '127.0.0.1' }],
      },
      ...others,
    ],
  };
  const miniflare = new Miniflare(options);
  const host = {
    name: 'worker',
    url: (await miniflare.unsafeGetDirectURL('worker')).origin,
    log: () => [...lines],
    /** Writes a client as `wrangler kv key put` would. */
    async putClient(record) {
      const [binding, script] = store === 'slow' ? ['KV', 'slow-stores'] : [registry, 'worker'];
      const kv = await miniflare.getKVNamespace(binding, script);
      await kv.put(`client:${record.client_id}`, JSON.stringify(record));
    },
    async removeClient(id) {
      const kv = await miniflare.getKVNamespace(registry, 'worker');
      await kv.delete(`client:${id}`);
    },
    async slow({ taking = 0, answering = 0, refusing = false, hiding = false }) {
      const stores = await miniflare.getWorker('slow-stores');
      await stores.fetch('http://delays/', {
        method: 'PUT',
        body: JSON.stringify({ taking, answering, refusing, hiding }),
      });
    },
    /** Ends the runtime without warning, and starts another on the same stores. */
    async crash() {
      await miniflare.setOptions(options);
      host.url = (await miniflare.unsafeGetDirectURL('worker')).origin;
    },
    stop: () => miniflare.dispose(),
  };
  try {
    await refuseBroken(host);
  } catch (error) {
    await host.stop();
    throw error;
  }
  return host;
}

/** The Worker on these stores: miniflare's options, and those of the Workers that stand for stores. */
function on(store) {
  const { registry, ledger, worker } = built();
  switch (store) {
    case 'slow':
      return { registry, ...withSlowStores(worker, registry, ledger) };
    case 'broken':
      return {
        registry,
        worker: { ...worker, wrappedBindings: { [registry]: { scriptName: 'broken-kv' } } },
        others: [{ name: 'broken-kv', modules: true, script: BROKEN_KV }],
      };
    default:
      return { registry, worker: { ...worker, kvNamespaces: [registry] }, others: [] };
  }
}

/** The configuration is read by the first request. */
async function refuseBroken(host) {
  const response = await fetch(`${host.url}/health`);
  if (response.status !== 500) return;
  // Log lines come by another pipe than answers.
  for (let waited = 0; host.log().length === 0 && waited < 2000; waited += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the worker refuses its configuration:\n${host.log().join('\n')}`);
}
