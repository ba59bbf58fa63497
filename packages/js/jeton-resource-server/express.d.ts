import type { RequestHandler } from 'express';
import type { Claims, Need, ResourceServer } from './index.js';

declare global {
  namespace Express {
    interface Request {
      /** Of the access token, behind `protect`. */
      claims?: Claims;
    }
  }
}

/** Lets requests through whose token holds, with `request.claims`. */
export function protect(api: ResourceServer, need?: Need): RequestHandler;

/** Answers with the document that clients find this API by (RFC 9728). For the whole application: its path is fixed. */
export function metadata(api: ResourceServer): RequestHandler;
