// The management interface, spoken to by hand: JSON over HTTP, with an access token of the deployment's own.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { clients } from './fixtures.mjs';
import { random } from './flow.mjs';
import { keyOf } from './jws.mjs';
import { clientCredentials, json } from './target.mjs';

export const JSON_TYPE = 'application/json';

/** What each collection asks of who writes there, and of who reads. */
export const SCOPES = {
  clients: { read: 'jeton:clients:read', write: 'jeton:clients' },
  apis: { read: 'jeton:apis', write: 'jeton:apis' },
  trust: { read: 'jeton:trust', write: 'jeton:trust' },
};
export const ALL = 'jeton:clients jeton:clients:read jeton:apis jeton:trust jeton:grants';

/** An access token of `client` for this scope, and for the issuer. */
export async function tokenFor(scope, { client = clients.manager, on, ...form } = {}) {
  const response = await clientCredentials(client, { scope, ...form }, { on });
  assert.equal(response.status, 200, response.text);
  return response.json().access_token;
}

/** One request beneath `/manage`. `body` is JSON to send, or a text to send as it is. */
export const manage = (method, path, options) => json(method, `/manage/${path}`, options);

const query = (parameters) => {
  const text = new URLSearchParams(parameters).toString();
  return text && `?${text}`;
};

/** What can be done with the documents of one kind. */
function collection(kind, ask) {
  const at = (id) => `${kind}/${encodeURIComponent(id)}`;
  const all = async (parameters = {}) => {
    const pages = [];
    for (let after; pages.length === 0 || after !== undefined; ) {
      const page = succeeded(await ask('GET', `${kind}${query({ ...parameters, ...(after && { after }) })}`));
      pages.push(page.items);
      after = page.next;
    }
    return pages;
  };
  return {
    ask: (method, id, options) => ask(method, id === undefined ? kind : at(id), options),
    list: (parameters) => ask('GET', `${kind}${query(parameters)}`),
    /** Every page: a list of its items. */
    pages: all,
    /** Every item. */
    all: async (parameters) => (await all(parameters)).flat(),
    read: (id) => ask('GET', at(id)),
    create: (document, headers) => ask('POST', kind, { body: document, headers }),
    /** `PUT` in the place of what has this ETag. */
    replace: (id, document, etag) => ask('PUT', at(id), { body: document, headers: { 'if-match': etag } }),
    /** `PUT` where nothing is. */
    put: (id, document) => ask('PUT', at(id), { body: document, headers: { 'if-none-match': '*' } }),
    patch: (id, changes, etag) => ask('PATCH', at(id), { body: changes, headers: etag && { 'if-match': etag } }),
    remove: (id, etag) => ask('DELETE', at(id), { headers: etag && { 'if-match': etag } }),
  };
}

/** The management interface as whoever has `token`, or a token of the manager's for `scope`. */
export async function management({ scope = ALL, token, on } = {}) {
  const held = token ?? (await tokenFor(scope, { on }));
  const ask = (method, path, options) => manage(method, path, { token: held, on, ...options });
  return {
    token: held,
    ask,
    clients: collection('clients', ask),
    apis: collection('apis', ask),
    trust: collection('trust', ask),
  };
}

/** The JSON of a good answer. */
export function succeeded(response, status = 200) {
  assert.equal(response.status, status, response.text);
  assert.equal(response.headers['cache-control'], 'no-store');
  if (status === 204) return assert.equal(response.text, '');
  assert.equal(response.headers['content-type'], JSON_TYPE);
  return response.json();
}

/** RFC 9110 §8.8.3: the strong ETag of an answer. */
export function etagOf(response) {
  assert.match(response.headers.etag ?? '', /^"[\w-]{43}"$/, response.text);
  return response.headers.etag;
}

/** RFC 9110 §11.6.1: the parameters of a challenge of the scheme Bearer. */
export function challengeOf(response) {
  const text = response.headers['www-authenticate'] ?? '';
  assert.match(text, /^Bearer [a-z_]+="[^"]*"(, [a-z_]+="[^"]*")*$/, response.text);
  return Object.fromEntries([...text.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

/** A refusal of the management interface, whose description begins with the name of `member`. */
export function isRefused(response, status, error, member) {
  assert.equal(response.status, status, response.text);
  assert.equal(response.headers['content-type'], JSON_TYPE);
  assert.equal(response.headers['cache-control'], 'no-store');
  const body = response.json();
  assert.equal(body.error, error, response.text);
  assert.deepEqual(Object.keys(body).sort(), ['error', 'error_description']);
  // RFC 6749 §5.2: printable ASCII without quotes and backslashes.
  assert.match(body.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  if (member) assert.ok(body.error_description.startsWith(member), `${member}: ${body.error_description}`);
}

/** RFC 6750 §3: a refusal that says how to bring a token; `error` where one was brought. */
export function isChallenged(response, error) {
  isRefused(response, 401, 'invalid_token');
  assert.deepEqual(challengeOf(response), { realm: 'jeton', ...(error && { error }) });
}

/** RFC 6750 §3.1: a refusal of a good token, with the scope that would do, if any would. */
export function isForbidden(response, scope) {
  isRefused(response, 403, 'insufficient_scope');
  const expected = { realm: 'jeton', error: 'insufficient_scope', ...(scope && { scope }) };
  assert.deepEqual(challengeOf(response), expected);
}

/** An id that nobody has. */
export const newId = (prefix = 'made') => `${prefix}-${random().slice(0, 12).toLowerCase()}`;

/** A machine's client, as it is registered. */
export const machine = (more = {}) => ({
  grant_types: ['client_credentials'],
  scope: 'read write',
  audiences: ['https://api.example'],
  ...more,
});

/** A client of `by`, made now: its record, with its secret. */
export async function made(by, document = machine()) {
  return succeeded(await by.clients.create(document), 201);
}

const hashed = (text) => createHash('sha256').update(text).digest('base64url');

/** What the rows that are the same for every collection need to know of one. */
export const kinds = [
  {
    kind: 'clients',
    scope: 'jeton:clients',
    /** A document that nobody has. */
    fresh: () => machine({ client_id: newId() }),
    /** Its id at `/manage`. */
    idOf: ({ client_id }) => client_id,
    /** A member that may be changed, and the member that is its name. */
    changes: { client_name: 'Changed' },
    name: 'client_id',
    error: 'invalid_client_metadata',
  },
  {
    kind: 'apis',
    scope: 'jeton:apis',
    fresh: () => ({ identifier: `https://${newId('api')}.example`, name: 'Orders', scopes: { 'orders:read': 'Read' } }),
    idOf: ({ identifier }) => hashed(identifier),
    changes: { access_token_lifetime: 60 },
    name: 'identifier',
    error: 'invalid_document',
  },
  {
    kind: 'trust',
    scope: 'jeton:trust',
    fresh: () => ({
      issuer: `https://${newId('ci')}.example`,
      jwks: { keys: [keyOf('ES256', 'managed').jwk] },
      rules: [{ name: 'jobs', client_id: 'deployer', conditions: [{ claim: 'sub', equals: 'job:7' }], scope: 'read' }],
    }),
    idOf: ({ issuer }) => hashed(issuer),
    changes: { disabled: true },
    name: 'issuer',
    error: 'invalid_document',
  },
];
