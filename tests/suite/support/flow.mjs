// From /authorize to tokens, with the suite as browser, login application and client at once.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { assertionOf, presented } from './assertions.mjs';
import { isError } from './check.mjs';
import { clients, ISSUER } from './fixtures.mjs';
import { LOGIN_URL, LOGOUT_URL } from './grant-clients.mjs';
import { formOf, isPage } from './html.mjs';
import { basic } from './http.mjs';
import { post } from './target.mjs';
import { Browser } from './user-agent.mjs';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const random = () => randomBytes(32).toString('base64url');
export const challengeOf = (verifier) => createHash('sha256').update(verifier).digest('base64url');
export const now = () => Math.floor(Date.now() / 1000);

/** `POST path` as `client`: by Basic, by an assertion, or by its `client_id` where it is public. */
export function postAs(client, path, form = {}, { headers = {}, ...options } = {}) {
  if (client.client_secret === undefined) {
    const isSigned = client.token_endpoint_auth_method === 'private_key_jwt';
    const own = isSigned ? presented(assertionOf(client)) : { client_id: client.client_id };
    const whole = Array.isArray(form) ? [...Object.entries(own), ...form] : { ...own, ...form };
    return post(path, whole, { headers, ...options });
  }
  const authorization = basic(client.client_id, client.client_secret);
  return post(path, form, { headers: { authorization, ...headers }, ...options });
}

/** The query of an authorization request; a member that is `undefined` is left out. */
export function requestOf(client, form = {}, verifier = random()) {
  const query = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: client.redirect_uris?.[0],
    state: 'a state',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    ...form,
  };
  for (const [name, value] of Object.entries(query)) if (value === undefined) delete query[name];
  return query;
}

/** A form that a browser posts to /authorize, and goes where it is sent: to the same as a query, at the first visit. */
export async function posted(browser, form) {
  const response = await browser.post('/authorize', form);
  const on = response.headers.location;
  return on?.startsWith('/authorize?') ? browser.get(on) : response;
}

/** A browser's visit to /authorize; a list of values is a parameter that often. */
export const authorize = (browser, query) => {
  const pairs = Object.entries(query).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
  return browser.get(`/authorize?${new URLSearchParams(pairs)}`);
};

/** The sealed request that a response takes to the login application. */
export function requestIn(response) {
  assert.equal(response.status, 303, response.text);
  assert.equal(response.headers['cache-control'], 'no-store');
  const location = new URL(response.headers.location);
  assert.equal(`${location.origin}${location.pathname}`, LOGIN_URL);
  return location.searchParams.get('request');
}

/** The login application's calls: `request`, `accept`, `reject`. */
export const handoff = (call, form, { login = clients.login, ...options } = {}) =>
  postAs(login, `/authorize/${call}`, form, options);

/** What the login application says of Alice, unless a row wants it otherwise. */
export const ALICE = {
  subject: 'alice',
  claims: JSON.stringify({ name: 'Alice', email: 'alice@example.com', email_verified: true, tenant: 'blue' }),
};

/** The address that an accepted or rejected request goes on at. */
export async function answered(call, form, options) {
  const response = await handoff(call, form, options);
  assert.equal(response.status, 200, response.text);
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.deepEqual(Object.keys(response.json()), ['redirect_to']);
  return response.json().redirect_to;
}

/** A refusal of what the login application says, with where the browser goes on all the same: that address. */
export function handedBack(response, error, status = 400) {
  assert.equal(response.status, status, response.text);
  const { redirect_to, ...rest } = response.json();
  isError({ ...response, json: () => rest }, status, error);
  assert.match(redirect_to ?? '', /^https:\/\/issuer\.example\/(authorize|end_session)\/resume\?ticket=js[tl]_[\w-]+$/);
  return redirect_to;
}

