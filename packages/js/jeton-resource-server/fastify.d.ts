import type { FastifyPluginAsync, onRequestAsyncHookHandler } from 'fastify';
import type { Claims, Need, ResourceServer } from './index.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the access token, behind `protect`. */
    claims?: Claims;
  }
}

/** An `onRequest` hook that lets requests through whose token holds, with `request.claims`. */
export function protect(api: ResourceServer, need?: Need): onRequestAsyncHookHandler;

/** A plugin: the document that clients find this API by (RFC 9728), and the place of `request.claims`. */
export function metadata(api: ResourceServer): FastifyPluginAsync;
