// The Worker as miniflare wants it: the wasm build and what `wrangler.toml` declares.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from 'wrangler';

export { Miniflare } from 'miniflare';

const WRANGLER = fileURLToPath(new URL('../../wrangler.toml', import.meta.url));

/**
 * Read from `wrangler.toml`, so that what runs is what is deployed; its variables do not apply.
 *
 * @returns {{ registry: string, ledger: string, worker: object }} the names of the KV binding and of that
 *   of the ledger's objects, and miniflare's options without the former and without variables
 */
export function built() {
  const { main, kv_namespaces, durable_objects } = unstable_readConfig({ config: WRANGLER });
  if (!existsSync(main)) throw new Error(`${main} is not there: cargo xtask worker`);
  const { workerOptions } = unstable_getMiniflareWorkerOptions(WRANGLER);
  return {
    registry: kv_namespaces[0].binding,
    ledger: durable_objects.bindings.find(({ class_name }) => class_name === 'GrantObject').name,
    worker: {
      compatibilityDate: workerOptions.compatibilityDate,
      compatibilityFlags: workerOptions.compatibilityFlags,
      durableObjects: workerOptions.durableObjects,
      modules: [
        { type: 'ESModule', path: main },
        { type: 'CompiledWasm', path: `${dirname(main)}/index_bg.wasm` },
      ],
      modulesRoot: dirname(main),
    },
  };
}
