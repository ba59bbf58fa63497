// A hook and a plugin for Fastify 5.

import { needs } from './src/claims.js';
import { EXPOSE, EXPOSED, NONCE, ResourceServerError } from './src/error.js';
import { verified } from './src/node.js';
import { METADATA_HEADERS } from './src/resource.js';

/** An `onRequest` hook that lets requests through whose token holds, with `request.claims`. */
export function protect(api, need) {
  needs(need);
  return async (request, reply) => {
    try {
      request.claims = await verified(api, request, request.raw, request.originalUrl, need);
    } catch (error) {
      if (!(error instanceof ResourceServerError)) throw error;
      return reply.code(error.status).headers(error.headers).send(error.body);
    }
    const nonce = await api.nonce(request.claims);
    if (nonce) reply.header(NONCE, nonce);
    reply.header(EXPOSE, [reply.getHeader(EXPOSE) ?? [], EXPOSED[EXPOSE]].flat().join(', '));
  };
}

/** A plugin: the document that clients find this API by (RFC 9728), and the place of `request.claims`. */
export function metadata(api) {
  const plugin = async (app) => {
    const { path, document } = api.metadata() ?? {};
    app.decorateRequest('claims', undefined);
    if (!path) return;
    app.route({
      method: ['GET', 'HEAD', 'OPTIONS'],
      url: path,
      handler: (_, reply) => reply.headers(METADATA_HEADERS).send(document),
    });
  };
  // As `fastify-plugin` marks it: for the whole application.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true });
}
