// SPIFFE: a JWT-SVID and its bundle, judged by the library `spiffe` of Python.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environment, header, python, start } from './support/platforms.mjs';

const mock = await start();
const AUDIENCE = 'https://tokens.example.com';

const svidOf = async (issuer) => {
  const { variables, files } = await environment(issuer, { audience: AUDIENCE });
  const bundle = await fetch(variables.SPIFFE_BUNDLE_ENDPOINT_URL).then((answer) => answer.text());
  return { id: variables.SPIFFE_ID, svid: files['jwt_svid.token'], bundle };
};

test('spiffe (Python) takes the SVID by the keys of the bundle', async () => {
  const { id, svid, bundle } = await svidOf(mock.at('spiffe'));
  assert.equal(header(svid).alg, 'ES256');
  const { spiffe_id, audience } = await python({}, 'spiffe', svid, bundle, 'example.org', AUDIENCE);
  assert.equal(spiffe_id, 'spiffe://example.org/ns/prod/sa/deployer');
  assert.equal(spiffe_id, id);
  assert.deepEqual(audience, [AUDIENCE]);
  await assert.rejects(python({}, 'spiffe', svid, bundle, 'example.org', 'https://else.example'));
});

test('a bundle says what its keys are for, and counts its changes', async () => {
  const issuer = await mock.fresh('spiffe').make({ platform: { spiffe: { trust_domain: 'acme.test', path: '/a' } } });
  const first = JSON.parse((await svidOf(issuer)).bundle);
  assert.equal(first.spiffe_refresh_hint, 300);
  assert.ok(first.keys.length > 0);
  for (const key of first.keys)
    assert.deepEqual([key.use, 'alg' in key, typeof key.kid], ['jwt-svid', false, 'string']);
  const same = JSON.parse((await svidOf(issuer)).bundle);
  assert.equal(same.spiffe_sequence, first.spiffe_sequence);
  await issuer.keys({ action: 'rotate' });
  const { svid, bundle } = await svidOf(issuer);
  assert.equal(JSON.parse(bundle).spiffe_sequence, first.spiffe_sequence + 1);
  assert.ok(await python({}, 'spiffe', svid, bundle, 'acme.test', AUDIENCE));
  await assert.rejects(python({}, 'spiffe', svid, JSON.stringify(first), 'acme.test', AUDIENCE));
});
