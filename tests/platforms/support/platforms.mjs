// The mock in the place of a platform, and a job in the environment that it makes.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encode } from '../../mock/support/http.mjs';

export { claims, header, ok } from '../../mock/support/issuer.mjs';
export { start } from '../../mock/support/process.mjs';

const PYTHON = process.env.PYTHON ?? 'python3';
const PROGRAM = fileURLToPath(new URL('../job.py', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'jeton-platforms-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What the platform puts into a job's environment: `{ variables, files }`, the files by their paths. */
export async function environment(issuer, query = {}) {
  const { variables, files } = await issuer.set('GET', '/environment', undefined, { query });
  return { variables, files: Object.fromEntries(files.map(({ path, content }) => [path, content])) };
}

/** Runs `work` with these variables in this process, as if it were the job. */
export async function inJob(variables, work) {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(variables)) {
      if (name in before) process.env[name] = before[name];
      else delete process.env[name];
    }
  }
}

/** What `job.py WORDS` prints, in JSON, with nothing but these variables. */
export async function python(variables, ...words) {
  const options = { env: { PATH: process.env.PATH, ...variables }, timeout: 60_000 };
  const { stdout } = await promisify(execFile)(PYTHON, [PROGRAM, ...words], options);
  return JSON.parse(stdout);
}

let files = 0;

/** A file with that text, as the platform would mount it; its path. */
export function mounted(text) {
  files += 1;
  const path = join(folder, `file-${files}`);
  writeFileSync(path, text);
  return path;
}

/** The address of a control call about `issuer`. */
export const controlUrl = (issuer, path, query = {}) =>
  `${issuer.mock.url}/_mock${path}?${encode({ issuer: issuer.name, ...query })}`;
