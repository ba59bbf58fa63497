// What a request shows: the values of its Authorization header, as far as they are OAuth's.

import { listOf } from './claims.js';
import { Refusal } from './error.js';

const LARGEST = 16 * 1024;

/** RFC 6750 §2.1, RFC 9449 §7.1: the scheme and what follows it, once. Of another scheme there is no token. */
export function credentialsOf(authorization) {
  const [value, another] = listOf(authorization);
  const [, scheme, token = ''] = /^(bearer|dpop)(?: +(.*))?$/is.exec(value?.trim()) ?? [];
  // As `Headers` joins them, too.
  if (another !== undefined || token.includes(',')) throw new Refusal('invalid_request');
  if (!scheme) throw new Refusal('missing_token');
  return { scheme: scheme.toLowerCase(), token };
}

/** Throws where it cannot be a token. */
export function checkForm(token) {
  if (token.length > LARGEST) throw new Refusal('too_large');
  if (!/^[\w.~+/-]+=*$/.test(token)) throw new Refusal('malformed');
}
