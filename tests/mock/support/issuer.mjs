// One issuer of a running mock: its endpoints as a client uses them, its switches as a test does.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { Browser, formsOf } from './browser.mjs';
import { basic, encode, JSON_TYPE, send, submit } from './http.mjs';

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
export const CALLBACK = 'https://app.example/cb';
export const OFFLINE = 'openid profile email offline_access';

export const random = () => randomBytes(32).toString('base64url');
export const challengeOf = (verifier) => createHash('sha256').update(verifier).digest('base64url');

/** Paths of the control API that are about all issuers, and take no `issuer=`. */
export const OF_ALL = ['/issuers', '/openapi.json', '/ca.pem'];

export class Issuer {
  constructor(mock, name) {
    this.mock = mock;
    this.name = name;
    /** The path of the issuer, which the paths of its endpoints begin with. */
    this.base = name ? `/${name}` : '';
    this.id = `${mock.issuer}${this.base}`;
    this.url = `${mock.url}${this.base}`;
  }

  get(path, headers, options) {
    return send(`${this.url}${path}`, { headers, ...options });
  }

  post(path, form, headers, options) {
    return submit(`${this.url}${path}`, form, { headers, ...options });
  }

  /** `POST path` as a client; `client` is its id, or `[id, secret]`, secret null for a public one. */
  as(client, path, form = {}, headers = {}) {
    const [id, secret] = [client].flat().length === 2 ? client : [client, 'any-secret'];
    if (secret === null) return this.post(path, { client_id: id, ...form }, headers);
    return this.post(path, form, { authorization: basic(id, secret), ...headers });
  }

  token(form = {}, { client = 'm2m', headers } = {}) {
    return this.as(client, '/token', { grant_type: 'client_credentials', ...form }, headers);
  }

  /** The token response of a request that must succeed. */
  async granted(form, options) {
    return ok(await this.token(form, options)).json();
  }

  async metadata() {
    return ok(await this.get('/.well-known/openid-configuration')).json();
  }

  async jwks() {
    return ok(await this.get('/.well-known/jwks.json')).json();
  }

  async kids() {
    return (await this.jwks()).keys.map((key) => key.kid).sort();
  }

