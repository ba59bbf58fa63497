// Middleware for Hono 4.

import { needs } from './src/claims.js';
import { EXPOSE, EXPOSED, NONCE, ResourceServerError } from './src/error.js';
import { once } from './src/once.js';

/** Lets requests through whose token holds, with the claims as `c.get('claims')`. */
export function protect(api, need) {
  needs(need);
  return async (c, next) => {
    try {
      c.set('claims', await once(api, c, need, () => api.verifyRequest(c.req.raw, need)));
    } catch (error) {
      if (error instanceof ResourceServerError) return error.response();
      throw error;
    }
    const nonce = await api.nonce(c.get('claims'));
    await next();
    if (nonce) c.header(NONCE, nonce);
    c.header(EXPOSE, EXPOSED[EXPOSE], { append: true });
  };
}

/** Answers with the document that clients find this API by (RFC 9728). */
export function metadata(api) {
  return async (c, next) => api.metadataResponse(c.req.raw) ?? next();
}
