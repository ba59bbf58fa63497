// WWW-Authenticate: RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1.

import { ALGORITHMS } from './dpop.js';

/** The challenge, once it is known what the error is called there. */
export const challengeOf =
  (code, scheme, { all, any = [], acr_values, max_age }, resource_metadata) =>
  (error, description) => {
    const isOfLogin = code === 'insufficient_user_authentication';
    const common = {
      error,
      error_description: error && description,
      acr_values: isOfLogin && acr_values?.join(' '),
      max_age: isOfLogin && max_age,
      scope: [...all, ...any].join(' '),
      resource_metadata,
    };
    const dpop = { algs: ALGORITHMS.join(' ') };
    if (scheme === 'dpop') return written('DPoP', { ...dpop, ...common });
    const bearer = written('Bearer', common);
    // Who sent nothing, or a bound token as Bearer, is told of the other scheme.
    return scheme && code !== 'bound_token' ? bearer : `${bearer}, ${written('DPoP', dpop)}`;
  };

function written(scheme, parameters) {
  const all = Object.entries(parameters)
    .filter(([, value]) => value || value === 0)
    .map(([name, value]) => `${name}="${String(value).replace(/["\\]/g, '\\$&')}"`);
  return `${scheme} ${all.join(', ')}`.trim();
}
