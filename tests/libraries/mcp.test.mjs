// The scenarios of MCP's conformance suite about authorization, with our JavaScript client as the client they judge:
// mcp-client.mjs. Those that it cannot pass are named here, with why.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const SUITE = [
  '--import',
  path('./support/mcp-fs.mjs'),
  path('../node_modules/@modelcontextprotocol/conformance/dist/index.js'),
];
const CLIENT = `${process.execPath} ${path('./mcp-client.mjs')}`;
const LIMIT = 60_000;

const CANNOT = {
  'auth/enterprise-managed-authorization':
    'an identity assertion (ID-JAG) is got by token exchange with the identity provider: the client has neither',
};

const list = execFileSync(process.execPath, [...SUITE, 'list', '--client'], { encoding: 'utf8' });
const scenarios = [...list.matchAll(/^ +- (auth\/\S+)/gm)].map(([, name]) => name);
assert.ok(scenarios.length >= 30, `the suite lists ${scenarios.length} scenarios about authorization`);

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jeton-mcp-'));
});
after(() => rm(folder, { recursive: true }));

describe('client', () => {
  describe('js', () => {
    describe('mcp conformance', { concurrency: 4 }, () => {
      for (const scenario of scenarios) {
        test(scenario, { skip: CANNOT[scenario], timeout: LIMIT }, async () => {
          const args = [...SUITE, 'client', '--command', CLIENT, '--scenario', scenario, '--output-dir', folder];
          const { failed, output } = await new Promise((resolve) =>
            execFile(process.execPath, args, { cwd: folder, timeout: LIMIT }, (error, stdout, stderr) =>
              resolve({ failed: Boolean(error), output: `${stdout}${stderr}` }),
            ),
          );
          const why = output.split('\n').filter((line) => /FAILURE|WARNING|Error|Passed:/.test(line));
          assert.ok(!failed, why.join('\n') || output);
        });
      }
    });
  });
});
