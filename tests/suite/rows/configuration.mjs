import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isToken } from '../support/check.mjs';
import { clients, ISSUER, rsaJwk, SECRET } from '../support/fixtures.mjs';
import { clientCredentials, refusal, startFor, unless } from '../support/target.mjs';

const { keys: mockKeys } = JSON.parse(
  readFileSync(new URL('../../../crates/jeton-mock/keys/rs256.json', import.meta.url)),
);

const SOUND = 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj';

const CI = 'https://ci.example';
const rule = { name: 'main', client_id: clients.m2m.client_id, conditions: [{ claim: 'sub', equals: 'job' }] };
const trust = (changes) => ({ JETON_TRUST: JSON.stringify([{ issuer: CI, rules: [rule], ...changes }]) });

const broken = [
  ['an issuer that is no URL', { JETON_ISSUER: 'issuer' }, 'JETON_ISSUER', 'https URL'],
  ['an issuer with a query', { JETON_ISSUER: 'https://issuer.example/?x' }, 'JETON_ISSUER', 'query'],
  [
    "an example's issuer",
    { JETON_ISSUER: 'https://jeton.example.com', JETON_DEVELOPMENT: 'false' },
    'JETON_ISSUER',
    'an address of your own',
  ],
  [
    "an example's login application",
    { JETON_LOGIN_URL: 'https://login.example.org/login', JETON_DEVELOPMENT: 'false' },
    'JETON_LOGIN_URL',
    'an address of your own',
  ],
  ['an unknown algorithm', { JETON_SIGNING_ALGS: 'HS256' }, 'JETON_SIGNING_ALGS', 'ES256, EdDSA and RS256'],
  [
    'a lifetime past an epoch',
    { JETON_ACCESS_TOKEN_LIFETIME: '2592000' },
    'JETON_ACCESS_TOKEN_LIFETIME',
    '1 to 2505600',
  ],
  ['clients that are no JSON', { JETON_CLIENTS: '[{' }, 'JETON_CLIENTS', 'JSON array'],
  ['a client without a secret', { clients: [{ client_id: 'a' }] }, 'JETON_CLIENTS', 'client_secret'],
  ['a client with a typing error', { clients: [{ ...clients.m2m, scopes: 'read' }] }, 'JETON_CLIENTS', 'scopes'],
  [
    'a client that asks for a protection which is not there',
    { clients: [{ ...clients.m2m, dpop_bound_access_tokens: true }] },
    'JETON_CLIENTS',
    'dpop_bound_access_tokens: there is no such protection',
  ],
  ['trust documents that are no JSON', { JETON_TRUST: '[{' }, 'JETON_TRUST', 'JSON array'],
  ['a trust document with a typing error', trust({ rule: [] }), 'JETON_TRUST', '[0].rule: no such member'],
  [
    'a condition by position',
    trust({ rules: [{ ...rule, conditions: [['sub', 'job', [], '', '']] }] }),
    'JETON_TRUST',
    '[0].rules[0].conditions[0]: expected an object',
  ],
  [
    'a condition beside one that is null',
    trust({ rules: [{ ...rule, conditions: [{ claim: 'sub', equals: null, one_of: ['job'] }] }] }),
    'JETON_TRUST',
    'exactly one of',
  ],
  [
    'a trust document with a member twice',
    { JETON_TRUST: `[{"issuer":"${CI}","jwks":{"keys":[],"keys":[]}}]` },
    'JETON_TRUST',
    '[0].jwks.keys: expected one value, not two',
  ],
  [
    'a trust domain that signs by EdDSA',
    trust({ issuer: 'spiffe://ci.example', jwks_uri: `${CI}/bundle`, algorithms: ['ES256', 'EdDSA'] }),
    'JETON_TRUST',
    'no JWT-SVID',
  ],
  [
    'a rule for every token of an issuer',
    trust({ rules: [{ ...rule, conditions: [{ claim: 'token_use', equals: 'access' }] }] }),
    'JETON_TRUST',
    'every_workload: ',
  ],
  [
    'a rule without conditions',
    trust({ rules: [{ ...rule, conditions: [] }] }),
    'JETON_TRUST',
    'conditions: at least one',
  ],
  [
    'a rule for a public client',
    trust({ rules: [{ ...rule, client_id: clients.publicClient.client_id }] }),
    'JETON_TRUST',
    'of JETON_CLIENTS is public',
  ],
  [
    'two documents of one issuer',
    { JETON_TRUST: JSON.stringify([{ issuer: CI }, { issuer: CI }]) },
    'JETON_TRUST',
    'has two documents',
  ],
  ['a variable that is no setting', { JETON_ISUER: 'https://issuer.example' }, 'JETON_ISUER', 'no such one'],
];

