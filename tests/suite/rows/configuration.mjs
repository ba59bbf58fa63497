import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { clients, SECRET } from '../support/fixtures.mjs';
import { refusal, startFor, unless } from '../support/target.mjs';

const { keys: mockKeys } = JSON.parse(
  readFileSync(new URL('../../../crates/jeton-mock/keys/rs256.json', import.meta.url)),
);

const broken = [
  ['an issuer that is no URL', { JETON_ISSUER: 'issuer' }, 'JETON_ISSUER', 'https URL'],
  ['an issuer with a query', { JETON_ISSUER: 'https://issuer.example/?x' }, 'JETON_ISSUER', 'query'],
  [
    "an example's issuer",
    { JETON_ISSUER: 'https://jeton.example.com', JETON_DEVELOPMENT: 'false' },
    'JETON_ISSUER',
    "the service's own address",
  ],
  [
    "an example's login application",
    { JETON_LOGIN_URL: 'https://login.example.org/login', JETON_DEVELOPMENT: 'false' },
    'JETON_LOGIN_URL',
    "the service's own address",
  ],
  ['a short secret', { JETON_SECRET: 'short' }, 'JETON_SECRET', '43 characters'],
  [
    "the mock's secret",
    { JETON_SECRET: 'jeton-mock-secret-that-everyone-knows-and-nobody-trusts', JETON_DEVELOPMENT: 'false' },
    'JETON_SECRET',
    "none of them the mock's",
  ],
  [
    "a mock's secret of another seed",
    { JETON_SECRET: `jeton-mock-${'x'.repeat(43)}`, JETON_DEVELOPMENT: 'false' },
    'JETON_SECRET',
    "none of them the mock's",
  ],
  [
    "the mock's RSA key",
    { JETON_SIGNING_JWKS: JSON.stringify({ keys: [mockKeys[0]] }), JETON_DEVELOPMENT: 'false' },
    'JETON_SIGNING_JWKS',
    'everyone has',
  ],
  ['an unknown algorithm', { JETON_SIGNING_ALGS: 'HS256' }, 'JETON_SIGNING_ALGS', 'ES256, EdDSA and RS256'],
  ['RS256 without a key', { JETON_SIGNING_ALGS: 'RS256' }, 'JETON_SIGNING_ALGS', 'RSA key'],
  ['keys that are no JWK Set', { JETON_SIGNING_JWKS: '[]' }, 'JETON_SIGNING_JWKS', 'JWK Set'],
  [
    'a lifetime past an epoch',
    { JETON_ACCESS_TOKEN_LIFETIME: '2592000' },
    'JETON_ACCESS_TOKEN_LIFETIME',
    '1 to 2505600',
  ],
  ['clients that are no JSON', { JETON_CLIENTS: '[{' }, 'JETON_CLIENTS', 'JSON array'],
  ['a client without a secret', { clients: [{ client_id: 'a' }] }, 'JETON_CLIENTS', 'client_secret'],
  ['a client with a typing error', { clients: [{ ...clients.m2m, scopes: 'read' }] }, 'JETON_CLIENTS', 'scopes'],
  ['a variable that is no setting', { JETON_ISUER: 'https://issuer.example' }, 'JETON_ISUER', 'no such one'],
];

for (const [name, changes, variable, expected] of broken) {
  test(`configuration: ${name} is refused at start, naming ${variable}`, { skip: unless.startable }, async () => {
    const said = await refusal(changes);
    assert.ok(said.includes(variable), said);
    assert.ok(said.includes(expected), said);
    assert.ok(!said.includes(SECRET), 'a secret is printed');
  });
}

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
