// What whoever is refused is told: RFC 6750 §3, RFC 9449 §7.1, RFC 9470, RFC 9728.

import assert from 'node:assert/strict';
import { now } from '../../support/keys.mjs';
import { AUDIENCE, challengeOf, start } from '../../support/resource-server.mjs';
import { feature, refused } from '../../support/rows.mjs';

const METADATA = 'https://api.example/.well-known/oauth-protected-resource/v1';

/** The parameters of the challenge of a scheme. */
export function parameters(challenge, scheme = 'Bearer') {
  const begin = challenge.search(new RegExp(`(^|, )${scheme}( |$|,)`, 'i'));
  assert.ok(begin >= 0, `no ${scheme} in ${challenge}`);
  const rest = challenge.slice(begin).replace(/^, /, '').slice(scheme.length);
  const own = rest.split(/, (?=[A-Za-z]+(?: |$))/)[0];
  return Object.fromEntries([...own.matchAll(/([\w-]+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]));
}

feature('challenges', {
  async 'no credentials: a bare challenge, with where to read more'(row) {
    const { api } = await start(row);
    const challenge = challengeOf(await refused(api.verify(undefined), 'caller', 'missing_token'));
    const { error, error_description, resource_metadata } = parameters(challenge);
    assert.equal(error ?? error_description, undefined, challenge);
    assert.equal(resource_metadata, METADATA);
    const { algs, error: word } = parameters(challenge, 'DPoP');
    assert.ok(algs.split(' ').includes('ES256'), challenge);
    assert.equal(word, undefined, challenge);
  },

  async 'all that a step up needs is said at once'(row) {
    const { api, token } = await start(row);
    const needed = { scope_all: ['read'], acr_values: ['gold'], max_age: 60 };
    const verification = api.verify(await token({ acr: 'bronze', auth_time: now() - 300 }), needed);
    const challenge = challengeOf(await refused(verification, 'token', 'insufficient_user_authentication'));
    const { acr_values, scope } = parameters(challenge);
    assert.deepEqual([acr_values, scope], ['gold', 'read'], challenge);
    assert.match(challenge, /max_age="?60"?/);
  },

  async 'a bad token: invalid_token'(row) {
    const { api, token } = await start(row);
    const error = await refused(api.verify(await token({ aud: 'https://other.example' })), 'token', 'wrong_audience');
    const found = parameters(challengeOf(error));
    assert.equal(found.error, 'invalid_token');
    assert.equal(found.resource_metadata, METADATA);
    assert.match(found.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    assert.ok(!found.error_description.includes('other.example'), found.error_description);
  },

  async 'nothing of a token is repeated'(row) {
    const { api, token } = await start(row);
    for (const claims of [{ iss: 'https://evil.example"\r\nx: y' }, { aud: 'evil"' }, { sub: 'evil', exp: 1 }]) {
      const error = await refused(api.verify(await token(claims)), 'token');
      assert.doesNotMatch(challengeOf(error), /evil|[\r\n]/);
      assert.doesNotMatch(error.said, /evil|[\r\n]/);
    }
    const error = await refused(api.verify(await token({}, { header: { kid: 'evil"\r\n' } })), 'token', 'unknown_key');
    assert.doesNotMatch(challengeOf(error) + error.said, /evil|[\r\n]/);
  },

  async 'all of these scopes'(row) {
    const { api, token } = await start(row);
    const text = await token({ scope: 'read profile' });
    assert.equal((await api.verify(text, { scope_all: ['read', 'profile'] })).sub, 'alice');
    const error = await refused(api.verify(text, { scope_all: ['read', 'write'] }), 'token', 'insufficient_scope');
    assert.equal(error.status, 403);
    const { scope, error: word, resource_metadata } = parameters(challengeOf(error));
    assert.equal(word, 'insufficient_scope');
    assert.deepEqual(scope.split(' ').sort(), ['read', 'write']);
    assert.equal(resource_metadata, METADATA);
  },

  async 'any of these scopes'(row) {
    const { api, token } = await start(row);
    const text = await token({ scope: 'read' });
    assert.equal((await api.verify(text, { scope_any: ['write', 'read'] })).sub, 'alice');
    const error = await refused(api.verify(text, { scope_any: ['write', 'admin'] }), 'token', 'insufficient_scope');
    assert.equal(error.status, 403);
  },

  async 'a scope that only begins like it'(row) {
    const { api, token } = await start(row);
    const verification = api.verify(await token({ scope: 'readwrite' }), { scope_all: ['read'] });
    await refused(verification, 'token', 'insufficient_scope');
  },

  async 'how the person logged in (RFC 9470)'(row) {
    const { api, token } = await start(row);
    assert.equal((await api.verify(await token({ acr: 'gold' }), { acr_values: ['silver', 'gold'] })).sub, 'alice');
    for (const acr of ['bronze', undefined]) {
      const verification = api.verify(await token({ acr }), { acr_values: ['silver', 'gold'] });
      const error = await refused(verification, 'token', 'insufficient_user_authentication');
      assert.equal(error.status, 401);
      const found = parameters(challengeOf(error));
      assert.equal(found.error, 'insufficient_user_authentication');
      assert.equal(found.acr_values, 'silver gold');
    }
  },

  async 'when the person logged in (RFC 9470)'(row) {
    const { api, token } = await start(row);
    assert.equal((await api.verify(await token({ auth_time: now() - 30 }), { max_age: 60 })).sub, 'alice');
    for (const auth_time of [now() - 300, undefined]) {
      const verification = api.verify(await token({ auth_time }), { max_age: 60 });
      const error = await refused(verification, 'token', 'insufficient_user_authentication');
      assert.equal(error.status, 401);
      assert.match(challengeOf(error), /max_age="?60"?/);
    }
  },

  async 'proofs: their algorithms'(row) {
    const { api, bound } = await start(row);
    const { authorization, dpop, ...sent } = await bound();
    const error = await refused(api.verify(authorization, { ...sent, dpop: [] }), 'token', 'invalid_dpop_proof');
    const { algs, error: word } = parameters(challengeOf(error), 'DPoP');
    assert.ok(algs.split(' ').includes('ES256'), algs);
    assert.equal(word, 'invalid_dpop_proof');
  },
});

feature('metadata', {
  async 'the document and its place (RFC 9728)'(row) {
    const { issuer, api } = await start(row);
    const { path, document } = await api.metadata();
    assert.equal(path, '/.well-known/oauth-protected-resource/v1');
    assert.equal(document.resource, AUDIENCE);
    assert.deepEqual(document.authorization_servers, [issuer.issuer]);
    assert.deepEqual(document.bearer_methods_supported, ['header']);
  },

  async 'a resource without a path'(row) {
    const { api } = await start(row, { resource: 'https://api.example' });
    const { path, document } = await api.metadata();
    assert.equal(path, '/.well-known/oauth-protected-resource');
    assert.equal(document.resource, 'https://api.example');
    const error = await refused(api.verify(undefined), 'caller', 'missing_token');
    const { resource_metadata } = parameters(challengeOf(error));
    assert.equal(resource_metadata, 'https://api.example/.well-known/oauth-protected-resource');
  },
});
