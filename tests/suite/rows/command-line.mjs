// The `jeton` command at a deployment on any host, by its URL.

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { shell, unlessBuilt } from '../support/command.mjs';
import { isSecret } from '../support/credentials.mjs';
import { isMock, SECRET } from '../support/fixtures.mjs';
import { deployment } from '../support/front.mjs';
import { secretOf } from '../support/grant-clients.mjs';
import { blocks, page } from '../support/page.mjs';
import { target, unless } from '../support/target.mjs';

/** Who manages the deployment. */
const manager = {
  client_id: 'manager',
  client_secret: secretOf('manager'),
  grant_types: ['client_credentials'],
  scope: 'jeton:clients jeton:apis jeton:trust jeton:grants',
};
const BY_SECRET = { JETON_CLIENT_ID: manager.client_id, JETON_CLIENT_SECRET: manager.client_secret };

const FILE = `
managed_by = "orders-team"

[[apis]]
identifier = "https://orders.example"
name = "Orders"
scopes = { "orders:read" = "Read your orders", "orders:write" = "Change them" }

[[clients]]
client_id = "from-a-file"
client_name = "Billing"
grant_types = ["client_credentials"]
apis = [{ identifier = "https://orders.example", scope = "orders:read" }]
labels = { team = "a" }

[[trust]]
issuer = "https://ci.acme.dev"
[[trust.rules]]
name = "main"
client_id = "from-a-file"
conditions = [{ claim = "sub", equals = "project:billing" }]
`;

const skip = unless.startable || unlessBuilt;

