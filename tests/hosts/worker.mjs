// The Worker host: the wasm build in workerd, with the bindings `wrangler.toml` declares.

import { built, Miniflare } from './worker-miniflare.mjs';

/** What stands where the namespace of clients should be: every read fails, as when KV is down. */
const BROKEN_KV = `
  export default () => ({
    async get() { throw new Error('KV GET failed: 503 Service Unavailable'); },
  });
`;

/**
 * @param {object} options
 * @param {Record<string, unknown>} options.env the Worker's variables and secrets, exactly
 * @param {'ok'|'broken'} options.store `broken`: the KV binding fails when read
 *
 * Rejects with what the Worker logged when it refuses its configuration.
 */
export async function start({ env = {}, store = 'ok' } = {}) {
  const { registry, worker } = built();
  const lines = [];
  const miniflare = new Miniflare({
    handleStructuredLogs: ({ message }) => void lines.push(message),
    workers: [
      {
        name: 'worker',
        ...worker,
        bindings: env,
        // Past miniflare's own proxy, which would tidy up requests on their way.
        unsafeDirectSockets: [{ host: '127.0.0.1' }],
        ...(store === 'ok'
          ? { kvNamespaces: [registry] }
          : { wrappedBindings: { [registry]: { scriptName: 'broken-kv' } } }),
      },
      ...(store === 'ok' ? [] : [{ name: 'broken-kv', modules: true, script: BROKEN_KV }]),
    ],
  });
  const host = {
    name: 'worker',
    url: (await miniflare.unsafeGetDirectURL('worker')).origin,
    log: () => [...lines],
    /** Writes a client as `wrangler kv key put` would. */
    async putClient(record) {
      const kv = await miniflare.getKVNamespace(registry, 'worker');
      await kv.put(`client:${record.client_id}`, JSON.stringify(record));
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
