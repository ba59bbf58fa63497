// An issuer that a test scripts, tokens and proofs.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { ResourceServer, ResourceServerError } from 'jeton-resource-server';
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

export const ISSUER = 'https://tokens.example';
export const AUDIENCE = 'https://api.example/v1';
export const PLACE = 'https://api.example/.well-known/oauth-protected-resource/v1';

export const now = () => Math.floor(Date.now() / 1000);
export const sha256 = (data) => createHash('sha256').update(data).digest('base64url');
export const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

const defined = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/** A key pair that signs whatever it is given. */
export async function keyOf(alg = 'ES256', kid = randomUUID(), options = {}) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, ...options });
  const jwk = { ...(await exportJWK(publicKey)), alg, kid };
  const jkt = await calculateJwkThumbprint(jwk);
  const sign = (payload, header = {}) =>
    new CompactSign(new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload)))
      .setProtectedHeader(defined({ alg, kid, ...header }))
      .sign(privateKey, { crit: { 'of-nobody': true } });
  return { alg, kid, jwk, jkt, sign, privateKey, private: { ...(await exportJWK(privateKey)), alg, kid } };
}

const shared = keyOf('ES256', 'first');
export const holder = keyOf('ES256', 'holder');

/** An issuer behind a `fetch`, whose answers a test puts in the place of the usual ones. */
export class Issuer {
  requests = [];
  /** By path: `Response`s, or functions that yield them, for the next requests. */
  next = {};
  /** The same for all requests. */
  always = {};
  /** Seconds ahead of the real time. */
  offset = 0;
  introspected = new Map();

  static async start() {
    const issuer = new Issuer();
    issuer.key = await shared;
    issuer.keys = [issuer.key.jwk];
    return issuer;
  }

  metadata = {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/jwks`,
    introspection_endpoint: `${ISSUER}/introspect`,
  };

  fetch = async (url, { method = 'GET', headers, body, redirect } = {}) => {
    const path = url.replace(ISSUER, '');
    assert.equal(redirect, 'manual');
    this.requests.push({ path, method, headers: new Headers(headers), form: body });
    const answer = this.next[path]?.shift() ?? this.always[path] ?? this.#usual(path, body);
    return typeof answer === 'function' ? answer() : answer;
  };

  #usual(path, form) {
    if (path === '/.well-known/oauth-authorization-server') return Response.json(this.metadata);
    if (path === '/jwks') return Response.json({ keys: this.keys });
    if (path === '/introspect') return Response.json(this.introspected.get(form.get('token')) ?? { active: false });
    return new Response(null, { status: 404 });
  }

  count(path) {
    return this.requests.filter((request) => request.path === path).length;
  }

  api(options = {}) {
    const clock = () => Date.now() + this.offset * 1000;
    return new ResourceServer({ issuer: ISSUER, audience: AUDIENCE, fetch: this.fetch, clock, ...options });
  }

  claims(changes) {
    const usual = { iss: ISSUER, sub: 'alice', aud: AUDIENCE, client_id: 'app', scope: 'read', jti: randomUUID() };
    return defined({ ...usual, iat: now(), exp: now() + 300, ...changes });
  }

  token(changes, header) {
    return this.key.sign(this.claims(changes), { typ: 'at+jwt', ...header });
  }

  async bearer(changes, header) {
    return `Bearer ${await this.token(changes, header)}`;
  }

  /** A token that is bound to the holder's key, as it is sent: `[authorization, request]`. */
  async bound({ claims, proof, header, key, url = `${AUDIENCE}/read`, method = 'GET', token } = {}) {
    const { jkt } = await holder;
    const sent = token ?? (await this.token({ cnf: { jkt }, ...claims }));
    return [`DPoP ${sent}`, { method, url, dpop: await proofOf(sent, { claims: proof, header, key, url, method }) }];
  }
}

/** RFC 9449 §4.2. */
export async function proofOf(token, { claims, header, key, url, method = 'GET' }) {
  const { sign, jwk } = key ?? (await holder);
  const { alg, kid, ...known } = jwk;
  const htu = url.split(/[?#]/)[0];
  const usual = { htm: method, htu, iat: now(), jti: randomUUID(), ath: sha256(token) };
  return sign(defined({ ...usual, ...claims }), { typ: 'dpop+jwt', kid: undefined, jwk: known, ...header });
}

/** The refusal of a verification, which has this code and the answer that belongs to it. */
export async function refused(verification, code) {
  const error = await Promise.resolve(verification).then(
    (claims) => assert.fail(`expected ${code}, got ${JSON.stringify(claims)}`),
    (error) => error,
  );
  assert.ok(error instanceof ResourceServerError, String(error?.stack));
  assert.equal(error.code, code, error.message);
  const [fault, status, word] = ANSWERS[code] ?? ['token', 401, 'invalid_token'];
  if (fault) assert.equal(error.fault, fault);
  assert.equal(error.status, status);
  const challenge = error.headers['WWW-Authenticate'];
  assert.equal(challenge, error.challenge);
  if (status >= 500) assert.equal(challenge, undefined);
  else if (word)
    assert.ok(challenge.includes(`error="${word}", error_description="${code.replaceAll('_', ' ')}"`), challenge);
  else assert.doesNotMatch(challenge, /error/);
  assert.equal(error.headers['Cache-Control'], 'no-store');
  assert.equal(error.headers['Access-Control-Expose-Headers'], 'WWW-Authenticate, DPoP-Nonce');
  assert.equal(error.headers['Retry-After'], status === 503 ? String(error.retryAfter) : undefined);
  const response = error.response();
  assert.equal(response.status, status);
  assert.equal(response.headers.get('www-authenticate'), challenge ?? null);
  // RFC 6750 §3.1: who sent nothing made no error.
  const said = code === 'missing_token' ? {} : { error: word || code };
  assert.deepEqual(await response.json(), { ...said, error_description: code.replaceAll('_', ' ') });
  return error;
}

/** `[fault, status, error of the challenge]`; a fault that is empty is one or the other. */
const ANSWERS = {
  missing_token: ['caller', 401, ''],
  invalid_request: ['caller', 400, 'invalid_request'],
  invalid_dpop_proof: ['token', 401, 'invalid_dpop_proof'],
  use_dpop_nonce: ['token', 401, 'use_dpop_nonce'],
  insufficient_scope: ['token', 403, 'insufficient_scope'],
  insufficient_user_authentication: ['token', 401, 'insufficient_user_authentication'],
  keys_unavailable: ['', 503, ''],
  introspection_unavailable: ['', 503, ''],
  replay_unavailable: ['server', 503, ''],
  invalid_issuer: ['caller', 500, ''],
  invalid_configuration: ['caller', 500, ''],
};

/** Whether it becomes true within a second or two. */
export async function until(condition) {
  for (let tries = 0; tries < 200; tries += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never: ${condition}`);
}
