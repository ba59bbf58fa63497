// An HTTP server on loopback that does what a row tells it to, and remembers what it was asked.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { secret } from './secrets.mjs';

/** The answer that is none: the connection is closed. */
export const NOTHING = Symbol('nothing');

/** What happens, and then the answer is lost on its way. */
export const lost = async (_, act) => {
  await act();
  return NOTHING;
};

/** The request is lost: nothing happens. */
export const unheard = async () => NOTHING;

/** Nobody answers for this long. */
export const silent = (milliseconds) => async () => {
  await wait(milliseconds, undefined, { ref: false });
  return NOTHING;
};

/** The usual, or that answer, after a while. */
export const after = (milliseconds, answer) => async (_, act) => {
  await wait(milliseconds);
  return answer ?? act();
};

/** JSON that goes on for ever; `answer.sent` counts its bytes. */
export const endless = (begin = '{"a":"') => ({
  headers: { 'content-type': 'application/json' },
  sent: 0,
  stream(outgoing) {
    outgoing.write(begin);
    const more = () => {
      while (!outgoing.destroyed && this.sent < 64e6) {
        this.sent += 65_536;
        if (!outgoing.write('x'.repeat(65_536))) return outgoing.once('drain', more);
      }
      outgoing.end();
    };
    more();
  },
});

/** 64 MB of JSON that arrive as a few kilobytes. */
export const packed = (json) => ({
  headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
  body: gzipSync(`${JSON.stringify(json).slice(0, -1)}${' '.repeat(64e6)}}`),
});

/** An OAuth error (RFC 6749 §5.2). */
export const failure = (error, { status = 400, headers = {}, ...more } = {}) => ({
  status,
  headers,
  json: { error, ...more },
});

/** No OAuth at all. */
export const page = (status, headers = {}) => ({
  status,
  headers: { 'content-type': 'text/html', ...headers },
  body: '<h1>An error occurred.</h1>',
});

/**
 * One request, as it arrived.
 *
 * @typedef {{ method: string, path: string, query: URLSearchParams, headers: Record<string, string>, body: string,
 *   form: Record<string, string>, url: string, at: number }} Asked
 *
 * @typedef {{ status?: number, headers?: Record<string, string>, json?: unknown, body?: string|Buffer,
 *   stream?: (outgoing: import('node:http').ServerResponse) => void }} Answer
 */

/** Parameters that nobody else may read. */
const SECRETS = [
  'client_secret',
  'client_assertion',
  'code',
  'code_verifier',
  'device_code',
  'refresh_token',
  'subject_token',
  'token',
];

export class Stub {
  /** @type {Asked[]} */
  requests = [];
  /** Seconds by which its `Date` is ahead. */
  clockOffset = 0;
  #server;
  #scripts = new Map();
  #usual;

  /** @param {(asked: Asked) => Promise<Answer|typeof NOTHING>} usual what it does where no script says otherwise */
  constructor(usual) {
    this.#usual = usual;
    this.#server = createServer((incoming, outgoing) => {
      this.#serve(incoming, outgoing).catch((error) => {
        // A fault of a row's script is to be seen, and must not look like one of the library's.
        console.error(error);
        outgoing.destroy();
      });
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  async listen(t, host = '127.0.0.1') {
    this.#server.listen(this.port ?? 0, host);
    await once(this.#server, 'listening');
    this.port = this.#server.address().port;
    this.origin = `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
    t.after(() => this.close());
    return this;
  }

  /** Nobody listens any more; `listen` begins again on the same port. */
  close() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  /** The next requests of this path are answered so, one each: by an answer, or a function of request and usual act. */
  next(path, ...steps) {
    this.#scripts.set(path, [...(this.#scripts.get(path) ?? []), ...steps.map((step) => ({ step }))]);
  }

  /** All requests of this path are answered so from now on; as usual without a step. */
  always(path, step) {
    this.#scripts.set(path, step === undefined ? [] : [{ step, stays: true }]);
  }

  /** What was asked of this path. */
  asked(path) {
    return this.requests.filter((request) => request.path === path);
  }

  count(path) {
    return this.asked(path).length;
  }

  async #serve(incoming, outgoing) {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const asked = this.#read(incoming, Buffer.concat(chunks).toString());
    this.requests.push(asked);
    const [first, ...rest] = this.#scripts.get(asked.path) ?? [];
    if (first && !first.stays) this.#scripts.set(asked.path, rest);
    const act = () => this.#usual(asked);
    const step = first?.step ?? act;
    const answer = typeof step === 'function' ? await step(asked, act) : step;
    if (answer === NOTHING) return incoming.socket.destroy();
    this.#answer(outgoing, answer);
  }

  #read(incoming, body) {
    const url = new URL(incoming.url, this.origin);
    const form = Object.fromEntries(new URLSearchParams(body));
    for (const name of SECRETS) secret(form[name]);
    secret(incoming.headers.authorization?.split(' ')[1]);
    secret(incoming.headers.dpop);
    return {
      method: incoming.method,
      path: url.pathname,
      query: url.searchParams,
      url: url.href,
      headers: incoming.headers,
      rawHeaders: incoming.rawHeaders,
      body,
      form,
      at: Date.now(),
    };
  }

  #answer(outgoing, answer) {
    const { status = 200, headers = {}, json, body } = answer;
    outgoing.sendDate = false;
    outgoing.writeHead(status, {
      date: new Date(Date.now() + this.clockOffset * 1000).toUTCString(),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    });
    if (answer.stream) return answer.stream(outgoing);
    outgoing.end(json === undefined ? (body ?? '') : JSON.stringify(json));
  }
}
