// The mock, by production's rules.

import assert from 'node:assert/strict';
import { launch } from './native.mjs';

/** @param {{ env?: Record<string, string>, args?: string[] }} options */
export async function start({ env = {}, args = ['--strict'] } = {}) {
  const host = await launch('mock', ['mock', ...args], env);
  const clients = async (method, query, body) => {
    const response = await fetch(`${host.url}/_mock/clients${query}`, {
      method,
      headers: body && { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    assert.ok(response.ok, await response.text());
  };
  return {
    ...host,
    putClient: (record) => clients('POST', '', record),
    removeClient: (id) => clients('DELETE', `?client_id=${encodeURIComponent(id)}`),
  };
}
