// What the README shows runs.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const readme = readFileSync(at('../README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code);

/** Runs it beside this file, where `jeton-resource-server` is this package. What listens ends as soon as it does. */
function run(code) {
  const folder = mkdtempSync(at('readme-'));
  try {
    const file = join(folder, 'example.mjs');
    const ending = code
      .replace('app.listen(3000);', 'app.listen(0, () => process.exit());')
      .replace('await app.listen({ port: 3000 });', 'await app.listen({ port: 0 });\nprocess.exit();');
    writeFileSync(file, ending);
    const { NODE_TEST_CONTEXT, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
      env: { JETON_BIN: at('../../../../target/suite/jeton'), CLIENT_SECRET: 'secret', ...env },
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('examples', () => {
  for (const code of blocks) {
    const name = code.includes('node:test')
      ? 'of a test'
      : (code.match(/'([\w-]+\/\w+)'/)?.[1] ?? code.match(/api\.\w+|certificate/)[0]);
    test(name, () => {
      const said = run(code);
      if (code.includes('node:test')) assert.match(said, /^# pass 1$/m);
      if (code.includes('api.verify')) assert.match(said, /^401 \{/);
    });
  }

  test('each of what is shown is here', () => assert.equal(blocks.length, 8));
});

describe('tables', () => {
  test('have every error that there is, with its status', async () => {
    const types = readFileSync(at('../index.d.ts'), 'utf8');
    const codes = [...types.slice(types.indexOf('type ErrorCode')).matchAll(/'(\w+)'/g)].map(([, code]) => code);
    const rows = [...readme.matchAll(/^\| (`[\w`, ]+`) \| (\d{3})\b/gm)].flatMap(([, names, status]) =>
      names.match(/\w+/g).map((code) => [code, Number(status)]),
    );
    assert.deepEqual(rows.map(([code]) => code).sort(), [...codes].sort());
    const { Refusal, ResourceServerError } = await import('../src/error.js');
    for (const [code, status] of rows) {
      const error = new ResourceServerError(new Refusal(code), () => '');
      assert.equal(error.status, status, code);
    }
  });

  test('have every option that there is', () => {
    const types = readFileSync(at('../index.d.ts'), 'utf8');
    const [options] = types.match(/(?<=interface ResourceServerOptions \{).*?^\}/ms);
    const names = [...options.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name);
    assert.ok(names.length > 10);
    for (const name of names) assert.ok(readme.includes(`\`${name}\``) || readme.includes(`\`${name}:`), name);
  });
});
