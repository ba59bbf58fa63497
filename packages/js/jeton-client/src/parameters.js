/** A set of scopes: a text, or a list. */
export const scopesOf = (scope = []) => [...new Set([scope].flat().join(' ').split(/\s+/).filter(Boolean))];

/** Whether who logs in is asked for. */
export const isOpenId = (scope) => scopesOf(scope).includes('openid');

/** `scope` and each `resource` (RFC 8707) as the parameters of a request. */
export function parametersOf({ scope, resource = [] } = {}) {
  const parameters = new URLSearchParams();
  const scopes = scopesOf(scope);
  if (scopes.length > 0) parameters.set('scope', scopes.join(' '));
  for (const one of [resource].flat()) parameters.append('resource', one);
  return parameters;
}

/** An address with parameters in its query, beside those that it has; a list is a parameter that often. */
export function withParameters(address, parameters) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) {
    url.searchParams.delete(name);
    for (const one of [value ?? []].flat()) url.searchParams.append(name, one);
  }
  return url.href;
}
