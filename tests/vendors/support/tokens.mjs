// Tokens as whoever has them sees them, without a key.

import assert from 'node:assert/strict';

const part = (token, index) => JSON.parse(Buffer.from(token.split('.')[index], 'base64url'));

export const headerOf = (token) => part(token, 0);
export const claimsOf = (token) => part(token, 1);

/** Tokens of one second are the same where a vendor's have no id. */
export const anotherSecond = () => new Promise((resolve) => setTimeout(resolve, 1000));

/** What a token endpoint answers. */
export async function form(endpoint, parameters, headers = {}) {
  const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(parameters), headers });
  const answer = await response.text();
  assert.equal(response.status, 200, answer);
  return JSON.parse(answer);
}

/** An access token for a machine, for SDKs that only verify. */
export async function machineToken(endpoint, parameters = {}) {
  const asked = { grant_type: 'client_credentials', client_id: 'machine', client_secret: 'any', ...parameters };
  return (await form(endpoint, asked)).access_token;
}