  /** As jose judges it. `at` is the time to judge by, in seconds; `typ` null takes any. */
  async verify(token, { typ = 'at+jwt', audience, issuer = this.id, at, ...more } = {}) {
    const currentDate = at === undefined ? undefined : new Date(at * 1000);
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(await this.jwks()), {
      typ: typ ?? undefined,
      audience,
      issuer,
      currentDate,
      ...more,
    });
    return { payload, header: protectedHeader };
  }

  // People.

  /** The query of an authorization request: `{ query, login }`. */
  asking({
    client = 'web',
    user = 'alice',
    redirect_uri = CALLBACK,
    scope = 'openid',
    verifier = random(),
    ...more
  } = {}) {
    const query = {
      response_type: 'code',
      client_id: [client].flat()[0],
      redirect_uri,
      scope,
      state: 'a state',
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      login_hint: user ?? undefined,
      ...more,
    };
    return { query, login: { client, verifier, redirect_uri } };
  }

  authorizeUrl(query, base = this.id) {
    return `${base}/authorize?${encode(query)}`;
  }

  /** From /authorize to the client: `{ params, …login }`, whatever the answer. */
  async arrive({ browser = new Browser(this.mock), from, ...asked } = {}) {
    const { query, login } = this.asking(asked);
    const { arrived, response } = await browser.open(this.authorizeUrl(query, from), { until: login.redirect_uri });
    assert.ok(arrived, `no way back to the client: ${response?.status} ${response?.text}`);
    return { ...login, params: Object.fromEntries(arrived.searchParams), browser };
  }

  /** A login that must give a code. */
  async login(asked) {
    const login = await this.arrive(asked);
    assert.ok(login.params.code, JSON.stringify(login.params));
    return { ...login, code: login.params.code };
  }

  redeem({ client, code, verifier, redirect_uri }, form = {}, headers) {
    return this.as(
      client,
      '/token',
      { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri, ...form },
      headers,
    );
  }

  /** From /authorize to the token response. */
  async tokens(asked, form, headers) {
    const login = await this.login(asked);
    return { ...ok(await this.redeem(login, form, headers)).json(), login };
  }

  refresh(refresh_token, { client = 'web', ...form } = {}, headers) {
    return this.as(client, '/token', { grant_type: 'refresh_token', refresh_token, ...form }, headers);
  }

  userinfo(token) {
    return this.get('/userinfo', { authorization: `Bearer ${token}` });
  }

  async active(token, client = 'web') {
    return ok(await this.as(client, '/introspect', { token })).json().active;
  }

  device(form = { scope: OFFLINE }, client = 'tv') {
    return this.as(client, '/device_authorization', form);
  }

  poll(device_code, client = 'tv') {
    return this.as(client, '/token', { grant_type: DEVICE_GRANT, device_code });
  }

  /** A person approves what a device asks for. */
  async approve({ user_code }, { user = 'alice', decision = 'approve', browser = new Browser(this.mock) } = {}) {
    let page = await browser.open(`${this.id}/device?${encode({ user_code })}`);
    for (let step = 0; step < 6; step += 1) {
      const forms = formsOf(page.response.text);
      const has = (value) => forms.some(({ buttons }) => buttons.some((button) => button.value === value));
      if (has(decision)) return browser.press(page, { label: decision });
      if (has(user)) page = await browser.press(page, { label: user });
      else {
        const form = forms.find(({ inputs }) => inputs.some(({ name }) => name === 'user_code'));
        assert.ok(form, `${page.response.status} ${page.response.text}`);
        page = await browser.press(page, { form, fields: { user_code } });
      }
    }
    return assert.fail('no page asks for the decision');
  }

  // Switches.

  /** A control call about this issuer; `body` goes as JSON. */
  control(method, path, body, { query = {}, headers = {}, ...options } = {}) {
    const all = encode({ ...(this.name && !OF_ALL.includes(path) ? { issuer: this.name } : {}), ...query });
    const json =
      body === undefined
        ? {}
        : { body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': JSON_TYPE };
    return send(`${this.mock.url}/_mock${path}${all ? `?${all}` : ''}`, {
      method,
      headers: { ...type, ...headers },
      ...json,
      ...options,
    });
  }

  /** A control call that must succeed: its answer, or undefined where there is none. */
  async set(method, path, body, options) {
    const response = await this.control(method, path, body, options);
    assert.ok(
      response.status >= 200 && response.status < 300,
      `${method} ${path}: ${response.status} ${response.text}`,
    );
    return response.status === 204 ? undefined : response.json();
  }

  /** Makes the issuer, or makes it anew. */
  async make(spec = {}) {
    await this.set('PUT', '/issuer', spec);
    return this;
  }

  fault(fault) {
    return this.set('POST', '/faults', typeof fault === 'string' ? { fault } : fault);
  }

  faults = async () => (await this.set('GET', '/faults')).faults;
  rule = (rule) => this.set('POST', '/claims', rule);
  user = (user) => this.set('POST', '/users', user);
  client = (client) => this.set('POST', '/clients', client);
  clock = (change) => this.set(change ? 'POST' : 'GET', '/clock', change);
  keys = async (change) => (await this.set(change ? 'POST' : 'GET', '/keys', change)).keys;
  reset = (query) => this.set('POST', '/reset', undefined, { query });
  mint = (body) => this.set('POST', '/mint', body);
  journal = async (query) => (await this.set('GET', '/journal', undefined, { query })).entries;
  count = async (query) => (await this.set('GET', '/journal/count', undefined, { query })).count;
  take = (query, options) => this.control('POST', '/journal/take', undefined, { query, ...options });
}

/** The response, which must be a 200. */
export function ok(response) {
  assert.equal(response.status, 200, response.text);
  return response;
}

export const header = (token) => decodeProtectedHeader(token);
export const claims = (token) => decodeJwt(token);