describe('jeton --at', { skip }, () => {
  test('apply does what a file says, and the second time nothing', async (t) => {
    const url = await deployment(t, [manager]);
    const { folder, run, write } = shell(t, { env: BY_SECRET, files: { 'all.toml': FILE } });
    const apply = (more = '') => run(`jeton apply all.toml --at ${url} ${more}`);
    const planned = await apply('--dry-run');
    assert.equal(planned.status, 2, planned.stderr);
    assert.match(planned.stdout, /^\+ API https:\/\/orders\.example$/m);
    assert.match(planned.stdout, /^3 to create, 0 to change, 0 to delete, 0 as they are$/m);
    const first = await apply('--secrets-to secrets.json');
    assert.equal(first.status, 0, first.stderr);
    const { 'from-a-file': secret } = JSON.parse(readFileSync(join(folder, 'secrets.json')));
    isSecret(secret, 'client_secret');
    assert.ok(!first.stdout.includes(secret));
    assert.equal(statSync(join(folder, 'secrets.json')).mode & 0o777, 0o600);
    for (const more of ['', '--dry-run', '--prune', '--prune --dry-run']) {
      const again = await apply(more);
      assert.equal(again.status, 0, again.stderr);
      assert.equal(again.stdout, '0 to create, 0 to change, 0 to delete, 3 as they are\n', more);
    }
    const answer = await run(
      `curl -sS -u from-a-file:${secret} -d grant_type=client_credentials -d resource=https://orders.example ${url}/token`,
    );
    const { access_token } = JSON.parse(answer.stdout);
    assert.equal(decodeJwt(access_token).scope, 'orders:read');

    write(
      'all.toml',
      FILE.replace('scope = "orders:read"', 'scope = "orders:read orders:write"').replace(/\[\[trust\]\][\s\S]*/, ''),
    );
    const changed = await apply();
    assert.equal(changed.status, 0, changed.stderr);
    assert.match(changed.stdout, /^0 to create, 1 to change, 0 to delete, 1 as they are$/m);
    assert.match(changed.stdout, /only deleted with --prune: trusted issuer https:\/\/ci\.acme\.dev$/m);
    assert.match((await run(`jeton trust list --at ${url}`)).stdout, /^https:\/\/ci\.acme\.dev /m);
    const pruned = await apply('--prune');
    assert.equal(pruned.status, 0, pruned.stderr);
    assert.match(pruned.stdout, /^deleted the trusted issuer https:\/\/ci\.acme\.dev$/m);
    assert.doesNotMatch((await run(`jeton trust list --at ${url}`)).stdout, /ci\.acme\.dev/);
  });

  test('a client is made, changed and deleted, and nobody loses another’s change', async (t) => {
    const url = await deployment(t, [manager]);
    const { run } = shell(t, { env: BY_SECRET });
    const at = `--at ${url}`;
    const made = await run(`jeton client new --id tool --name Tool --scope read ${at}`);
    assert.equal(made.status, 0, made.stderr);
    const again = await run(`jeton client new --id tool ${at}`);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /exists already .*--replace/);
    const raced = await run(
      `jeton client show tool --format json ${at} > before.json
       jeton client set tool scope='read write' ${at}
       sed s/Tool/Thing/ before.json | jeton client set - ${at}`,
    );
    assert.equal(raced.status, 1, raced.stdout);
    assert.match(raced.stderr, /somebody else has changed it/);
    assert.match((await run(`jeton client show tool ${at}`)).stdout, /^scope: +read write$/m);
    const unknown = await run(`jeton client set tool scopes=read ${at}`);
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /'scopes': .*was scope meant/);
    const removed = await run(`jeton client rm tool ${at}`);
    assert.equal(removed.status, 0, removed.stderr);
    assert.match((await run(`jeton client show tool ${at}`)).stderr, /has no client "tool"/);
  });

  test('a token opens what its scope says, and an error says what is missing', {
    skip: isMock && 'the mock gives its clients what they ask for',
  }, async (t) => {
    const reader = { ...manager, client_id: 'reader', client_secret: secretOf('reader'), scope: 'jeton:clients:read' };
    const url = await deployment(t, [manager, reader]);
    const { run } = shell(t);
    const env = { JETON_CLIENT_ID: 'reader', JETON_CLIENT_SECRET: reader.client_secret };
    assert.equal((await run(`jeton client list --at ${url}`, env)).status, 0);
    const refused = await run(`jeton client new --at ${url}`, env);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /the token needs the scope jeton:clients$/m);
    const without = await run(`jeton client list --at ${url}`);
    assert.equal(without.status, 1);
    assert.match(without.stderr, /JETON_TOKEN[\s\S]*JETON_CLIENT_ID[\s\S]*JETON_SECRET/);
    const wrong = await run(`jeton client list --at ${url}`, { ...env, JETON_CLIENT_SECRET: 'wrong' });
    assert.match(wrong.stderr, /"reader" gets no token: invalid_client/);
  });

  test('README: the last of three commands on a Worker and on AWS makes a client, and its line gets a token', {
    skip: unless.keys,
  }, async (t) => {
    const url = await deployment(t, []);
    for (const heading of ['Cloudflare', 'AWS']) {
      const section = page('README.md').split(`### ${heading}\n`)[1].split(/^##/m)[0];
      const [lines] = blocks(`## ${heading}\n${section}`, heading).sh;
      const made = lines.slice(lines.lastIndexOf('\nJETON_SECRET=') + 1);
      const { run } = shell(t, { files: { 'jeton.secret': `${SECRET}\n` } });
      const here = made.replace(/--at \S+/, `--at ${url}`).replace(/\$\(aws [^)]*\)/, '$(cat jeton.secret)');
      assert.notEqual(here, made);
      const { status, stdout, stderr } = await run(here);
      assert.equal(status, 0, stderr);
      const curl = stdout.split('\n').find((line) => line.startsWith('  curl '));
      isSecret(/:(jcs_[\w-]+)/.exec(curl)[1], 'client_secret');
      const answer = await run(curl.replace('curl', 'curl -sS'));
      assert.equal(JSON.parse(answer.stdout).scope, 'invoices:read', `${target} ${answer.stdout}${answer.stderr}`);
    }
  });
});
