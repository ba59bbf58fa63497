// The mock, by production's rules.

import { launch } from './native.mjs';

/** @param {{ env?: Record<string, string>, args?: string[] }} options */
export async function start({ env = {}, args = ['--strict'] } = {}) {
  return launch('mock', ['mock', ...args], env);
}
