// An SDK of Python: a program that does the steps it is asked for, a JSON object a line.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const OWN = here('../../../target/tools/vendors/bin/python');
const PYTHON = process.env.PYTHON ?? (existsSync(OWN) ? OWN : 'python3');

/** What the SDK raised. */
export class PythonError extends Error {
  constructor({ type, message, ...more }) {
    super(`${type}: ${message}`);
    Object.assign(this, { type, said: message, ...more });
  }
}

/** Starts `python/NAME.py`; it ends with `cleanup`. The answer is `ask(step, arguments)`. */
export function startPython(mock, cleanup, name) {
  const folder = mkdtempSync(join(tmpdir(), 'jeton-vendors-'));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, mock.ca);
  const child = spawn(PYTHON, ['-u', here(`../python/${name}.py`)], {
    // As users of `https = true` do; requests and aiohttp each have a name of their own for it.
    env: { PATH: process.env.PATH, REQUESTS_CA_BUNDLE: ca, SSL_CERT_FILE: ca, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  let waiting;
  child.stderr.on('data', (text) => {
    errors += text;
  });
  child.stdin.on('error', () => undefined);
  child.once('close', (code) => waiting?.reject(new Error(`${name}.py ended (${code}): ${errors.slice(-2000)}`)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { ok, error } = JSON.parse(line);
    if (error) waiting.reject(new PythonError(error));
    else waiting.resolve(ok);
  });
  cleanup(() => {
    child.kill();
    rmSync(folder, { recursive: true });
  });
  return (step, argument = {}) =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      child.stdin.write(`${JSON.stringify([step, argument])}\n`);
    });
}
