// What an answer must look like.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

/** RFC 6749 §5.2, which the control API follows. */
export function isError(response, status, error, description) {
  assert.equal(response.status, status, response.text);
  assert.match(response.headers['content-type'] ?? '', /^application\/json/);
  const body = response.json();
  assert.equal(body.error, error, response.text);
  if (status === 401) assert.match(response.headers['www-authenticate'] ?? '', /^Basic realm=/);
  if (description) assert.match(body.error_description ?? '', description);
  return body;
}

/** A control call that was refused, saying why. */
export const isRefused = (response, description) => isError(response, 400, 'invalid_request', description);

/** The names of the faults that acted, from the header. */
export const faultsOf = (response) => response.headers['jeton-mock-fault']?.split(', ') ?? [];
export const waivedOf = (response) => response.headers['jeton-mock-waived']?.split(', ') ?? [];

/** The code of what jose throws, and the claim it is about. */
export async function judged(promise) {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  if (error === undefined) return 'valid';
  assert.ok(error.code, error.stack);
  return error.claim && error.code !== 'ERR_JWT_EXPIRED' ? `${error.code} ${error.claim}` : error.code;
}

/** Runs `work` for each of `items`, so many at a time. */
export async function eachAtOnce(items, atOnce, work) {
  const queue = [...items.entries()];
  const results = [];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [index, item] = next;
        results[index] = await work(item, index);
      }
    }),
  );
  return results;
}

/** `at_hash` of an access token (OpenID Connect Core §3.1.3.6); for Ed25519 the hash is SHA-512. */
export function halfHash(token, alg) {
  const digest = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256')
    .update(token)
    .digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

export const range = (length) => Array.from({ length }, (_, n) => n);
