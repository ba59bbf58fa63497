// HTTP as a test wants it: every host name leads to this machine, and an answer that breaks off is
// an error with a code.

import { Agent, request as http } from 'node:http';
import { request as https, Agent as TlsAgent } from 'node:https';
import { FORM } from '../../suite/support/http.mjs';

export { basic, FORM } from '../../suite/support/http.mjs';
export const JSON_TYPE = 'application/json';

// Idle sockets are closed before the server would close them, so that no request meets one just closed.
const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 5000 });

const here = (_host, options, callback) =>
  options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);

/**
 * @param {string} address absolute
 * @param {object} options
 * @param {string|Buffer} [options.body]
 * @param {object} [options.tls] options of node:tls, for https
 * @param {number} [options.timeout] in milliseconds
 * @param {boolean} [options.fresh] on a connection of its own
 */
export function send(
  address,
  { method = 'GET', headers = {}, body, signal, tls, timeout = 35_000, fresh = false } = {},
) {
  const url = new URL(address);
  const began = performance.now();
  const options = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || undefined,
    // What URL would tidy up must arrive as written.
    path: /^https?:\/\/[^/?#]*([^#]*)/.exec(address)[1] || '/',
    method,
    headers,
    signal,
    timeout,
    lookup: here,
  };
  const make =
    url.protocol === 'https:'
      ? (done) => https({ ...options, ...tls, agent: new TlsAgent({ keepAlive: false }) }, done)
      : (done) => http({ ...options, agent: fresh ? false : agent }, done);
  return new Promise((resolve, reject) => {
    const outgoing = make((incoming) => {
      const chunks = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: incoming.statusCode,
          headers: incoming.headers,
          bytes,
          text: bytes.toString(),
          json: () => JSON.parse(bytes.toString()),
          ms: performance.now() - began,
        });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeout} ms`)));
    outgoing.on('error', reject);
    if (body !== undefined) outgoing.setHeader('content-length', Buffer.byteLength(body));
    outgoing.end(body);
  });
}

/** A form as a body; a member that is `undefined` is left out, a list is a parameter that often. */
export const encode = (form) =>
  new URLSearchParams(
    (Array.isArray(form) ? form : Object.entries(form))
      .filter(([, value]) => value !== undefined)
      .flatMap(([name, value]) => [value].flat().map((one) => [name, one])),
  ).toString();

/** `POST address` with a form. */
export const submit = (address, form, { headers = {}, ...more } = {}) =>
  send(address, {
    method: 'POST',
    headers: { 'content-type': FORM, ...headers },
    body: typeof form === 'string' ? form : encode(form),
    ...more,
  });

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
