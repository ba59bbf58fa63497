// An API in Hono that checks its tokens by jeton-resource-server, and lets pages of other origins call it.
//
// Run with:
//   npm install hono @hono/node-server jeton-resource-server
//   ISSUER=https://tokens.example.com API=https://orders.example.com PORT=8080 node hono.mjs

import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { ResourceServer } from 'jeton-resource-server';
import { metadata, protect } from 'jeton-resource-server/hono';

const { ISSUER, API, PORT } = process.env;

const api = new ResourceServer({
  issuer: ISSUER,
  audience: API,
  resource_metadata: { scopes_supported: ['orders:read', 'orders:write'] },
});

const app = new Hono();
// Before the tokens are checked: browsers ask whether they may call without one.
app.use(cors());
app.use(metadata(api));
app.get('/orders', protect(api, { scope: 'orders:read' }), (c) =>
  c.json({ orders: ['1 jeton'], for: c.get('claims').sub }),
);
app.post('/orders', protect(api, { scope: 'orders:write' }), (c) => c.body(null, 201));
serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' });
