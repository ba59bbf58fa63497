// An authorization server that a row scripts. As it comes it conforms: it authenticates clients, checks
// proofs, rotates refresh tokens, and ends a grant whose refresh token is used twice.

import { jwtVerify } from 'jose';
import { Grants } from './grants.mjs';
import { decoded, keyOf, now, random, verifier } from './keys.mjs';
import { checkedProof } from './proofs.mjs';
import { secret } from './secrets.mjs';
import { failure, Stub } from './stub.mjs';

export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export class AuthorizationServer extends Stub {
  /** By their ids: `{ client_secret }`, `{ jwks: [public JWK] }`, `{ platform: true }` or `{}` of a public one. */
  clients = new Map();
  /** Seconds that access tokens live; `undefined`: it does not say. */
  lifetime = 300;
  /** The nonce that proofs must have, if any. */
  nonce;
  #used = new Set();
  #introspected = new Map();

  constructor(path = '') {
    super((asked) => this.#usual(asked));
    this.path = path;
  }

  async listen(t, host) {
    await super.listen(t, host);
    // Beginning again on the same port changes nothing.
    if (this.issuer) return this;
    this.issuer = `${this.origin}${this.path}`;
    this.key ??= await keyOf('ES256', 'stub');
    this.grants = new Grants(this);
    this.keys = [this.key.publicJwk];
    const at = (name) => `${this.issuer}/${name}`;
    this.metadata = {
      issuer: this.issuer,
      authorization_endpoint: at('authorize'),
      token_endpoint: at('token'),
      device_authorization_endpoint: at('device_authorization'),
      revocation_endpoint: at('revoke'),
      introspection_endpoint: at('introspect'),
      userinfo_endpoint: at('userinfo'),
      end_session_endpoint: at('end_session'),
      jwks_uri: at('jwks'),
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519', 'ES384'],
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'RS256'],
      authorization_response_iss_parameter_supported: true,
    };
    return this;
  }

  /** The two places of its metadata: RFC 8414 §3.1 and OpenID Connect Discovery 1.0 §4. */
  get places() {
    return {
      oauth: `/.well-known/oauth-authorization-server${this.path}`,
      openid: `${this.path}/.well-known/openid-configuration`,
    };
  }

  /** How often its metadata was asked for. */
  get discoveries() {
    return this.count(this.places.oauth) + this.count(this.places.openid);
  }

  at(name) {
    return `${this.path}/${name}`;
  }

  /** What was asked of the token endpoint. */
  get tokenRequests() {
    return this.asked(this.at('token'));
  }

  /** Script of the token endpoint. */
  nextToken(...steps) {
    this.next(this.at('token'), ...steps);
  }

  alwaysToken(step) {
    this.always(this.at('token'), step);
  }

  /** A client with a secret, which is made unless one is given; options for a library's client. */
  secretClient(client_id = `client-${random(4)}`, client_secret = random(24)) {
    this.clients.set(client_id, { client_secret: secret(client_secret) });
    return { issuer: this.issuer, client_id, authentication: { kind: 'secret', secret: client_secret } };
  }

  /** A client with a key. */
  async keyClient(alg = 'ES256', client_id = `client-${random(4)}`) {
    const key = await keyOf(alg, `of ${client_id}`);
    this.clients.set(client_id, { jwks: [key.publicJwk] });
    secret(key.jwk.d);
    return { issuer: this.issuer, client_id, authentication: { kind: 'private_key_jwt', jwk: key.jwk } };
  }

  publicClient(client_id = `client-${random(4)}`) {
    this.clients.set(client_id, {});
    return { issuer: this.issuer, client_id, authentication: { kind: 'none' } };
  }

  /** A client for which any token of `source` stands. */
  platformClient(source, client_id = `client-${random(4)}`) {
    this.clients.set(client_id, { platform: true });
    return { issuer: this.issuer, client_id, authentication: { kind: 'platform', source } };
  }

  async #usual(asked) {
    if (Object.values(this.places).includes(asked.path)) return { json: this.metadata };
    const endpoint = asked.path.startsWith(`${this.path}/`) ? asked.path.slice(this.path.length + 1) : undefined;
    switch (endpoint) {
      case 'jwks':
        return { json: { keys: this.keys } };
      case 'token':
        return this.#authenticated(asked, (client_id) => this.#token(asked, client_id));
      case 'device_authorization':
        return this.#authenticated(asked, (client_id) => this.grants.device(asked.form, client_id));
      case 'revoke':
        return this.#authenticated(asked, () => this.grants.revoke(asked.form.token));
      case 'introspect':
        return this.#authenticated(asked, () => ({
          json: this.#introspected.get(asked.form.token) ?? { active: false },
        }));
      default:
        return { status: 404, json: { error: 'not_found' } };
    }
  }

  async #authenticated(asked, then) {
    if (hasTwice(asked.body)) return failure('invalid_request', { error_description: 'a parameter stands twice' });
    const client_id = await this.#client(asked);
    return client_id === undefined ? failure('invalid_client', { status: 401 }) : then(client_id);
  }

  /** The id of the client that has authenticated, in one way alone. */
  async #client({ headers, form }) {
    const { client_id, client_secret, client_assertion, client_assertion_type } = form;
    if (headers.authorization) {
      if (client_secret !== undefined || client_assertion !== undefined) return undefined;
      const [, encoded = ''] = headers.authorization.match(/^Basic (.+)$/) ?? [];
      const [id, own] = Buffer.from(encoded, 'base64').toString().split(':').map(formDecoded);
      const known = this.clients.get(id)?.client_secret;
      return known !== undefined && known === own ? id : undefined;
    }
    if (client_assertion !== undefined) {
      if (client_secret !== undefined || client_assertion_type !== JWT_BEARER) return undefined;
      return this.#clientOfAssertion(client_assertion, client_id);
    }
    const known = this.clients.get(client_id);
    if (!known || known.jwks || known.platform) return undefined;
    return known.client_secret === client_secret ? client_id : undefined;
  }

  /** RFC 7523 §3 and RFC 10070: the issuer alone, once. */
  async #clientOfAssertion(assertion, named) {
    for (const [id, { platform }] of this.clients) if (platform && (named ?? id) === id) return id;
    try {
      const { header, payload } = decoded(assertion);
      const keys = this.clients.get(payload.sub)?.jwks ?? [];
      const key = keys.find(({ kid }) => header.kid === undefined || kid === header.kid);
      await jwtVerify(assertion, await verifier(key, header.alg), {
        issuer: payload.sub,
        audience: this.issuer,
        typ: 'client-authentication+jwt',
        requiredClaims: ['exp', 'jti'],
        currentDate: new Date(Date.now() + this.clockOffset * 1000),
      });
      if (payload.aud !== this.issuer || (named ?? payload.sub) !== payload.sub) return undefined;
      if (payload.exp > now() + this.clockOffset + 65 || this.#used.has(payload.jti)) return undefined;
      this.#used.add(payload.jti);
      return payload.sub;
    } catch {
      return undefined;
    }
  }

  async #token(asked, client_id) {
    const { proof, refusal } = await this.#proof(asked);
    if (refusal) return refusal;
    const answer = this.grants.token(asked.form, client_id);
    if (answer.json.error) return answer;
    if (proof && answer.json.token_type === undefined) answer.json.token_type = 'DPoP';
    answer.json.token_type ??= 'Bearer';
    if (answer.idClaims) answer.json.id_token = secret(await this.key.sign(answer.idClaims, { typ: 'JWT' }));
    if (this.nonce) answer.headers = { ...answer.headers, 'dpop-nonce': this.nonce };
    return { ...answer, headers: { 'cache-control': 'no-store', ...answer.headers } };
  }

  /** The proof of a request, if it has one, and what stands in its way. */
  async #proof(asked) {
    if (asked.headers.dpop === undefined) return {};
    const checked = await checkedProof(asked, { url: this.metadata.token_endpoint, offset: this.clockOffset });
    if (checked.fault) return { refusal: failure('invalid_dpop_proof', { error_description: checked.fault }) };
    if (this.nonce && checked.payload.nonce !== this.nonce) {
      return { refusal: failure('use_dpop_nonce', { headers: { 'dpop-nonce': this.nonce } }) };
    }
    return { proof: checked };
  }

  /** A fresh access token. */
  accessToken() {
    return secret(`at-${random(24)}`);
  }

  /** Introspection says so of that opaque token. */
  introspects(token, answer) {
    this.#introspected.set(token, answer);
  }
}

/** Whether a parameter stands twice that may not (RFC 6749 §3.2, RFC 8707 §2). */
function hasTwice(body) {
  const names = [...new URLSearchParams(body).keys()].filter((name) => name !== 'resource');
  return new Set(names).size < names.length;
}

const formDecoded = (text) => new URLSearchParams(`x=${text}`).get('x');

/** One that listens until the test ends. */
export const authorizationServer = (t, { path, host } = {}) => new AuthorizationServer(path).listen(t, host);
