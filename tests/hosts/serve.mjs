// `jeton serve` on an SQLite file of its own.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { launch } from './native.mjs';

/**
 * @param {object} options
 * @param {Record<string, string>} options.env
 * @param {'ok'|'broken'|'slow'} options.store `broken`: a table is missing; `slow`: as the host's `slow` was told
 */
export async function start({ env = {}, store = 'ok' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'jeton-serve-'));
  const data = join(folder, 'jeton.db');
  const begin = () => launch('serve', ['serve', '--data', data], env);
  let host = await begin().catch((error) => {
    rmSync(folder, { recursive: true });
    throw error;
  });
  // No lock stops a reader of a write-ahead log, so the table goes.
  if (store === 'broken') sql(data, 'DROP TABLE document');
  const other = store === 'slow' ? otherProcess(data) : undefined;
  return {
    name: host.name,
    get url() {
      return host.url;
    },
    log: () => host.log(),
    /** Another process has the file locked while `taking` is not 0: changes wait, reads do not. */
    slow: ({ taking = 0 }) => other.lock(taking > 0),
    /** Ends the process without warning, and starts another. */
    async crash() {
      await host.kill();
      host = await begin();
    },
    /** Writes a client by hand, past all checks. */
    putClient: (record) => put(data, record),
    async removeClient(id) {
      sql(data, `DELETE FROM document WHERE kind = 'client' AND name = '${id}'`);
    },
    async stop() {
      const code = await host.stop();
      await other?.stop();
      rmSync(folder, { recursive: true });
      return code;
    },
  };
}

async function put(file, record) {
  const statement = "INSERT OR REPLACE INTO document (realm, kind, name, record) VALUES ('', 'client', ?, ?)";
  sql(file, statement, record.client_id, JSON.stringify(record));
}

function sql(file, statement, ...values) {
  execFileSync('python3', [
    '-c',
    'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2], sys.argv[3:]); c.commit()',
    file,
    statement,
    ...values,
  ]);
}

/** A process that has the file open too, and executes statements on it. */
function otherProcess(file) {
  const script = [
    'import sqlite3, sys',
    'c = sqlite3.connect(sys.argv[1], isolation_level=None)',
    'for line in sys.stdin: c.execute(line); print(flush=True)',
  ].join('\n');
  const child = spawn('python3', ['-c', script, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let locked = false;
  return {
    async lock(wanted) {
      if (wanted === locked) return;
      locked = wanted;
      child.stdin.write(wanted ? 'BEGIN IMMEDIATE\n' : 'ROLLBACK\n');
      if ((await answers.next()).done) throw new Error('the other process failed');
    },
    async stop() {
      child.stdin.end();
      await once(child, 'close');
    },
  };
}
