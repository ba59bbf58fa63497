// What is measured in workerd, for miniflare: the Worker beside two JavaScript handlers, `read.js`
// that only reads the body and `token.js` that does the same work; and at a refresh beside two others,
// `row.js` whose object only writes a row and `refresh.js` that does the same work.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { built } from '../../tests/hosts/worker-miniflare.mjs';
import { signingKey } from '../keys.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
/** As `bench/token.lua` sends it. */
export const SECRET = 'jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy';
export const ISSUER = 'https://issuer.example';
const machine = {
  client_id: 'bench',
  client_secret: SECRET,
  grant_types: ['client_credentials'],
  scope: 'read write',
  audiences: ['https://api.example'],
};
/** Its key, and the clients that prove themselves by it: each assertion once, or until it expires. */
export const key = signingKey();
const { client_secret: _, ...keyless } = machine;
const byKey = {
  ...keyless,
  client_id: 'key',
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [key.jwk] },
  client_assertion_lifetime: 3600,
};
const again = { ...byKey, client_id: 'again', client_assertion_single_use: false };
/** The client whose refreshes are measured: each of them moves its grant. */
export const client = {
  ...machine,
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: ['https://app.example/cb'],
  scope: 'openid offline_access read write',
  refresh_token_grace: 0,
};
/** The login application. */
export const loginClient = { client_id: 'login', client_secret: SECRET, grant_types: [], login: true };

process.env.MINIFLARE_WORKERD_PATH = quietWorkerd();
const { worker } = built();
const javascript = (name) => ({
  modules: true,
  script: readFileSync(file(name), 'utf8').replace(
    '__SECRET_SHA256__',
    createHash('sha256').update(SECRET).digest('base64url'),
  ),
  compatibilityDate: worker.compatibilityDate,
});
const jeton = (clients, login = { JETON_LOGIN_URL: 'https://login.example/login' }) => ({
  ...worker,
  bindings: {
    JETON_ISSUER: ISSUER,
    JETON_SECRET: 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj',
    JETON_CLIENTS: clients,
    ...login,
  },
});
/** A login application of its own, with one way in. */
const provider = {
  type: 'openid',
  id: 'google',
  name: 'Google',
  issuer: 'https://accounts.google.com',
  client_id: 'id',
  client_secret: SECRET,
};
const JETON_LOGIN = { providers: [provider], allow: { email_domains: ['example.com'] } };

/** Miniflare's options by name: client credentials. */
export const handlers = {
  worker: jeton([machine, byKey, again]),
  read: javascript('read.js'),
  token: javascript('token.js'),
};
/** The Worker with a login application of its own. */
export const withLogin = jeton([machine, byKey, again], { JETON_LOGIN });

const withObjects = (name, className) => ({
  ...javascript(name),
  durableObjects: { LEDGER: { className, useSQLite: true } },
});

/** The same: refreshes. */
export const refreshing = {
  worker: jeton([client, loginClient]),
  row: withObjects('row.js', 'Row'),
  refresh: withObjects('refresh.js', 'Grant'),
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
