// The `jeton` command, as somebody runs it in a shell of a folder of their own.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BINARY } from '../../hosts/native.mjs';

/** Why it cannot be run here; false where it can. */
export const unlessBuilt = existsSync(BINARY)
  ? false
  : `${BINARY} is not there: cargo build --profile suite -p jeton-cli`;

/** A folder with these files, and a shell in it that finds the command: what it ran ended with, and printed. */
export function shell(t, { env = {}, files = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'jeton-shell-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name, text, mode) => writeFileSync(join(folder, name), text, { mode });
  for (const [name, text] of Object.entries(files)) write(name, text);
  const PATH = `${dirname(BINARY)}:${process.env.PATH}`;
  const running = new Set();
  t.after(() => {
    for (const { pid } of running) process.kill(-pid, 'SIGKILL');
  });
  /** Any POSIX shell will do; what Debian has as `sh` is one with nothing more. It ends with the test. */
  const start = (script, more = {}) => {
    const child = spawn('sh', ['-ec', script], {
      cwd: folder,
      env: { PATH, ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what it started ends with it.
      detached: true,
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    return child;
  };
  const run = async (script, more) => {
    const child = start(script, more);
    const [stdout, stderr, status] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise((resolve) => child.once('close', resolve)),
    ]);
    return { status, stdout, stderr };
  };
  return { folder, write, start, run };
}

async function text(stream) {
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}
