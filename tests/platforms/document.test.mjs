// docs/machines.md, "Test it offline": its blocks, run by `sh`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../hosts/native.mjs';
import { shell } from '../suite/support/command.mjs';
import { blocks, page } from '../suite/support/page.mjs';

const PAGE = page('docs/machines.md');
const { toml, sh } = blocks(PAGE, 'Test it offline');
const CLIENT = blocks(PAGE, 'The client').json[0];

/** What the step prints, with this environment of the job; both servers end with it. */
async function run(t, environment) {
  const [mock, serve] = [await freePort(), await freePort()];
  const at = (text) => text.replaceAll(':9400', `:${mock}`).replaceAll(':8080', `:${serve}`);
  const files = { 'mock.toml': toml[0].replace('production', environment), 'client.json': CLIENT };
  const waited = (port) => `until curl -sf -o /dev/null http://localhost:${port}/health; do sleep 0.1; done`;
  const [start, step] = sh.map(at);
  const lines = [
    // What it has started ends with it, and it ends as its last command did.
    `trap 'code=$?; trap "" TERM; kill 0; exit $code' EXIT`,
    start.replace('jeton mock', `jeton mock --port ${mock}`).replace('jeton serve', `jeton serve --port ${serve}`),
    waited(mock),
    waited(serve),
    step,
  ];
  return shell(t, { files }).run(lines.join('\n'));
}

test('a job of the environment that the rule names has a token, and one of another has none', async (t) => {
  const good = await run(t, 'production');
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /"access_token":"[^"]+","token_type":"Bearer"/);
  const other = await run(t, 'staging');
  assert.notEqual(other.status, 0);
  assert.match(other.stdout, /"error":"invalid_grant"/);
  assert.match(other.stdout + other.stderr, /"trust_condition":"environment equals"/);
});
