// What an answer must look like.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { ISSUER } from './fixtures.mjs';
import { get } from './target.mjs';

const TOOLS_PYTHON = fileURLToPath(new URL('../../../target/tools/python/bin/python', import.meta.url));
export const PYTHON = process.env.JETON_PYTHON ?? (existsSync(TOOLS_PYTHON) ? TOOLS_PYTHON : 'python3');

/** RFC 6749 §5.2, RFC 9110 §11.6.1. */
export function isError(response, status, error) {
  assert.equal(response.status, status, response.text);
  assert.equal(response.headers['content-type'], 'application/json');
  assert.equal(response.headers['cache-control'], 'no-store');
  const body = response.json();
  assert.equal(body.error, error, response.text);
  assert.deepEqual(Object.keys(body).sort(), ['error', 'error_description']);
  // §5.2: the description is printable ASCII without quotes and backslashes.
  assert.match(body.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  if (status === 401) assert.match(response.headers['www-authenticate'] ?? '', /^Basic realm=/);
}

/** RFC 6749 §5.1; the access token's claims, verified by jose. */
export async function isToken(response, expected = {}, on) {
  assert.equal(response.status, 200, response.text);
  assert.equal(response.headers['content-type'], 'application/json');
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers.pragma, 'no-cache');
  const body = response.json();
  assert.equal(body.token_type, 'Bearer');
  const { payload, protectedHeader } = await verify(body.access_token, expected, on);
  assert.equal(body.expires_in, payload.exp - payload.iat);
  assert.equal(body.scope, payload.scope);
  return { body, payload, header: protectedHeader };
}

export async function jwks(on) {
  const response = await get('/.well-known/jwks.json', {}, on);
  assert.equal(response.status, 200, response.text);
  return response.json();
}

async function verify(token, { issuer = ISSUER, audience, typ = 'at+jwt' }, on) {
  return jwtVerify(token, createLocalJWKSet(await jwks(on)), { issuer, audience, typ });
}

/** The claims as PyJWT verifies them. */
export async function verifyWithPyJwt(token, audience, on) {
  const script = fileURLToPath(new URL('./verify.py', import.meta.url));
  const child = promisify(execFile)(PYTHON, [script, ISSUER, audience]);
  child.child.stdin.end(JSON.stringify({ token, jwks: await jwks(on) }));
  return JSON.parse((await child).stdout);
}
