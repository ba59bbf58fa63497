// A deployment that logs people in by itself, the upstreams that it asks, and the applications that ask it.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { after } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { Application } from './application.mjs';
import { Browser } from './browser.mjs';
import { isSecret } from './secrets.mjs';
import { aGithub, GITHUB_PEOPLE, PEOPLE, theMock } from './upstreams.mjs';

/** The host that all rows are asked of. */
export const target = process.env.JETON_TARGET;
const module = await import(`../../hosts/${target}.mjs`);

export const random = (bytes = 24) => randomBytes(bytes).toString('base64url');

const secret = () => {
  const made = `jcs_${random(32)}`;
  isSecret(made, 'client_secret');
  return made;
};

/** Applications' addresses at which nobody listens. */
export const at = (client_id) => `https://${client_id}.example/callback`;

const CODE = { grant_types: ['authorization_code', 'refresh_token'], scope: 'openid profile email offline_access' };

/** The applications that every deployment has, unless a row wants others. */
export const clients = () => [
  // The operator's own: nobody is asked whether it may.
  { ...application('shop'), client_name: 'The Shop', first_party: true },
  { ...application('desk'), client_name: 'The Desk', first_party: true },
  // Somebody else's.
  {
    ...application('guest'),
    client_name: 'A Guest',
    apis: [{ identifier: API, scope: 'orders:read orders:write' }],
  },
  {
    client_id: 'tv',
    client_name: 'A Television',
    token_endpoint_auth_method: 'none',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    scope: CODE.scope,
  },
];

/** An application with a secret; `more` is metadata of its own. */
export const application = (client_id, more = {}) => ({
  client_id,
  client_secret: secret(),
  redirect_uris: [at(client_id)],
  post_logout_redirect_uris: [`https://${client_id}.example/bye`],
  ...CODE,
  ...more,
});

export const API = 'https://orders.example';
const APIS = [
  { identifier: API, name: 'Orders', scopes: { 'orders:read': 'Read orders', 'orders:write': 'Change orders' } },
];

/** What Cloudflare adds to a request, and a Worker knows it by. Elsewhere nobody has to believe it. */
const ofFront = () => ({ 'cf-ray': `${randomBytes(8).toString('hex')}-FRA` });

/**
 * Starts a front on a free port, which hands everything on to `target.url` once that is known. `says` makes headers of
 * those of a request.
 */
