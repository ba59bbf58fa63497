// What is measured in workerd, for miniflare: the Worker beside two JavaScript handlers, `read.js`
// that only reads the body and `token.js` that does the same work.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { built } from '../../tests/hosts/worker-miniflare.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
/** As `bench/token.lua` sends it. */
export const SECRET = 'jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy';
const client = {
  client_id: 'bench',
  client_secret: SECRET,
  grant_types: ['client_credentials'],
  scope: 'read write',
  audiences: ['https://api.example'],
};

process.env.MINIFLARE_WORKERD_PATH = quietWorkerd();
const { worker } = built();
const javascript = (script) => ({ modules: true, script, compatibilityDate: worker.compatibilityDate });

/** Miniflare's options by name. */
export const handlers = {
  worker: {
    ...worker,
    bindings: {
      JETON_ISSUER: 'https://issuer.example',
      JETON_SECRET: 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj',
      JETON_CLIENTS: [client],
    },
  },
  read: javascript(readFileSync(file('read.js'), 'utf8')),
  token: javascript(
    readFileSync(file('token.js'), 'utf8').replace(
      '__SECRET_SHA256__',
      createHash('sha256').update(SECRET).digest('base64url'),
    ),
  ),
};

/**
 * workerd on the first core, its console going nowhere: no wrangler reads it in production, and a
 * reader here would take its time from what is measured.
 */
function quietWorkerd() {
  const fromMiniflare = createRequire(createRequire(file('../../tests/package.json')).resolve('miniflare'));
  const path = join(mkdtempSync(join(tmpdir(), 'bench-')), 'workerd');
  writeFileSync(path, `#!/bin/sh\nexec taskset -c 0 ${fromMiniflare('workerd').default} "$@" >/dev/null\n`, {
    mode: 0o755,
  });
  return path;
}
