// Middleware for Express 4 and 5.

import { needs } from './src/claims.js';
import { EXPOSE, EXPOSED, NONCE, ResourceServerError } from './src/error.js';
import { verified } from './src/node.js';
import { isForMetadata, METADATA_HEADERS } from './src/resource.js';

/** Lets requests through whose token holds, with `request.claims`. */
export function protect(api, need) {
  needs(need);
  return async (request, response, next) => {
    let nonce;
    try {
      request.claims = await verified(api, request, request, request.originalUrl, need);
      nonce = await api.nonce(request.claims);
    } catch (error) {
      if (!(error instanceof ResourceServerError)) return next(error);
      return response.status(error.status).set(error.headers).json(error.body);
    }
    response.append(EXPOSE, EXPOSED[EXPOSE]);
    if (nonce) response.set(NONCE, nonce);
    return next();
  };
}

/** Answers with the document that clients find this API by (RFC 9728). */
export function metadata(api) {
  return (request, response, next) => {
    if (!isForMetadata(api, request.method, request.originalUrl)) return next();
    return response.set(METADATA_HEADERS).json(api.metadata().document);
  };
}
