// An API in a Cloudflare Worker that checks its tokens by jeton-resource-server. Anything else that has a handler of
// `Request → Response`, as Deno and Bun, does the same.
//
// Run with:
//   npm install jeton-resource-server wrangler
//   npx wrangler dev worker.mjs --var ISSUER:https://tokens.example.com --var API:https://orders.example.com

import { ResourceServer } from 'jeton-resource-server';

function orders({ ISSUER, API }) {
  const api = new ResourceServer({
    issuer: ISSUER,
    audience: API,
    resource_metadata: { scopes_supported: ['orders:read', 'orders:write'] },
  });
  const read = api.protect((_request, claims) => Response.json({ orders: ['1 jeton'], for: claims.sub }), {
    scope: 'orders:read',
  });
  const write = api.protect(() => new Response(null, { status: 201 }), { scope: 'orders:write' });
  const methods = { GET: read, POST: write };

  return (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== '/orders') return api.metadataResponse(request) ?? new Response(null, { status: 404 });
    const handler = methods[request.method];
    return handler ? handler(request) : new Response(null, { status: 405 });
  };
}

// One for the isolate: it has the issuer's keys.
let handler;
export default {
  fetch(request, env) {
    handler ??= orders(env);
    return handler(request);
  },
};
