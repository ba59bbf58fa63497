// An API in Express that checks its tokens by jeton-resource-server.
//
// Run with:
//   npm install express jeton-resource-server
//   ISSUER=https://tokens.example.com API=https://orders.example.com PORT=8080 node express.mjs

import express from 'express';
import { ResourceServer } from 'jeton-resource-server';
import { metadata, protect } from 'jeton-resource-server/express';

const { ISSUER, API, PORT } = process.env;

const api = new ResourceServer({
  issuer: ISSUER,
  audience: API,
  resource_metadata: { scopes_supported: ['orders:read', 'orders:write'] },
});

const app = express();
app.use(metadata(api));
app.get('/orders', protect(api, { scope: 'orders:read' }), (request, response) => {
  response.json({ orders: ['1 jeton'], for: request.claims.sub });
});
app.post('/orders', protect(api, { scope: 'orders:write' }), (_request, response) => {
  response.status(201).end();
});
app.listen(Number(PORT), '127.0.0.1');
