// `jeton mock` as a child of the test process, and never for longer than that: however the process
// ends, its end of the pipe to the mock's standard input is closed, and there the mock ends. No exit
// handler does that for a killed process, a worker thread or Jest.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { binary } from './binary.js';
import { MockError } from './http.js';
import { Mock } from './mock.js';

const FIRST_LINE = /^jeton mock: \S+ on https?:\/\/(\S+)$/;
const START_WITHIN = 10_000;

export async function startMock({ bin = binary(), args = [], config, port = 0, env = {} } = {}) {
  const file = configFile(config);
  try {
    const child = spawn(bin, ['mock', '--stop-with-stdin', ...file.args, '--port', String(port), ...args], {
      // Without the developer's own JETON_ settings, PORT and JSON_CONFIG: a test gets what it says.
      env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, ...env },
      stdio: 'pipe',
      windowsHide: true,
    });
    const ended = endOf(child);
    const listening = await addressOf(child, ended, bin);
    // Nor does the process wait for the mock, but where it stops it.
    const handles = [child, ...child.stdio];
    for (const handle of handles) handle.unref();
    // Where it speaks TLS it speaks plain HTTP as well, which needs no trust in its CA.
    const url = `http://${listening.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]')}`;
    return new Mock(url, () => {
      for (const handle of handles) handle.ref();
      // At once: all it holds is in memory, and no test has time for a request that is still open.
      child.kill('SIGKILL');
      return ended;
    });
  } finally {
    file.remove();
  }
}

/** A path stays one; an object is a file until the mock has read it. */
function configFile(config) {
  if (config === undefined) return { args: [], remove() {} };
  if (typeof config === 'string') return { args: ['--config', config], remove() {} };
  const folder = mkdtempSync(join(tmpdir(), 'jeton-mock-'));
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify(config, null, 2));
  return { args: ['--config', path], remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Its exit code or signal, once everything it printed has been read; where it never ran, the error. */
const endOf = (child) =>
  new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
    child.once('error', resolve);
  });

/** What the first line says; rejects with what was printed in its place. */
function addressOf(child, ended, bin) {
  const printed = [];
  return new Promise((resolve, reject) => {
    const fail = (why) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new MockError([`jeton mock did not start: ${why}`, ...printed].join('\n  ')));
    };
    const timer = setTimeout(() => fail(`no address within ${START_WITHIN / 1000} s`), START_WITHIN);
    const read = (line) => {
      const listening = FIRST_LINE.exec(line)?.[1];
      if (listening) {
        clearTimeout(timer);
        resolve(listening);
      } else if (printed.length < 50) printed.push(line);
    };
    // Read to the end, so that the mock never waits for somebody to empty a pipe.
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', read);
    child.once('error', ({ code, message }) =>
      fail(code === 'ENOENT' ? `there is no ${bin}: give bin, set JETON_BIN, or put jeton on the PATH` : message),
    );
    ended.then((how) => fail(`it ended with ${how}`));
  });
}
