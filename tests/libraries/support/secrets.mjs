// What must never be read in an error or a log: everything that a row knows as a secret.

import assert from 'node:assert/strict';

const known = new Set();

/** Remembers a secret, token, code or verifier; that value. */
export function secret(value) {
  if (typeof value === 'string' && value.length >= 8) known.add(value);
  return value;
}

/** Refuses a text that has one of them. */
export function holdsNoSecret(text, what) {
  for (const value of known) {
    assert.ok(!text.includes(value), `${what} has a secret, ${value.slice(0, 4)}…: ${text.slice(0, 500)}`);
  }
}
