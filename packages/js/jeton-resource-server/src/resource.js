// The API as others find it (RFC 9728).

import { listOf } from './claims.js';
import { ALGORITHMS } from './dpop.js';
import { EXPOSED, misconfigured } from './error.js';
import { parsed } from './http.js';

/** The resource identifier (RFC 8707 §2): as given, else the first audience. Nothing, if that is no URL. */
export function resourceOf({ issuer, audience, resource, resource_metadata }) {
  const identifier = resource ?? listOf(audience)[0];
  const { protocol, origin, pathname, search, hash } = parsed(identifier);
  if (!/^https?:$/.test(protocol) || hash) {
    if (resource !== undefined) throw misconfigured('resource is no URL');
    return undefined;
  }
  // §3.1: inserted before the path.
  const path = `/.well-known/oauth-protected-resource${pathname.replace(/^\/$/, '')}`;
  const document = {
    resource: identifier,
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: ALGORITHMS,
    ...resource_metadata,
  };
  return { origin, path, url: origin + path + search, document };
}

/** Of a URL, or of the target of a request, where `//host` is a path. */
export const pathOf = (url) => parsed(url.startsWith('/') ? `http://origin${url}` : url).pathname;

/** Whether a request is for the document, or asks whether it may ask for it. */
export function isForMetadata(api, method, url) {
  const { path } = api.metadata() ?? {};
  return path && path === pathOf(url) && /^(GET|HEAD|OPTIONS)$/.test(method);
}

export const METADATA_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': '*',
  ...EXPOSED,
};
