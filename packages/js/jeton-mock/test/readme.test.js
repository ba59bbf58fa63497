// What the README shows runs.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bin } from './support.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code);

/** Runs it beside this file, where `jeton-mock` is this package. */
function run(code) {
  const folder = mkdtempSync(fileURLToPath(new URL('readme-', import.meta.url)));
  try {
    const file = join(folder, 'example.mjs');
    writeFileSync(file, code);
    const { NODE_TEST_CONTEXT, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
      env: { ...env, JETON_BIN: bin },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the first example', () => {
  assert.match(run(blocks.find((code) => code.includes('node:test'))), /^# pass 1$/m);
});

test('what tests are made of', () => {
  const code = blocks.find((code) => code.startsWith('// An expired token'));
  run(
    `import { startMock } from 'jeton-mock';\nconst mock = await startMock();\nconst issuer = await mock.issuer();\n${code}`,
  );
});
