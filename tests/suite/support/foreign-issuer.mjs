// Somebody else: a server on loopback with issuers beneath it, which publish their keys, sign whatever they
// are told to, count what they are asked, and misbehave.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { freshKey, keyOf } from './jws.mjs';

const METADATA = '/.well-known/openid-configuration';

/** Longer than any deployment waits for a document. */
const TOO_LONG = 20_000;

/** What is answered in the place of a document: `(response, document)`. */
const HOSTILE = {
  /** A good document elsewhere. */
  redirects: (response, _, issuer) => response.writeHead(302, { location: `${issuer.url}/elsewhere` }).end(),
  /** 200 kB of JSON that would be good. */
  'is 200 kB long': (response, document) => json(response, { ...document, padding: 'x'.repeat(200_000) }),
  /** It begins, and goes on when nobody waits for it any more. */
  'is slow': (response, document) => {
    const text = JSON.stringify(document);
    response.writeHead(200, { 'content-type': 'application/json' }).write(text.slice(0, 5));
    setTimeout(() => response.end(text.slice(5)), TOO_LONG).unref();
  },
  'never answers': (response) => setTimeout(() => response.destroy(), TOO_LONG).unref(),
  'is not JSON': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>keys</h1>'),
  'is a list': (response, document) => json(response, document.keys ?? [document]),
  'is cut short': (response, document) => {
    const text = JSON.stringify(document);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    response.write(text.slice(0, -5), () => response.destroy());
  },
  'is an error': (response, document) => json(response, document, 500),
  'is gone': (response) => response.writeHead(404).end(),
};

/** The ways in which a document may be withheld. */
export const hostile = Object.keys(HOSTILE);

function json(response, document, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
}

/** An issuer of its own at a path of the server. */
class ForeignIssuer {
  /** What it was asked for, in order: paths without its own. */
  requests = [];
  /** How a path is answered instead: a name of `hostile`, or the document. */
  instead = new Map();

  constructor(origin, name, keys) {
    this.url = `${origin}/${name}`;
    this.jwksUri = `${this.url}/jwks`;
    this.keys = keys;
  }

  /** Its metadata (OpenID Connect Discovery 1.0 §3), as much of it as anybody reads. */
  get metadata() {
    return { issuer: this.url, jwks_uri: this.jwksUri, id_token_signing_alg_values_supported: ['RS256'] };
  }

  /** Its JWK Set. */
  get jwks() {
    return { keys: this.keys.map(({ jwk }) => jwk) };
  }

  /** How often `path` was asked for; all of them without one. */
  count(path) {
    return this.requests.filter((asked) => path === undefined || asked === path).length;
  }

  /** Another key takes the place of its first. */
  rotate() {
    const [{ alg }] = this.keys;
    this.keys = [freshKey(alg, `next-${this.keys.length}-${Date.now()}`)];
  }

  /** A token of it for a minute. */
  token(claims = {}, header = {}, key = this.keys[0]) {
    const now = Math.floor(Date.now() / 1000);
    return key.sign({ iss: this.url, iat: now, exp: now + 60, ...claims }, header);
  }

  answer(path, response) {
    this.requests.push(path);
    const documents = { [METADATA]: this.metadata, '/jwks': this.jwks, '/elsewhere': this.jwks };
    const document = documents[path];
    const instead = this.instead.get(path);
    if (typeof instead === 'string') return HOSTILE[instead](response, document, this);
    if (instead ?? document) return json(response, instead ?? document);
    response.writeHead(404).end();
  }
}

/**
 * A server with no issuers yet, which ends after the test.
 *
 * @returns {Promise<{ origin: string, issuer: (name: string, algorithms?: string[]) => ForeignIssuer }>}
 */
export async function foreignIssuers(t) {
  const issuers = new Map();
  const server = createServer((request, response) => {
    const [, name, path] = request.url.match(/^\/([^/]+)(\/.*)$/) ?? [];
    const issuer = issuers.get(name);
    if (!issuer) return response.writeHead(404).end();
    issuer.answer(path, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    issuer(name, algorithms = ['ES256']) {
      const keys = algorithms.map((alg) => keyOf(alg, name));
      const issuer = new ForeignIssuer(origin, name, keys);
      issuers.set(name, issuer);
      return issuer;
    },
  };
}

/** A deployment that may reach this machine. */
export const NEARBY = { JETON_ISSUER: 'https://localhost:8443', JETON_DEVELOPMENT: 'true' };
