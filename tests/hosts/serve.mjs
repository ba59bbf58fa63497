// `jeton serve` on an SQLite file of its own.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BINARY, launch } from './native.mjs';

/** @param {{ env?: Record<string, string>, store?: 'ok'|'broken' }} options */
export async function start({ env = {}, store = 'ok' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'jeton-serve-'));
  const data = join(folder, 'jeton.db');
  const host = await launch('serve', ['serve', '--data', data], env).catch((error) => {
    rmSync(folder, { recursive: true });
    throw error;
  });
  // No lock stops a reader of a write-ahead log, so the table goes.
  if (store === 'broken') sql(data, 'DROP TABLE document');
  return {
    ...host,
    /** As `jeton client new` tells its user to. */
    async putClient(record) {
      execFileSync(BINARY, ['client', 'put', '--data', data], { input: JSON.stringify(record) });
    },
    async stop() {
      const code = await host.stop();
      rmSync(folder, { recursive: true });
      return code;
    },
  };
}

function sql(file, statement) {
  execFileSync('python3', [
    '-c',
    'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()',
    file,
    statement,
  ]);
}
