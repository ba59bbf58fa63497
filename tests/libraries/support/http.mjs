// Plain HTTP/1.1: what fetch would tidy up must arrive as written.

import { request } from 'node:http';

/**
 * @param {string} base
 * @param {{ method?: string, path: string, headers?: Record<string, string>|string[], body?: string }} options headers
 *   as a list are every line of the head, names and values in turn
 */
export function send(base, { method = 'GET', path, headers = {}, body }) {
  const { hostname: host, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, method, path, headers, agent: false, timeout: 20_000 }, (incoming) => {
      const chunks = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode, headers: incoming.headers, text, json: () => JSON.parse(text) });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 20 s')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