async function front(says = (headers) => headers) {
  const target = {};
  const server = createServer((incoming, outgoing) => {
    const { hostname, port } = new URL(target.url);
    const onward = request(
      {
        hostname,
        port,
        path: incoming.url,
        method: incoming.method,
        headers: { ...ofFront(), ...says(incoming.headers) },
        agent: false,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(outgoing);
      },
    );
    onward.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(onward);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    target,
    url: `http://localhost:${server.address().port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const started = [];
/** The lines that every deployment of this run has logged. */
export const logs = () => started.flatMap((host) => host.log());

/**
 * A deployment, its own upstreams, and what a row needs of them.
 *
 * @param {object} options
 * @param {object} options.login members of `JETON_LOGIN` besides `providers`
 * @param {Record<string, object>} options.providers by their ids, `one` and `two` where absent: members of each
 *   besides those that lead to the mock; `people`: who has an account there; `spec`: of the mock's issuer
 * @param {object[]} options.clients
 * @param {object} options.env further variables
 * @param {object} options.host options of the host
 * @param {(headers: object) => object} options.says what the front makes of a request's headers
 * @param {(options: object) => Promise<object>} options.start starts the host, where it is not that of `JETON_TARGET`
 */
export async function open(
  t,
  {
    login = {},
    providers = { one: {}, two: {} },
    clients: list = clients(),
    env = {},
    host: options = {},
    start = module.start,
    says,
  } = {},
) {
  const { target: behind, url: issuer, close } = await front(says);
  // First, so that it ends whatever becomes of the rest.
  t.after(close);
  const upstreams = {};
  const ways = [];
  for (const [id, { people, spec, type = 'openid', account, ...more }] of Object.entries(providers)) {
    const made = await upstream(t, issuer, id, { type, people, spec, account });
    upstreams[id] = made.upstream;
    ways.push({ id, type, ...made.way, ...more });
  }
  const variables = {
    JETON_ISSUER: issuer,
    JETON_SECRET: masterSecret(),
    JETON_DEVELOPMENT: 'true',
    JETON_LOGIN: JSON.stringify({ name: 'Example Inc', providers: ways, ...login }),
    JETON_CLIENTS: JSON.stringify(list),
    JETON_APIS: JSON.stringify(APIS),
    ...env,
  };
  for (const [name, value] of Object.entries(variables)) if (value === undefined) delete variables[name];
  const host = await start({ ...options, env: variables });
  started.push(host);
  behind.url = host.url;
  t.after(() => host.stop());
  return new World({ host, issuer, upstreams, list });
}

/** What a host says that is started with this `JETON_LOGIN` and refuses it. */
export async function refusal(t, login, env = {}) {
  const { url, close } = await front();
  t.after(close);
  const variables = {
    JETON_ISSUER: url,
    JETON_SECRET: masterSecret(),
    JETON_DEVELOPMENT: 'true',
    JETON_LOGIN: typeof login === 'string' ? login : JSON.stringify(login),
    ...env,
  };
  let host;
  try {
    host = await module.start({ env: variables });
  } catch (error) {
    return error.message;
  }
  await host.stop();
  assert.fail('the host started');
}

const masterSecret = () => {
  const body = random(32);
  const made = `jsk_${body}`;
  const checksum = createHash('sha256').update(made).digest('base64url').slice(0, 6);
  isSecret(`${made}${checksum}`, 'master secret');
  return `${made}${checksum}`;
};

/** An issuer of the mock's where a deployment is registered, and how the deployment knows it. */
async function upstream(t, issuer, id, { type, people, spec, account = `jeton-${id}` }) {
  const client = {
    client_id: account,
    client_secret: secret(),
    redirect_uris: [`${issuer}/login/callback/${id}`],
    post_logout_redirect_uris: [`${issuer}/login/logged-out`],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile email address phone offline_access',
    // A refresh token that is spent twice ends the login there.
    refresh_token_grace: 0,
  };
  const own = { client_id: client.client_id, client_secret: client.client_secret };
  if (type === 'github') {
    // GitHub has a host to itself. Its scopes are none of the mock's, and a strict issuer takes none that it does not
    // know.
    const upstream = await aGithub(t, { users: people ?? GITHUB_PEOPLE, ...spec });
    return { upstream, way: { url: upstream.url, ...own } };
  }
  const made = { strictness: 'strict', users: people ?? PEOPLE, clients: [client], ...spec };
  const upstream = await (await theMock()).issuer(undefined, made);
  return { upstream, way: { name: `Provider ${id}`, issuer: upstream.url, ...own } };
}

/** What stands around one deployment. */
class World {
  constructor({ host, issuer, upstreams, list }) {
    Object.assign(this, { host, issuer, upstreams });
    this.keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    this.applications = Object.fromEntries(list.map((record) => [record.client_id, new Application(this, record)]));
  }

  /** A person with a browser that nobody has used. */
  browser(headers = {}) {
    const upstreams = Object.values(this.upstreams).map(({ url }) => new URL(url).origin);
    return new Browser({ headers, reaches: [this.issuer, ...new Set(upstreams)] });
  }

  /** Waits until the host has logged a line with all these parts; the line. */
  async logged(...parts) {
    for (let waited = 0; waited < 5000; waited += 20) {
      const line = this.host.log().find((text) => parts.every((part) => text.includes(part)));
      if (line) return line;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.fail(`no line with ${parts.join(' and ')}:\n${this.host.log().join('\n')}`);
  }

  /** Who somebody of an upstream is here. */
  subject(provider, sub) {
    const upstream = this.upstreams[provider]?.url ?? provider;
    return hashedSubject(upstream, sub);
  }

  async verified(token, options) {
    return (await jwtVerify(token, this.keys, { issuer: this.issuer, ...options })).payload;
  }
}

/** `jfs_` and the SHA-256 of both, each with its length before it. */
export function hashedSubject(issuer, sub) {
  const hash = createHash('sha256');
  for (const part of [issuer, sub]) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(Buffer.byteLength(part)));
    hash.update(length).update(part);
  }
  return `jfs_${hash.digest('base64url')}`;
}

let shared;
const ending = [];
after(async () => {
  for (const end of ending.reverse()) await end();
});

/** The deployment of all rows that change nothing of it: three ways in, everybody may. */
export function world() {
  shared ??= open(
    { after: (end) => ending.push(end) },
    { providers: { one: {}, two: {}, github: { type: 'github', name: 'GitHub' } } },
  );
  return shared;
}
