// An API in Fastify that checks its tokens by jeton-resource-server.
//
// Run with:
//   npm install fastify jeton-resource-server
//   ISSUER=https://tokens.example.com API=https://orders.example.com PORT=8080 node fastify.mjs

import fastify from 'fastify';
import { ResourceServer } from 'jeton-resource-server';
import { metadata, protect } from 'jeton-resource-server/fastify';

const { ISSUER, API, PORT } = process.env;

const api = new ResourceServer({
  issuer: ISSUER,
  audience: API,
  resource_metadata: { scopes_supported: ['orders:read', 'orders:write'] },
});

const app = fastify();
app.register(metadata(api));
app.get('/orders', { onRequest: protect(api, { scope: 'orders:read' }) }, async (request) => {
  return { orders: ['1 jeton'], for: request.claims.sub };
});
app.post('/orders', { onRequest: protect(api, { scope: 'orders:write' }) }, async (_request, reply) => {
  reply.code(201);
});
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