/** What the mock is not given: keys, and what development allows. */
const dangerous = [
  ['a short secret', { JETON_SECRET: 'short' }, 'JETON_SECRET', '43 characters'],
  ['a secret of one letter', { JETON_SECRET: 'a'.repeat(43) }, 'JETON_SECRET', 'different characters'],
  [
    'a secret that is a phrase',
    { JETON_SECRET: 'correct-horse-battery-staple-and-another-horse' },
    'JETON_SECRET',
    'words',
  ],
  ['a secret that repeats itself', { JETON_SECRET: 'Xk3-9vQz!p'.repeat(5) }, 'JETON_SECRET', 'repeats itself'],
  [
    'a secret that is text in base64',
    { JETON_SECRET: btoa('the secret of our own token service') },
    'JETON_SECRET',
    'text in hex or base64',
  ],
  ['a secret that was cut off', { JETON_SECRET: SOUND.slice(0, -1) }, 'JETON_SECRET', '53 characters'],
  ['a secret that was mistyped', { JETON_SECRET: SOUND.replace('STDG', 'STDH') }, 'JETON_SECRET', 'mistyped'],
  ['a weak secret beside a sound one', { JETON_SECRET: `${SOUND} ${'a'.repeat(43)}` }, 'JETON_SECRET', 'random'],
  [
    "the mock's secret",
    { JETON_SECRET: 'jeton-mock-secret-that-everyone-knows-and-nobody-trusts' },
    'JETON_SECRET',
    "none of them the mock's",
  ],
  [
    "a mock's secret of another seed",
    { JETON_SECRET: `jeton-mock-${SOUND.slice(4, 47)}` },
    'JETON_SECRET',
    "none of them the mock's",
  ],
  [
    "the mock's RSA key",
    { JETON_SIGNING_JWKS: JSON.stringify({ keys: [{ ...mockKeys[0], jeton_mock: undefined }] }) },
    'JETON_SIGNING_JWKS',
    'everyone has',
  ],
  [
    'a JWK Set that says it is a mock’s',
    { JETON_SIGNING_JWKS: JSON.stringify({ jeton_mock: true, keys: [rsaJwk()] }) },
    'JETON_SIGNING_JWKS',
    "it is a mock's",
  ],
  [
    'a key that says it is a mock’s',
    { JETON_SIGNING_JWKS: JSON.stringify({ keys: [{ ...rsaJwk(), jeton_mock: { issuer: 'acme' } }] }) },
    'JETON_SIGNING_JWKS',
    "it says that it is a mock's",
  ],
  [
    'two keys of one name',
    { JETON_SIGNING_JWKS: JSON.stringify({ keys: [1, 2].map(() => ({ ...rsaJwk(), kid: '2026-11' })) }) },
    'JETON_SIGNING_JWKS',
    'keys[1] to have a `kid`',
  ],
  ['RS256 without a key', { JETON_SIGNING_ALGS: 'RS256' }, 'JETON_SIGNING_ALGS', 'RSA key'],
  ['keys that are no JWK Set', { JETON_SIGNING_JWKS: '[]' }, 'JETON_SIGNING_JWKS', 'JWK Set'],
  [
    'development with an https issuer that is elsewhere',
    { JETON_DEVELOPMENT: 'true' },
    'JETON_DEVELOPMENT',
    'not this machine',
  ],
  [
    'a client whose keys would be at the deployment itself',
    { clients: [{ client_id: 'a', token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${ISSUER}/jwks` }] },
    'JETON_CLIENTS',
    'jwks_uri: the URL is our own',
  ],
  ['a weak client secret', { clients: [{ ...clients.m2m, client_secret: 's'.repeat(32) }] }, 'JETON_CLIENTS', 'random'],
];

for (const [rows, skip] of [
  [broken, unless.startable],
  [dangerous, unless.keys],
]) {
  for (const [name, changes, variable, expected] of rows) {
    test(`configuration: ${name} is refused at start, naming ${variable}`, { skip }, async () => {
      const said = await refusal(changes);
      assert.ok(said.includes(variable), said);
      assert.ok(said.includes(expected), said);
      const secrets = [SECRET, ...(changes.JETON_SECRET?.length > 10 ? [changes.JETON_SECRET] : [])];
      for (const secret of secrets) assert.ok(!said.includes(secret), 'a secret is printed');
    });
  }
}

test('configuration: other secrets that are long and random are taken', { skip: unless.keys }, async (t) => {
  const cloudFormation = 'q8ZtV3nXyP5kRw7LbJ2sHc9DfG4mTa6EuQv1KxWzYp0NrBiCoSjMdFhAlUgOeI7T';
  const on = await startFor(t, { changes: { JETON_SECRET: `${cloudFormation} ${randomBytes(32).toString('hex')}` } });
  await isToken(await clientCredentials(clients.m2m, {}, { on }), {}, on);
});

test('configuration: development on this machine, by https, takes what production refuses', {
  skip: unless.keys,
}, async (t) => {
  const client = { ...clients.m2m, client_secret: 'short' };
  const on = await startFor(t, {
    changes: { JETON_ISSUER: 'https://localhost:8443', JETON_DEVELOPMENT: 'true', clients: [client] },
  });
  assert.equal((await clientCredentials(client, {}, { on })).status, 200);
  assert.ok(
    on.log().some((line) => line.includes('JETON_DEVELOPMENT is true')),
    'it says so',
  );
});

test('Kubernetes: the service links of a Service called jeton are no settings', { skip: unless.native }, async (t) => {
  await startFor(t, {
    changes: {
      JETON_SERVICE_HOST: '10.96.0.7',
      JETON_SERVICE_PORT: '8080',
      JETON_SERVICE_PORT_HTTP: '8080',
      JETON_PORT: 'tcp://10.96.0.7:8080',
      JETON_PORT_8080_TCP: 'tcp://10.96.0.7:8080',
      JETON_PORT_8080_TCP_PROTO: 'tcp',
      JETON_PORT_8080_TCP_PORT: '8080',
      JETON_PORT_8080_TCP_ADDR: '10.96.0.7',
    },
  });
});
