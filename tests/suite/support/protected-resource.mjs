// A server with something to protect, as an MCP server is (RFC 9728): without a token it says whose tokens it
// takes; with one, which it verifies itself, whose it is.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const METADATA = '/.well-known/oauth-protected-resource/mcp';

/**
 * @returns {Promise<{ url: string, trust: (issuer: string) => void }>} its address, which its tokens are for,
 *   and how it is told whose they are
 */
export async function protectedResource(t) {
  let issuer;
  let url;
  const server = createServer(async (request, response) => {
    const json = (status, body, headers) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    if (request.url === METADATA)
      return json(200, { resource: url, authorization_servers: [issuer], scopes_supported: ['read'] });
    if (request.url !== '/mcp') return json(404, {});
    const [, token] = request.headers.authorization?.match(/^Bearer (.+)$/) ?? [];
    try {
      const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
      const { payload } = await jwtVerify(token, keys, { issuer, audience: url, typ: 'at+jwt' });
      json(200, { sub: payload.sub, scope: payload.scope });
    } catch {
      const challenge = `Bearer resource_metadata="${new URL(METADATA, url)}"`;
      json(401, {}, { 'www-authenticate': challenge });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  url = `http://127.0.0.1:${server.address().port}/mcp`;
  return {
    url,
    trust(its) {
      issuer = its;
    },
  };
}
