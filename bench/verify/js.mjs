// How long one verification of an access token takes: by `jeton-resource-server`, by jose alone, and by
// `express-oauth2-jwt-bearer` as Express middleware beside ours. They take turns, a few tokens each, so that what else
// the machine does befalls all.
//
// Prints a line of JSON for each library and algorithm, and one with the ratios of the medians: above 1 the first is
// faster. Run with `npm ci` in packages/js/jeton-resource-server, then `node bench/verify/js.mjs [TIMES]`.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const FOLDER = new URL('../../packages/js/jeton-resource-server/', import.meta.url);
const { resolve } = createRequire(new URL('package.json', FOLDER));
const { ResourceServer } = await import(new URL('index.js', FOLDER));
const { protect } = await import(new URL('express.js', FOLDER));
const { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } = await import(resolve('jose'));
const { auth, requiredScopes } = await import(resolve('express-oauth2-jwt-bearer'));

const ISSUER = 'https://tokens.example';
const AUDIENCE = 'https://api.example';
/** Different tokens, so that no cache sees one alone. */
const TOKENS = 64;
/** Of each library, after as many again that are not counted. */
const TIMES = Number(process.argv[2] ?? 10_000);
/** Verifications of one library before it is the next one's turn. */
const TURN = 50;

for (const alg of ['ES256', 'EdDSA', 'RS256']) {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'first', alg, use: 'sig' }] };
  const all = Array.from({ length: TOKENS }, async (_, at) => `Bearer ${await token(privateKey, alg, at)}`);
  const times = await measured(await Promise.all(all), await verifiers(alg, jwks));
  const medians = {};
  for (const [library, taken] of Object.entries(times)) {
    const sorted = taken.toSorted((a, b) => a - b);
    medians[library] = sorted[sorted.length >> 1];
    print({
      library,
      algorithm: alg,
      count: sorted.length,
      per_second: Math.round(sorted.length / (sorted.reduce((sum, time) => sum + time, 0) / 1000)),
      p50_us: micros(medians[library]),
      p99_us: micros(sorted[Math.floor(sorted.length * 0.99)]),
    });
  }
  const { jose, 'jose, of a JWK Set': set } = medians;
  print({
    algorithm: alg,
    ratio: {
      jose: ratio(jose, medians['jeton-resource-server']),
      'jose, of a JWK Set': ratio(set, medians['jeton-resource-server']),
      'express-oauth2-jwt-bearer': ratio(
        medians['express-oauth2-jwt-bearer'],
        medians['jeton-resource-server/express'],
      ),
    },
  });
}

/** What each library takes for one token; they throw where it does not hold. */
async function verifiers(alg, jwks) {
  const api = new ResourceServer({ issuer: ISSUER, audience: AUDIENCE, jwks });
  const key = await importJWK(jwks.keys[0], alg);
  const set = createLocalJWKSet(jwks);
  const options = { issuer: ISSUER, audience: AUDIENCE, typ: 'at+jwt', requiredClaims: ['exp'], algorithms: [alg] };
  const byJose = (of) => async (authorization) => {
    const { payload } = await jwtVerify(authorization.slice(7), of, options);
    if (!payload.scope.split(' ').includes('read')) throw new Error('scope');
  };
  const theirs = {
    issuer: ISSUER,
    audience: AUDIENCE,
    jwksUri: await served(jwks),
    tokenSigningAlg: alg,
    strict: true,
  };
  return {
    'jeton-resource-server': (authorization) => api.verify(authorization, {}, { scope: 'read' }),
    jose: byJose(key),
    'jose, of a JWK Set': byJose(set),
    'jeton-resource-server/express': middleware(protect(api, { scope: 'read' })),
    'express-oauth2-jwt-bearer': middleware(auth(theirs), requiredScopes('read')),
  };
}

/** Middleware as Express calls it, without a server around. */
function middleware(...all) {
  const call = (one, request) =>
    new Promise((resolve, reject) => {
      const response = { append: () => response, status: () => response, set: () => response, json: reject };
      one(request, response, (error) => (error ? reject(error) : resolve()));
    });
  return async (authorization) => {
    const rawHeaders = ['Host', 'api.example', 'Authorization', authorization, 'Accept', '*/*'];
    const headers = { host: 'api.example', authorization, accept: '*/*' };
    const get = (name) => headers[name.toLowerCase()];
    const target = { method: 'GET', protocol: 'https', originalUrl: '/orders', query: {} };
    const request = { ...target, rawHeaders, headers, get, is: () => false };
    for (const one of all) await call(one, request);
  };
}

/** Where the other library fetches the keys, once. */
function served(jwks) {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(jwks));
  });
  server.unref();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}/`));
  });
}

/** The milliseconds of each verification, of each library. */
async function measured(authorizations, verify) {
  const times = Object.fromEntries(Object.keys(verify).map((name) => [name, []]));
  for (let start = 0; start < 2 * TIMES; start += TURN) {
    for (const [name, one] of Object.entries(verify)) {
      for (let at = start; at < start + TURN; at += 1) {
        const begin = performance.now();
        await one(authorizations[at % TOKENS]);
        times[name].push(performance.now() - begin);
      }
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, taken]) => [name, taken.slice(-TIMES)]));
}

function token(key, alg, at) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    sub: '248289761001',
    aud: AUDIENCE,
    exp: now + 3600,
    iat: now,
    jti: `4191i7J3ykXZpH2o3QKV${String(at).padStart(2, '0')}`,
    client_id: 's6BhdRkqt3',
    scope: 'openid profile read write',
  };
  return new SignJWT(claims).setProtectedHeader({ alg, typ: 'at+jwt', kid: 'first' }).sign(key);
}

function micros(milliseconds) {
  return Math.round(milliseconds * 10_000) / 10;
}

function ratio(theirs, ours) {
  return Math.round((theirs / ours) * 100) / 100;
}

function print(line) {
  console.log(JSON.stringify({ bench: 'verify', language: 'js', ...line }));
}