/** What a response brings the client, by redirect or by form: `{ uri, params }`. */
export function arrival(response) {
  if (response.status === 200) {
    const { method, action, fields } = formOf(response.text);
    assert.equal(method, 'post');
    // Whoever gets the answer may have the form in a frame, and nobody else.
    const { origin } = new URL(action);
    isPage(response, 200, { framedBy: origin === 'null' ? "'none'" : origin });
    return { uri: action, params: fields };
  }
  assert.equal(response.status, 303, response.text);
  assert.equal(response.headers['cache-control'], 'no-store');
  const location = response.headers.location;
  // The answer is what was appended; what was registered stands before it, untouched.
  const at = Math.max(...['?code=', '&code=', '?error=', '&error='].map((mark) => location.lastIndexOf(mark)));
  assert.ok(at > 0, location);
  return { uri: location.slice(0, at), params: Object.fromEntries(new URLSearchParams(location.slice(at + 1))) };
}

/** A login from start to code: `{ code, state, iss, verifier, redirect_uri, browser }`. */
export async function codeFor(client, form = {}, { answer = {}, on, browser = new Browser({ on }) } = {}) {
  const verifier = random();
  const query = requestOf(client, form, verifier);
  const request = requestIn(await authorize(browser, query));
  const redirect = await answered('accept', { request, ...ALICE, ...answer }, { on });
  const { params } = arrival(await browser.get(redirect));
  assert.ok(params.code, JSON.stringify(params));
  assert.equal(params.iss, ISSUER);
  return { ...params, verifier: query.code_challenge && verifier, redirect_uri: query.redirect_uri, browser };
}

/** Redeems a login's code; `form` changes what is sent, `undefined` leaving a parameter out. */
export function exchange(client, { code, verifier, redirect_uri }, form = {}, options = {}) {
  const body = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri, ...form };
  for (const [name, value] of Object.entries(body)) if (value === undefined) delete body[name];
  return postAs(client, '/token', body, options);
}

export const refresh = (client, refresh_token, form = {}, options = {}) =>
  postAs(
    client,
    '/token',
    Array.isArray(form)
      ? [['grant_type', 'refresh_token'], ['refresh_token', refresh_token], ...form]
      : { grant_type: 'refresh_token', refresh_token, ...form },
    options,
  );

/** A refresh that must succeed: the token response. */
export async function refreshed(client, refresh_token, form, options) {
  const response = await refresh(client, refresh_token, form, options);
  assert.equal(response.status, 200, response.text);
  return response.json();
}

/** A scope with which `client` gets a refresh token and, if OpenID, an ID token. */
export const OFFLINE = { scope: 'openid profile email offline_access read write' };

/** A login from start to tokens: the token response, and the login as `codeFor` gives it. */
export async function loggedIn(client, form = OFFLINE, options = {}) {
  const login = await codeFor(client, form, options);
  const response = await exchange(client, login, {}, options);
  assert.equal(response.status, 200, response.text);
  return { ...response.json(), login };
}

export const userinfo = (token, { on } = {}) =>
  new Browser({ on }).get('/userinfo', { authorization: `Bearer ${token}` });

export const introspect = (client, token, options) => postAs(client, '/introspect', { token }, options);

export async function isActive(client, token, options) {
  const response = await introspect(client, token, options);
  assert.equal(response.status, 200, response.text);
  return response.json().active;
}

export const revoke = (client, token, options) => postAs(client, '/revoke', { token }, options);

/** Nothing of a login is left: neither its refresh tokens nor its access tokens. */
export async function isEnded(client, { refresh_token, access_token }, options) {
  const answer = await refresh(client, refresh_token, {}, options);
  assert.equal(answer.status, 400, answer.text);
  assert.equal(answer.json().error, 'invalid_grant');
  assert.equal((await userinfo(access_token, options)).status, 401);
}

/** What a logout brings the login application: where to go back to, and the sealed request. */
export function logoutIn(response) {
  assert.equal(response.status, 303, response.text);
  assert.equal(response.headers['cache-control'], 'no-store');
  const location = new URL(response.headers.location);
  const [back, request] = ['return_to', 'request'].map((name) => location.searchParams.get(name));
  for (const name of ['return_to', 'request']) location.searchParams.delete(name);
  assert.equal(location.href, LOGOUT_URL);
  return { back, request };
}

/** Where the login application goes back to once it has ended its own session. */
export const returnTo = (response) => logoutIn(response).back;
