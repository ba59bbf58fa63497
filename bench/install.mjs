// What others publish, installed once into `target/bench`, by lock files that lie here.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Runs `install` into an emptied `directory` unless it did so for the same inputs. */
export function once(directory, inputs, install) {
  const stamp = join(directory, 'installed');
  const hash = inputs.reduce((hash, input) => hash.update(input), createHash('sha256')).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  console.error(`installing into ${directory.slice(root.length)}`);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  install();
  writeFileSync(stamp, hash);
}

/** The `node_modules` of the `package.json` and its lock beside the file at `url`, in `directory`. */
export function npm(directory, url) {
  const files = ['package.json', 'package-lock.json'].map((name) => [name, readFileSync(new URL(name, url))]);
  once(directory, [process.version, ...files.map(([, text]) => text)], () => {
    for (const [name, text] of files) writeFileSync(join(directory, name), text);
    execFileSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit'], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  });
  return join(directory, 'node_modules');
}
