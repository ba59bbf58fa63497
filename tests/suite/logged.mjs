// The last row: what the hosts have logged while all others ran.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remembered, searcher } from './support/credentials.mjs';
import { logs, unless } from './support/target.mjs';

/** Ids by which lines are told apart. They are no credentials, and tokens hold some of them. */
const IDS = /"(grant|jti|request_id|unknown_client)":"[\w.:=/+-]{1,64}"/g;

/** The name of what was managed: registered by whoever may. */
const MANAGED = /"managed":"(?:[^"\\]|\\.)*"/g;

/** Names of claims in our words: which of the server's own a login application tried to give, and which of an
 * assertion's is missing, malformed or more than is done here. */
const OWN_CLAIM = /the claims have [a-z_]{2,21},|the claim [a-z_]{2,21} /g;

/** The kinds of credentials without which the rows were not all asked. */
const KINDS =
  `access_token assertion basic bearer client_assertion client_secret code code_verifier cookie device_code id_token
  id_token_hint redirect_uri refresh_token request state ticket token user_code`.split(/\s+/);

test('no log holds a credential, or what a stranger sent', { skip: unless.startable }, async (t) => {
  // Lines come by another way than answers.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const lines = logs()
    .filter((line) => !/^jeton (serve|mock): https?:/.test(line))
    .map((line) => line.replace(IDS, '"$1":""').replace(MANAGED, '"managed":""').replace(OWN_CLAIM, ''));
  const search = searcher();
  const sample = lines.find((line) => line.includes('"status":200'));
  const values = remembered();

  await t.test('each credential would be found, also a part of it, and written otherwise', () => {
    const kinds = new Set(values.map(([, kind]) => kind));
    const missing = KINDS.filter((kind) => !kinds.has(kind));
    assert.deepEqual(missing, []);
    assert.deepEqual(search(sample), []);
    for (const [value, kind] of values) {
      const encoded = Buffer.from(value).toString('base64');
      const part = value.length >= 32 ? value.slice(3, 32) : value;
      for (const planted of [value, encodeURIComponent(value), encoded, part]) {
        const detail = `"detail":${JSON.stringify(`of ${planted}.`)}`;
        assert.ok(search.finds(detail), `${kind}: ${planted} was not found`);
      }
    }
  });

  await t.test('none is there', () => {
    assert.ok(lines.length > 500, `only ${lines.length} lines`);
    const leaks = lines.flatMap((line) => search(line).map((found) => `${found} in ${line.slice(0, 300)}`));
    assert.deepEqual(leaks.slice(0, 5), [], `${leaks.length} leaks of ${values.length} values`);
  });

  await t.test('none is longer than 4096 bytes', () => {
    const long = lines.filter((line) => Buffer.byteLength(line) > 4096);
    assert.deepEqual(
      long.map((line) => line.slice(0, 100)),
      [],
    );
  });
});
