// What a token says, typed, and held against what is needed.

import { misconfigured, Refusal } from './error.js';

const isText = (value) => value === undefined || typeof value === 'string';
const isTime = (value) => value === undefined || Number.isFinite(value);

/** The claims, `scope` as a set and `aud` as a list. */
export function typed(raw) {
  const { iss, sub, client_id, jti, acr, scope, exp, iat, nbf, auth_time, cnf = {} } = raw;
  const aud = listOf(raw.aud);
  if (
    cnf?.constructor !== Object ||
    ![iss, sub, client_id, jti, acr, scope, cnf.jkt, cnf['x5t#S256'], ...aud].every(isText) ||
    ![exp, iat, nbf, auth_time].every(isTime)
  ) {
    throw new Refusal('malformed', { detail: 'a claim has another type' });
  }
  return { ...raw, aud, scope: new Set(words(scope)) };
}

/** RFC 7519 §4.1.4 to 6. */
export function inTime({ exp, nbf, iat }, now, leeway, clocks) {
  const late = Math.floor(now - exp);
  if (now >= exp + leeway) throw new Refusal('expired', { detail: `${late} s ago${clocks && `: ${clocks}`}` });
  const early = Math.ceil(Math.max(nbf ?? now, iat ?? now) - now);
  if (early > leeway) throw new Refusal('not_yet_valid', { detail: `by ${early} s: ${clocks || 'is a clock off?'}` });
}

/**
 * What is needed, with its lists. A misspelt name would need nothing, and one of no words nobody could have, so they are
 * refused; and what cannot stand in a challenge (RFC 6749 §3.3).
 */
export function needs({ scope, anyScope, acr_values, max_age, ...unknown } = {}) {
  refuseUnknown(unknown);
  const need = { all: words(scope) ?? [], any: words(anyScope), acr_values: words(acr_values), max_age };
  const lists = [need.any, need.acr_values].filter(Boolean);
  const isWritten = [need.all, lists].flat(2).every((word) => /^[!#-[\]-~]+$/.test(word));
  if (!isWritten || !lists.every((list) => list[0]) || !isTime(max_age)) throw misconfigured('a need is not of words');
  return need;
}

export function refuseUnknown(members) {
  for (const name in members) throw misconfigured(`there is no ${name}`);
}

/** RFC 6750 §3.1 for scopes; RFC 9470 §3 for how, and how long ago, somebody logged in. */
export function satisfies({ scope, acr, auth_time }, { all, any, acr_values, max_age }, now) {
  const has = (one) => scope.has(one);
  if (!all.every(has) || (any && !any.some(has))) throw new Refusal('insufficient_scope');
  if ((acr_values && !acr_values.includes(acr)) || (max_age !== undefined && !(now - auth_time <= max_age))) {
    throw new Refusal('insufficient_user_authentication');
  }
}

/** Of a list, or of a text with spaces. */
const words = (value) =>
  value === undefined ? value : typeof value === 'string' ? value.split(' ').filter(Boolean) : [...value];

/** What may be one or several. */
export const listOf = (value = []) => (Array.isArray(value) ? value : [value]);
