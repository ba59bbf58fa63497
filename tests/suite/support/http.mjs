// Plain HTTP/1.1: what fetch would tidy up must arrive as written.

import { request } from 'node:http';
import { collect } from './credentials.mjs';
import { note } from './described.mjs';
import { record } from './record.mjs';

/**
 * @param {string} base
 * @param {object} options
 * @param {Record<string, string|string[]>|string[]} options.headers as a list it is every line of the head, names and
 *   values in turn, and nothing is added to it
 * @param {string|Buffer} options.body
 * @param {Promise<unknown>} options.until what the body waits for, once the headers are sent
 */
export function send(base, { method = 'GET', path, headers = {}, body, until }) {
  const url = new URL(base);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: url.hostname, port: url.port, method, path, headers, agent: false, timeout: 20_000 },
      (incoming) => {
        const chunks = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const response = {
            status: incoming.statusCode,
            headers: incoming.headers,
            bytes,
            text: bytes.toString(),
            json: () => JSON.parse(bytes.toString()),
          };
          record({ method, path, headers, body }, response);
          note({ method, path }, response);
          collect({ path, headers, body }, response);
          resolve(response);
          // What is still held back nobody waits for.
          outgoing.destroy();
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 20 s')));
    outgoing.on('error', reject);
    // A length says where the body ends on every host; chunks do not survive every gateway.
    if (body !== undefined && !Array.isArray(headers)) outgoing.setHeader('content-length', Buffer.byteLength(body));
    if (until === undefined) return outgoing.end(body);
    outgoing.flushHeaders();
    until.then(() => outgoing.end(body));
  });
}

export const FORM = 'application/x-www-form-urlencoded';

/** RFC 6749 Appendix B. */
export const encode = (text) => new URLSearchParams({ '': text }).toString().slice(1);

/** RFC 6749 §2.3.1: both halves form-encoded, then RFC 7617. */
export const basic = (id, secret) => rawBasic(`${encode(id)}:${encode(secret)}`);

export const rawBasic = (text) => `Basic ${Buffer.from(text).toString('base64')}`;
