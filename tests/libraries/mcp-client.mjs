// A client of MCP servers whose authorization is jeton-client's: what MCP's conformance suite starts and judges.
// Beside the library stands here what is MCP's: which authorization server it is (RFC 9728), and registration.

import { webcrypto } from 'node:crypto';
import { Client as McpClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const ROOT = process.env.JETON_DRIVERS ?? new URL('../../', import.meta.url).pathname;
const { Client, clientSecret, dpopKey, memoryStore, none, platformToken, privateKeyJwt } = await import(
  `${ROOT}/packages/js/jeton-client/index.js`
);

const SERVER = new URL(process.argv.at(-1));
const SCENARIO = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const CONTEXT = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const VERSION = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? '2025-11-25';
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientInfo': { name: 'jeton', version: '0.1.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const REDIRECT = 'http://localhost:3000/callback';
/** The document that stands for this client where servers take such ids. */
const CLIENT_ID_URL = 'https://conformance-test.local/client-metadata.json';
/** What is asked for more than once is refused in the end. */
const MOST = 3;

/** How requests to the MCP server are made; with a token, once one was wanted. */
let send = fetch;
const asked = new Set();

/** A request; where it is refused for want of a token or of scope, once more with what it wants. */
async function authorized(url, init) {
  for (let attempt = 0; ; attempt += 1) {
    const response = await send(url, init).catch((error) => {
      if (error.code !== 'not_logged_in') throw error;
      // The server takes the token no more: without one it says what it wants.
      return fetch(url, init);
    });
    const challenge = response.headers.get('www-authenticate') ?? '';
    const wants = response.status === 401 || (response.status === 403 && /insufficient_scope/.test(challenge));
    if (!wants || attempt === MOST) return response;
    await response.body?.cancel();
    send = await authorize(challenge);
  }
}

/** A `fetch` with a token as a challenge wants it. */
async function authorize(challenge) {
  const resource = await protectedResource(parameter(challenge, 'resource_metadata'));
  const issuer = resource?.authorization_servers?.[0] ?? SERVER.origin;
  const metadata = resource ? undefined : await endpointsOf(issuer);
  const scope = scopeOf(parameter(challenge, 'scope') ?? resource?.scopes_supported?.join(' '));
  const about = { scope, resource: resource?.resource ?? SERVER.href };
  const dpop = SCENARIO.startsWith('auth/dpop') ? await dpopKey() : undefined;
  const options = { issuer, metadata, dpop };
  if (SCENARIO.startsWith('auth/client-credentials')) return machine(options, about);
  if (SCENARIO.startsWith('auth/wif')) return workload(options, about);
  return person(options, about);
}

async function machine(options, about) {
  const { client_id, client_secret, private_key_pem, signing_algorithm } = CONTEXT;
  const authentication = client_secret
    ? clientSecret(client_secret)
    : privateKeyJwt(await jwkOf(private_key_pem, signing_algorithm));
  return new Client({ ...options, client_id, authentication }).fetch(about);
}

async function workload(options, about) {
  const { client_id, valid_jwt } = CONTEXT;
  const authentication = platformToken(() => valid_jwt, { as: 'grant' });
  return new Client({ ...options, client_id, authentication }).fetch(about);
}

/** A person's login, which the suite's server grants at once. */
async function person(options, about) {
  const probe = new Client({ ...options, client_id: 'probe' });
  const metadata = await probe.metadata();
  const scopes = metadata.scopes_supported ?? [];
  const isOffline = about.scope && scopes.includes('offline_access');
  const scope = isOffline ? `${about.scope} offline_access` : about.scope;
  const registered = await registration(metadata, scope);
  const client = new Client({ ...options, client_id: registered.client_id, authentication: proofOf(registered) });
  const session = client.session({
    ...about,
    scope,
    redirect_uri: REDIRECT,
    store: memoryStore(),
    key: webcrypto.getRandomValues(new Uint8Array(32)),
  });
  const { url } = await session.login();
  const answer = await fetch(url, { redirect: 'manual' });
  await session.callback(answer.headers.get('location'));
  return session.fetch();
}

/** Known, by an address, or registered now (RFC 7591). */
async function registration(metadata, scope) {
  const { client_id, client_secret, issuer } = CONTEXT;
  if (client_id && (issuer ?? metadata.issuer) === metadata.issuer) return { client_id, client_secret };
  if (metadata.client_id_metadata_document_supported) return { client_id: CLIENT_ID_URL };
  const response = await fetch(metadata.registration_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Jeton',
      application_type: 'native',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: metadata.token_endpoint_auth_methods_supported?.[0] ?? 'client_secret_basic',
      scope,
    }),
  });
  if (!response.ok) throw new Error(`registration: ${response.status}`);
  return response.json();
}

const proofOf = ({ client_secret, token_endpoint_auth_method: method }) =>
  client_secret && method !== 'none' ? clientSecret(client_secret) : none();

/** The document of the server about itself; `undefined` where it has none, as servers of 2025-03-26. */
async function protectedResource(named) {
  const path = SERVER.pathname.replace(/\/$/, '');
  const WELL_KNOWN = '/.well-known/oauth-protected-resource';
  const places = named ? [named] : [`${SERVER.origin}${WELL_KNOWN}${path}`, `${SERVER.origin}${WELL_KNOWN}`];
  for (const place of places) {
    const response = await fetch(place);
    if (!response.ok) continue;
    const document = await response.json();
    const { origin, pathname } = new URL(document.resource);
    if (origin !== SERVER.origin || !`${SERVER.pathname}/`.startsWith(pathname.replace(/\/?$/, '/'))) {
      throw new Error('the metadata is of another resource');
    }
    return document;
  }
  return undefined;
}

/** Metadata of a server of 2025-03-26 that has none: its endpoints are where that version says. */
async function endpointsOf(issuer) {
  const response = await fetch(`${issuer}/.well-known/oauth-authorization-server`);
  if (response.ok) return undefined;
  const at = (name) => `${issuer}/${name}`;
  return {
    issuer,
    authorization_endpoint: at('authorize'),
    token_endpoint: at('token'),
    registration_endpoint: at('register'),
  };
}

/** All that was asked for until now. */
function scopeOf(scope) {
  for (const one of scope?.split(' ') ?? []) asked.add(one);
  return asked.size > 0 ? [...asked].join(' ') : undefined;
}

const parameter = (challenge, name) => new RegExp(`\\b${name}="([^"]*)"`).exec(challenge)?.[1];

async function jwkOf(pem, alg) {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const key = await webcrypto.subtle.importKey('pkcs8', der, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
  return { ...(await webcrypto.subtle.exportKey('jwk', key)), alg };
}

/** What a client does: it looks for tools, and calls them. */
async function withSession() {
  const client = new McpClient({ name: 'jeton', version: '0.1.0' }, { capabilities: {} });
  await client.connect(new StreamableHTTPClientTransport(SERVER, { fetch: authorized }));
  const { tools } = await client.listTools();
  for (const { name } of tools) await client.callTool({ name, arguments: { a: 5, b: 3 } });
  await client.close();
}

/** The same by requests that stand alone, as from 2026-07-28 on. */
async function stateless() {
  const ask = async (method, params = {}) => {
    const response = await authorized(SERVER, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': VERSION,
        'mcp-method': method,
        ...(params.name && { 'mcp-name': params.name }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method}: ${response.status} ${text}`);
    return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text).result;
  };
  const { tools } = await ask('tools/list');
  for (const { name } of tools) await ask('tools/call', { name, arguments: { a: 5, b: 3 } });
}

await (VERSION >= '2026' ? stateless() : withSession());
