// A deployment with built-in login, for a program that asks one from outside: starts it and the mock as its upstream,
// runs COMMAND with ISSUER, CLIENT_ID and the like, and ends with its exit code.
//
//   JETON_TARGET=worker node tests/login/replay.mjs COMMAND [ARGUMENT…]
//
// The OpenID Foundation's modules are asked so (basic, config, RP-initiated logout), by whatever replays them.

import './support/secrets.mjs';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { application, open } from './support/world.mjs';

const [command, ...parameters] = process.argv.slice(2);
if (!command) throw new Error('node tests/login/replay.mjs COMMAND [ARGUMENT…]');

const REDIRECT_URI = 'http://127.0.0.1:9401/cb';
const SCOPE = 'openid profile email address phone offline_access';
const client = (client_id) => ({
  ...application(client_id, {
    redirect_uris: [REDIRECT_URI, `${REDIRECT_URI}?foo=bar`],
    post_logout_redirect_uris: ['http://127.0.0.1:9401/logout', 'http://127.0.0.1:9401/'],
    scope: SCOPE,
  }),
  first_party: true,
});
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' };
const { d: _, ...publicKey } = key;
const signer = {
  ...client('conformance-key'),
  client_secret: undefined,
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [publicKey] },
};
const clients = [...['conformance', 'conformance-other', 'conformance-post'].map(client), signer];

/** OpenID Connect Discovery §3: an OpenID provider signs by RS256, whatever else it does. */
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const ending = [];
const own = await open(
  { after: (end) => ending.push(end) },
  {
    providers: {
      one: {
        people: [
          {
            sub: 'alice',
            name: 'Alice',
            claims: {
              name: 'Alice',
              given_name: 'Alice',
              family_name: 'Liddell',
              preferred_username: 'alice',
              email: 'alice@example.com',
              email_verified: true,
              phone_number: '+49 30 123456',
              address: { formatted: 'Berlin' },
            },
          },
        ],
        scope: 'openid profile email address phone',
        spec: {},
      },
    },
    clients,
    // Where a form comes from browsers say, and replays may not.
    says: (headers) => ({ origin: `http://${headers.host}`, ...headers }),
    env: {
      JETON_SIGNING_ALGS: 'RS256 ES256',
      JETON_SIGNING_JWKS: JSON.stringify({ keys: [{ ...rsa, alg: 'RS256' }] }),
      // Some modules register a client of their own.
      JETON_REGISTRATION: JSON.stringify({ scope: SCOPE, count: 1000 }),
    },
  },
);
const [basic, other, post] = clients;
const child = spawn(command, parameters, {
  stdio: 'inherit',
  env: {
    ...process.env,
    ISSUER: own.issuer,
    REDIRECT_URI,
    CLIENT_ID: basic.client_id,
    CLIENT_SECRET: basic.client_secret,
    OTHER_CLIENT_ID: other.client_id,
    OTHER_CLIENT_SECRET: other.client_secret,
    POST_CLIENT_ID: post.client_id,
    POST_CLIENT_SECRET: post.client_secret,
    PKJWT_CLIENT_ID: signer.client_id,
    PKJWT_JWK: JSON.stringify(key),
    USERNAME: 'alice',
  },
});
const [code] = await once(child, 'close');
for (const end of ending.reverse()) await end();
process.exit(code ?? 1);
