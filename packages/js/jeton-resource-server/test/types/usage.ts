// Checked by `npm run types`, never run: what must compile, and what must not.

import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import {
  type Claims,
  type ErrorCode,
  type Need,
  type ReplayStore,
  ResourceServer,
  ResourceServerError,
} from 'jeton-resource-server';
import * as forExpress from 'jeton-resource-server/express';
import * as forFastify from 'jeton-resource-server/fastify';
import * as forHono from 'jeton-resource-server/hono';
import { type Authentication, clientSecret, introspection, privateKeyJwt } from 'jeton-resource-server/introspection';

const replay: ReplayStore = { use: (key, expires_at) => key !== '' && expires_at > 0 };
const own: Authentication = async ({ client_id, issuer, now }) => ({ form: { client_id, at: `${issuer} ${now}` } });

export const api = new ResourceServer({
  issuer: 'https://tokens.example',
  audience: ['https://api.example', 'urn:api'],
  resource: 'https://api.example',
  resource_metadata: { scopes_supported: ['read'] },
  algorithms: ['ES256', 'Ed25519'],
  leeway: 0,
  introspection: introspection({ client_id: 'api', authentication: clientSecret('secret') }),
  dpopNonceSecret: new Uint8Array(32),
  replay,
  certificate: (request: { headers: Record<string, string> }) => request.headers['x-thumbprint'],
  clock: () => Date.now(),
  fetch: (url, init) => fetch(url, init),
});

export async function compiles(request: Request): Promise<string> {
  const claims: Claims = await api.verify(request.headers.get('authorization'));
  await api.verify(['Bearer x'], { method: 'GET', url: new URL(request.url), dpop: [], certificate: undefined });
  await api.verifyRequest(request, { scope: ['read', 'write'], acr_values: 'gold', max_age: 60 });
  const need: Need = { anyScope: 'read write' };
  api.require(claims, need);
  const sub: string | undefined = claims.sub;
  const tenant: unknown = claims.tenant;
  const isReader: boolean = claims.scope.has('read');
  const { path, document } = api.metadata() ?? {};
  const issuers: string[] | undefined = document?.authorization_servers;
  introspection({ client_id: 'api', authentication: privateKeyJwt({ kty: 'EC', alg: 'ES256' }) });
  introspection({ client_id: 'api', authentication: own });
  return [sub, tenant, isReader, path, issuers].join();
}

export function errors(error: unknown): Response | undefined {
  if (!(error instanceof ResourceServerError)) return undefined;
  const code: ErrorCode = error.code;
  const told: (string | number | undefined)[] = [code, error.fault, error.status, error.challenge, error.retryAfter];
  return told.includes(error.headers['DPoP-Nonce']) ? undefined : error.response();
}

interface Env {
  NAME: string;
}
export const worker = {
  fetch: api.protect((_request, claims, env: Env) => new Response(`${claims.sub} ${env.NAME}`), { scope: 'read' }),
};
export const answered: Promise<Response> = worker.fetch(new Request('https://api.example'), { NAME: 'name' });

const inExpress = express();
inExpress.use(forExpress.metadata(api));
inExpress.get('/', forExpress.protect(api, { scope: 'read' }), (request, response) => {
  const sub: string | undefined = request.claims?.sub;
  response.json({ sub });
});

const inFastify = fastify();
await inFastify.register(forFastify.metadata(api));
inFastify.get('/', { onRequest: forFastify.protect(api) }, (request) => request.claims?.sub);

export const inHono = new Hono()
  .use(forHono.metadata(api))
  .get('/', forHono.protect(api), (c) => c.json({ sub: c.get('claims').sub, scope: [...c.var.claims.scope] }));

export async function doesNotCompile(request: Request): Promise<void> {
  // @ts-expect-error no audience
  new ResourceServer({ issuer: 'https://tokens.example' });
  // @ts-expect-error no such option
  new ResourceServer({ issuer: 'https://tokens.example', audience: 'x', audiences: ['x'] });
  // @ts-expect-error no algorithm of public keys
  new ResourceServer({ issuer: 'https://tokens.example', audience: 'x', algorithms: ['HS256'] });
  // @ts-expect-error made by `introspection`
  new ResourceServer({ issuer: 'https://tokens.example', audience: 'x', introspection: { client_id: 'api' } });
  // @ts-expect-error misspelt
  api.protect(() => new Response(), { scopes: 'read' });
  // @ts-expect-error no answer
  api.protect(() => 'text');
  // @ts-expect-error the Worker's environment is missing
  worker.fetch(request);
  // @ts-expect-error a claim has a type
  const exp: string = (await api.verifyRequest(request)).exp;
  // @ts-expect-error it is thrown, not made
  new ResourceServerError('expired');
  // @ts-expect-error a need is not a scope
  forExpress.protect(api, 'read');
  // @ts-expect-error no such error
  const code: ErrorCode = 'invalid_token';
  console.log(exp, code);
}
