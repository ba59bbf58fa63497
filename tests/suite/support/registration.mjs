// Clients that register themselves (RFC 7591, RFC 7592).

import assert from 'node:assert/strict';
import { ISSUER } from './grant-clients.mjs';
import { registrars } from './registrars.mjs';
import { clientCredentials, json } from './target.mjs';

/** What a client of people's logins says of itself. */
export const APP = { token_endpoint_auth_method: 'none', redirect_uris: ['https://new.example/cb'] };
/** The same of a machine. */
export const MACHINE = { grant_types: ['client_credentials'] };

/** An access token that lets clients register. */
export async function initialToken(client = registrars.registrar, { on } = {}) {
  const response = await clientCredentials(client, { scope: 'jeton:register' }, { on });
  assert.equal(response.status, 200, response.text);
  return response.json().access_token;
}

export const tryToRegister = (metadata, options = {}) => json('POST', '/register', { body: metadata, ...options });

/** A client that has registered itself: by an access token, or by none where that is null. */
export async function registered(metadata = APP, { token, on } = {}) {
  const held = token === undefined ? await initialToken(undefined, { on }) : (token ?? undefined);
  const response = await tryToRegister(metadata, { token: held, on });
  assert.equal(response.status, 201, response.text);
  return response.json();
}

const pathOf = ({ registration_client_uri }) => {
  assert.ok(registration_client_uri.startsWith(`${ISSUER}/`), registration_client_uri);
  return registration_client_uri.slice(ISSUER.length);
};

/** A request to what the client registered. */
export const manage = (method, client, { token = client.registration_access_token, ...options } = {}) =>
  json(method, pathOf(client), { token, ...options });

/** What a client sends to replace its metadata: all of it, and nothing that is only told (RFC 7592 §2.2). */
export function updateOf(client, changes = {}) {
  const told = [
    'registration_access_token',
    'registration_client_uri',
    'client_secret_expires_at',
    'client_id_issued_at',
  ];
  return Object.fromEntries(Object.entries({ ...client, ...changes }).filter(([name]) => !told.includes(name)));
}

/** RFC 7591 §3.2.2. */
export function isRefused(response, error, member) {
  assert.equal(response.status, 400, response.text);
  assert.equal(response.headers['content-type'], 'application/json');
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers['www-authenticate'], undefined);
  const body = response.json();
  assert.equal(body.error, error, response.text);
  assert.match(body.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  if (member) assert.ok(body.error_description.startsWith(`${member}: `), response.text);
}

/** RFC 6750 §3. */
export function isChallenged(response, status, challenge) {
  assert.equal(response.status, status, response.text);
  assert.equal(response.headers['www-authenticate'], challenge);
  assert.equal(response.headers['cache-control'], 'no-store');
}

export const MISSING = 'Bearer realm="jeton"';
export const INVALID = 'Bearer realm="jeton", error="invalid_token"';
