// npm's oidc-provider, as somebody would configure it who has never heard of Jeton.

import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { keyOf } from './keys.mjs';

/** @returns {Promise<string>} its issuer */
export async function oidcProvider(t, { clients, apis, lifetime }) {
  const server = createServer((request, response) => handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const keys = await Promise.all(['ES256', 'RS256'].map((alg) => keyOf(alg, `provider ${alg}`)));
  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: keys.map(({ jwk }) => ({ ...jwk, use: 'sig' })) },
    cookies: { keys: ['a key of the cookies of a test'] },
    claims: { openid: ['sub'], profile: ['name'] },
    scopes: ['openid', 'offline_access', 'read', 'write'],
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: 'Alice' }) }),
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    ttl: { AccessToken: lifetime, ClientCredentials: 300, IdToken: 3_600, RefreshToken: 3_600, Session: 3_600 },
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, identifier) => ({
          audience: identifier,
          scope: 'read write',
          accessTokenTTL: 300,
          accessTokenFormat: apis[identifier],
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  const handle = provider.callback();
  return issuer;
}
