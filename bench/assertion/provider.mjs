// npm's `oidc-provider` as it comes, with clients and an ES256 key, on the port that it is told. Grants and
// what was used once are in its own memory.
//
//   node provider.mjs MODULES PORT < CONFIGURATION

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, port] = process.argv.slice(2);
const { issuer, audience, scope, jwks, clients } = JSON.parse(readFileSync(0, 'utf8'));
const path = createRequire(`${modules}/`).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(path).href);

const provider = new Provider(issuer, {
  clients,
  jwks,
  scopes: scope.split(' '),
  clientAuthMethods: ['client_secret_basic', 'private_key_jwt'],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({
        scope,
        audience,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 3600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1');
