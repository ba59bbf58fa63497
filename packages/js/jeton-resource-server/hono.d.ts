import type { MiddlewareHandler } from 'hono';
import type { Claims, Need, ResourceServer } from './index.js';

/** Lets requests through whose token holds, with the claims as `c.get('claims')`. */
export function protect(api: ResourceServer, need?: Need): MiddlewareHandler<{ Variables: { claims: Claims } }>;

/** Answers with the document that clients find this API by (RFC 9728). */
export function metadata(api: ResourceServer): MiddlewareHandler;
