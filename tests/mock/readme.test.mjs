// The lines of shell that the mock's README shows, as they are, against a mock that has been told nothing.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { BINARY, start } from './support/process.mjs';

const readme = readFileSync(new URL('../../crates/jeton-mock/README.md', import.meta.url), 'utf8');

/** What a block begins with → what it prints; or, what is not for a mock that runs. */
const BLOCKS = {
  'curl -u any:any -d grant_type=password': /^\{.*"refresh_token":.*"id_token":/,
  'curl -d grant_type=client_credentials -d client_id=fail': /^\{"error":"invalid_client".*\}\{"access_token":/,
  'jeton trust new github': /\{"access_token":"[^"]+","token_type":"Bearer"/,
  'TOKEN=$(curl -s -u any:any': /"client_id":"demo"/,
  'curl -X PUT': /"issuer":"[^"]*\/test-17".*"fault":"drop".*"now":.*"keys":.*"token":/s,
};
const ELSEWHERE = ['jeton mock', 'docker'];

const folder = mkdtempSync(join(tmpdir(), 'jeton-readme-'));
after(() => rmSync(folder, { recursive: true }));
symlinkSync(resolve(BINARY), join(folder, 'jeton'));
// Of jq the one thing that is asked, for those who have none.
writeFileSync(
  join(folder, 'jq'),
  `#!/bin/sh\nexec '${process.execPath}' -pe 'JSON.parse(require("fs").readFileSync(0))[process.argv[1].slice(1)]' "$2"\n`,
);
chmodSync(join(folder, 'jq'), 0o755);

/** What the lines print. */
const run = (lines) =>
  new Promise((done, fail) => {
    const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, no_proxy: '*' };
    execFile('sh', ['-euc', lines], { cwd: folder, env, timeout: 30_000 }, (error, stdout, stderr) => {
      if (error) fail(new Error(`${error.message}\n${stdout}${stderr}`));
      else done(stdout);
    });
  });

const blocks = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].map(([, lines]) => lines);
const begins = (start) => (lines) => lines.startsWith(start);

test('each block is known', () => {
  const known = [...Object.keys(BLOCKS), ...ELSEWHERE];
  assert.deepEqual(
    blocks.filter((lines) => !known.some((start) => begins(start)(lines))),
    [],
  );
});

for (const [beginning, printed] of Object.entries(BLOCKS))
  test(`${beginning} …`, async (t) => {
    const mock = await start({ t });
    const { port } = new URL(mock.issuer);
    const lines = blocks.find(begins(beginning));
    assert.ok(lines, 'it is not there');
    assert.match(await run(lines.replaceAll('localhost:9400', `localhost:${port}`)), printed);
  });
