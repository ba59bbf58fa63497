// A copy of the examples beside the packages that they name, as they are published, in `target/examples`.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
export const PYTHON = process.env.PYTHON ?? join(REPOSITORY, 'target/tools/python/bin/python');
export const OURS = ['jeton-client', 'jeton-mock', 'jeton-resource-server'];

/** What the examples need besides; found wherever a package's own tests have it. */
const OTHERS = ['@hono/node-server', 'esbuild', 'express', 'fastify', 'hono', 'jose', 'oauth4webapi'];

/** Copies the files of a JavaScript package that are published. */
export function published(name, to) {
  const from = join(REPOSITORY, 'packages/js', name);
  const { files } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  const isIn = (file) =>
    files.some((pattern) => (pattern.startsWith('*') ? file.endsWith(pattern.slice(1)) : file === pattern));
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) {
    if (file === 'package.json' || isIn(file)) cpSync(join(from, file), join(to, file), { recursive: true });
  }
}

function installed(name) {
  const places = [...OURS.map((one) => `packages/js/${one}/node_modules`), 'tests/node_modules'];
  const found = places.map((place) => join(REPOSITORY, place, name)).find((path) => existsSync(path));
  if (!found) throw new Error(`${name} is not installed: npm ci in packages/js/*`);
  return found;
}

/** Makes a copy of one folder of the examples, which ends with this process; its path. */
export function workplace(guide) {
  const parent = join(REPOSITORY, 'target/examples');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, `${guide}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(REPOSITORY, 'examples', guide), folder, { recursive: true });
  for (const name of OURS) published(name, join(folder, 'node_modules', name));
  for (const name of OTHERS) {
    const to = join(folder, 'node_modules', name);
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(installed(name), to);
  }
  return folder;
}

/** Where Python finds our packages. */
export const PYTHONPATH = OURS.map((name) => join(REPOSITORY, 'packages/python', name)).join(':');
