// Trust documents, by the management interface: whose tokens stand for which clients from now on.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { JWT_BEARER, TOKEN_EXCHANGE } from '../support/assertion-clients.mjs';
import { fresh } from '../support/assertions.mjs';
import { isToken } from '../support/check.mjs';
import { ISSUER } from '../support/fixtures.mjs';
import { now } from '../support/flow.mjs';
import { keyOf } from '../support/jws.mjs';
import { etagOf, isForbidden, isRefused, machine, made, management, newId, succeeded } from '../support/management.mjs';
import { ci, github } from '../support/platforms.mjs';
import { clientAssertion, shapes } from '../support/shapes.mjs';
import { startFor, unless } from '../support/target.mjs';

const key = keyOf('ES256', 'managed');
const rule = (more = {}) => ({
  name: 'jobs',
  client_id: 'deployer',
  conditions: [{ claim: 'sub', equals: 'job:7' }],
  scope: 'read',
  ...more,
});
const trusted = (more = {}, of = rule()) => ({
  issuer: `https://${newId('ci')}.example`,
  jwks: { keys: [key.jwk] },
  rules: [of],
  ...more,
});

/** A token of that issuer, for a minute. */
const tokenOf = ({ issuer }, changes = {}) =>
  key.sign({ iss: issuer, aud: ISSUER, sub: 'job:7', iat: now(), exp: now() + 60, jti: fresh(), ...changes });

/** What no trust document may be: `[what, how the description begins, document]`. */
const INVALID = [
  ['no issuer', 'issuer: missing', trusted({ issuer: undefined })],
  ['an empty issuer', 'issuer: 1 to 255 ', trusted({ issuer: '' })],
  ['an issuer that is no text', 'issuer: missing', trusted({ issuer: 7 })],
  ['a trust domain with a path', 'issuer: 1 to 255 ', trusted({ issuer: 'spiffe://a.example/b' })],
  ['no keys', 'jwks: ', trusted({ jwks: { keys: [] } })],
  ['a symmetric key', 'jwks: keys[0] ', trusted({ jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } })],
  ['keys in a list', 'jwks: expected an object', trusted({ jwks: [] })],
  ['keys by http', 'jwks_uri: ', trusted({ jwks: undefined, jwks_uri: 'http://a.example/jwks' })],
  ['keys of a network', 'jwks_uri: ', trusted({ jwks: undefined, jwks_uri: 'https://169.254.169.254/jwks' })],
  ['keys, and where they are', 'jwks_uri, jwks: ', trusted({ jwks_uri: 'https://a.example/jwks' })],
  ['a symmetric algorithm', 'algorithms: ', trusted({ algorithms: ['HS256'] })],
  ['no algorithm', 'algorithms: at least one', trusted({ algorithms: [] })],
  ['disabled by a text', 'disabled: ', trusted({ disabled: 'no' })],
  ['rules that are no list', 'rules: expected an array', trusted({ rules: {} })],
  ['two rules of a name', "rules: two are called 'jobs'", trusted({ rules: [rule(), rule()] })],
  ['101 rules', 'rules: more than ', trusted({ rules: Array.from({ length: 101 }, (_, n) => rule({ name: `${n}` })) })],
  ['an unknown member', 'issuers: no such member', trusted({ issuers: ['https://a.example'] })],
  ['an unknown member of a rule', 'rules[0].condition: no such member', trusted({}, rule({ condition: [] }))],
  ['a rule without a name', "rule '': name: ", trusted({}, rule({ name: '' }))],
  ...[
    ['no conditions', 'conditions: ', { conditions: [] }],
    ['a condition that asks for nothing', 'conditions[0]: ', { conditions: [{ claim: 'sub' }] }],
    ['a condition of two kinds', 'conditions[0]: ', { conditions: [{ claim: 'sub', equals: 'a', prefix: 'a' }] }],
    ['a client_id beyond ASCII', 'client_id: ', { client_id: 'ä' }],
    ['a quote for a scope', 'scope: ', { scope: '"' }],
    ['no audience', 'audiences: ', { audiences: [] }],
    ['tokens that live for no time', 'access_token_lifetime: ', { access_token_lifetime: 0 }],
    ['an unknown danger', 'accepted_dangers: ', { accepted_dangers: ['everything'] }],
  ].map(([what, begin, more]) => [`a rule: ${what}`, `rule 'jobs': ${begin}`, trusted({}, rule(more))]),
  [
    'a rule that lets in everybody at GitHub',
    "rule 'jobs': shared_issuer: ",
    trusted({ issuer: github.issuer, jwks: undefined }, rule({ conditions: [{ claim: 'ref', equals: 'a' }] })),
  ],
];

describe('what no trust document may be', { concurrency: 8 }, () => {
  for (const [what, begin, document] of INVALID) {
    test(`${what}: invalid_document`, async () => {
      const by = await management();
      isRefused(await by.trust.create(document), 400, 'invalid_document', begin);
    });
  }
});

