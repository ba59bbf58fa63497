// A service that gets its tokens by jeton-client, which keeps one until it is time for the next.
//
// Run with:
//   npm install jeton-client
//   ISSUER=https://tokens.example.com CLIENT_ID=… CLIENT_SECRET=… API=https://orders.example.com node service.mjs
// Instead of CLIENT_SECRET: CLIENT_KEY, a file with the private JWK of the client, or TOKEN_FILE, the file in which
// Kubernetes or another platform keeps its token.

import { readFileSync } from 'node:fs';
import { Client, clientSecret, platformToken, privateKeyJwt } from 'jeton-client';
import { file } from 'jeton-client/node';

const { ISSUER, CLIENT_ID, API } = process.env;

function proof({ TOKEN_FILE, CLIENT_KEY, CLIENT_SECRET }) {
  if (TOKEN_FILE) return platformToken(file(TOKEN_FILE));
  if (CLIENT_KEY) return privateKeyJwt(JSON.parse(readFileSync(CLIENT_KEY, 'utf8')));
  return clientSecret(CLIENT_SECRET);
}

// One for the process: it has the tokens.
const client = new Client({ issuer: ISSUER, client_id: CLIENT_ID, authentication: proof(process.env) });
// `fetch` for this API. Give it no other address: whatever it asks gets the token.
const orders = client.fetch({ scope: 'orders:read', resource: API });

try {
  const response = await orders(`${API}/orders`);
  if (!response.ok) throw new Error(`${response.status}: ${response.headers.get('www-authenticate')}`);
  console.log(await response.text());
} catch (error) {
  // A ClientError says whose fault it is: caller, server, network or token.
  console.error(error.fault ? `${error.fault}: ${error.message}` : error.message);
  process.exitCode = 1;
}
