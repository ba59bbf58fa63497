// What the Fetch standard has a browser do with an answer to a page of another origin.

const list = (value = '') =>
  value
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean);

/** Fetch §4.9 (CORS check): whether a page of `origin` may read the response. */
export function canRead(response, origin, { credentials = false } = {}) {
  const allowed = response.headers['access-control-allow-origin'];
  if (allowed === undefined) return false;
  if (!credentials && allowed === '*') return true;
  if (allowed !== origin) return false;
  return !credentials || response.headers['access-control-allow-credentials'] === 'true';
}

/** Fetch §4.8 (CORS-preflight fetch): whether a page may go on with its request. */
export function letsThrough(response, { origin, method, names = [], credentials = false }) {
  if (!canRead(response, origin, { credentials }) || response.status < 200 || response.status > 299) return false;
  const methods = list(response.headers['access-control-allow-methods']);
  const allowed = list(response.headers['access-control-allow-headers']);
  const isAny = (values) => !credentials && values.includes('*');
  const simple = ['GET', 'HEAD', 'POST'].includes(method);
  if (!simple && !methods.includes(method.toLowerCase()) && !isAny(methods)) return false;
  // `*` does not mean Authorization.
  return names.every((name) => allowed.includes(name) || (name !== 'authorization' && isAny(allowed)));
}

/** Fetch §3.2.3: the names of the headers of the response that a page may read besides the usual ones. */
export const exposed = (response) => list(response.headers['access-control-expose-headers']);