describe('a trust document', { concurrency: 8 }, () => {
  test('its tokens stand for its client at once', async () => {
    const by = await management();
    const document = trusted();
    succeeded(await by.trust.create(document), 201);
    for (const { ask } of shapes) {
      const { payload } = await isToken(await ask(tokenOf(document)));
      assert.deepEqual([payload.sub, payload.scope], ['deployer', 'read']);
    }
  });

  test('it is found by its issuer', async () => {
    const by = await management();
    const document = trusted();
    const etag = etagOf(await by.trust.create(document));
    const [item, ...others] = await by.trust.all({ issuer: document.issuer });
    assert.deepEqual(others, []);
    assert.deepEqual([item.etag, item.document], [etag, document]);
    assert.deepEqual(await by.trust.all({ issuer: `${document.issuer}/` }), []);
  });

  test('those of the configuration are neither listed nor changed: 409 already_exists', {
    skip: unless.configured,
  }, async () => {
    const by = await management();
    const document = trusted({ issuer: ci.issuer });
    isRefused(await by.trust.create(document), 409, 'already_exists');
    assert.deepEqual(await by.trust.all({ issuer: ci.issuer }), []);
  });
});

test('a rule makes nobody a login application', { skip: unless.configured }, async () => {
  const by = await management();
  isForbidden(await by.trust.create(trusted({}, rule({ client_id: 'login-app' }))));
});

describe('nobody gives by a rule what they do not have', { concurrency: 8 }, () => {
  const powerful = (by, more = {}) =>
    made(
      by,
      machine({
        token_endpoint_auth_method: 'federated_jwt',
        grant_types: ['client_credentials', JWT_BEARER, TOKEN_EXCHANGE],
        scope: 'read jeton:apis',
        audiences: undefined,
        ...more,
      }),
    );

  test('a rule passes on jeton: scope only where it lists it', async () => {
    const by = await management();
    const { client_id } = await powerful(by);
    const silent = trusted({}, rule({ client_id, scope: undefined }));
    succeeded(await by.trust.create(silent), 201);
    const { payload } = await isToken(await clientAssertion.ask(tokenOf(silent)));
    assert.equal(payload.scope, 'read');
    const listing = trusted({}, rule({ client_id, scope: 'read jeton:apis' }));
    succeeded(await by.trust.create(listing), 201);
    assert.equal((await isToken(await clientAssertion.ask(tokenOf(listing)))).payload.scope, 'read jeton:apis');
  });

  test('who writes trust and no APIs writes no rule that lists jeton:apis', async () => {
    const [by, full] = [await management({ scope: 'jeton:trust' }), await management()];
    const { client_id } = await powerful(full);
    const document = trusted({}, rule({ client_id, scope: 'read jeton:apis' }));
    isForbidden(await by.trust.create(document), 'jeton:apis');
    const plain = trusted({}, rule({ client_id }));
    const etag = etagOf(await by.trust.create(plain));
    const [{ id }] = await by.trust.all({ issuer: plain.issuer });
    isForbidden(await by.trust.replace(id, { ...document, issuer: plain.issuer }, etag), 'jeton:apis');
    isForbidden(await by.trust.patch(id, { rules: document.rules }), 'jeton:apis');
    assert.equal(etagOf(await by.trust.read(id)), etag);
  });

  test('nor does anybody enable one, or open it to other tokens', async () => {
    const [by, full] = [await management({ scope: 'jeton:trust' }), await management()];
    const { client_id } = await powerful(full);
    const document = trusted({ disabled: true }, rule({ client_id, scope: 'jeton:apis' }));
    succeeded(await full.trust.create(document), 201);
    const [{ id }] = await by.trust.all({ issuer: document.issuer });
    isForbidden(await by.trust.patch(id, { disabled: false }), 'jeton:apis');
    isForbidden(await by.trust.patch(id, { jwks: { keys: [keyOf('ES256', 'mine').jwk] } }), 'jeton:apis');
    isForbidden(await by.trust.remove(id), 'jeton:apis');
    succeeded(await full.trust.remove(id), 204);
  });
});

describe('a trust document as it is now', { skip: unless.startable }, () => {
  test('what holds of it', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const by = await management({ on });
    const standing = async (more, of) => {
      const document = trusted(more, of);
      succeeded(await by.trust.create(document), 201);
      const [{ id }] = await by.trust.all({ issuer: document.issuer });
      const ask = (changes) => clientAssertion.ask(tokenOf(document, changes), {}, { on });
      await isToken(await ask(), {}, on);
      return { document, id, ask };
    };
    const rows = {
      'its rules are replaced as a whole, and hold for the next token': async () => {
        const { id, ask } = await standing();
        succeeded(await by.trust.patch(id, { rules: [rule({ conditions: [{ claim: 'sub', equals: 'job:8' }] })] }));
        clientAssertion.isRefused(await ask());
        await isToken(await ask({ sub: 'job:8' }), {}, on);
      },
      'disabled, it stands for nobody': async () => {
        const { id, ask } = await standing();
        succeeded(await by.trust.patch(id, { disabled: true }));
        clientAssertion.isRefused(await ask());
        succeeded(await by.trust.patch(id, { disabled: null }));
        await isToken(await ask(), {}, on);
      },
      'removed, it stands for nobody, and may be made again': async () => {
        const { id, document, ask } = await standing();
        succeeded(await by.trust.remove(id), 204);
        clientAssertion.isRefused(await ask());
        succeeded(await by.trust.create(document), 201);
        await isToken(await ask(), {}, on);
      },
    };
    await Promise.all(Object.entries(rows).map(([name, row]) => t.test(name, row)));
  });
});
