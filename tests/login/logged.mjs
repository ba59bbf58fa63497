// The last row: what the hosts have logged while all others ran.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remembered, searcher } from './support/secrets.mjs';
import { logs } from './support/world.mjs';

/** Ids by which lines are told apart. They are no credentials, and tokens hold some of them. */
const IDS = /"(grant|jti|request_id|subject)":"[\w.:=/+-]{1,64}"/g;

/** Deployments and upstreams have addresses of this machine, which stand in what is sent, too. */
const ADDRESSES = /http:\/\/(localhost|127\.0\.0\.1):\d+/g;

/** The kinds of credentials without which the rows were not all asked. */
const KINDS = ['client_secret', 'code', 'code_verifier', 'cookie', 'id_token', 'nonce', 'request', 'state'];

test('no log holds a credential, or what a stranger or an upstream sent', async () => {
  // Lines come by another way than answers.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const lines = logs()
    // What it says of itself when it starts: its address, and those at which people come back.
    .filter((line) => !/^jeton serve: (https?:|[a-z0-9-]+: redirect URI http)/.test(line))
    .map((line) => line.replace(IDS, '"$1":""').replace(ADDRESSES, ''));
  const search = searcher();
  const kinds = new Set(remembered().map(([, kind]) => kind));
  assert.deepEqual(
    KINDS.filter((kind) => !kinds.has(kind)),
    [],
  );
  for (const [value, kind] of remembered()) {
    assert.ok(search.finds(`"detail":${JSON.stringify(`of ${value}.`)}`), `${kind} would not be found`);
  }
  assert.ok(lines.length > 100, `only ${lines.length} lines`);
  const leaks = lines.flatMap((line) => search(line).map((found) => `${found} in ${line.slice(0, 300)}`));
  assert.deepEqual(leaks.slice(0, 5), [], `${leaks.length} leaks`);
  // Who somebody is elsewhere, and what they are called: nobody needs it to run a deployment.
  const personal = /alice|mallory|example\.com|octocat|Wonderland/i;
  assert.deepEqual(
    lines.filter((line) => personal.test(line)),
    [],
  );
});
