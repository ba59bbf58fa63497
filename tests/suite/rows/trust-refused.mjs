// Tokens of others that stand for nobody: for a fault of their own, or by the rules; and what is told of it.

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { JWT_BEARER, TOKEN_EXCHANGE } from '../support/assertion-clients.mjs';
import { ISSUER } from '../support/fixtures.mjs';
import { now } from '../support/flow.mjs';
import { freshKey, hmac, jwt, keyOf, unsigned } from '../support/jws.mjs';
import { aws, ci, github, kubernetes, narrow, ofCase, retired, spiffe, trust } from '../support/platforms.mjs';
import { clientAssertion, jwtBearer, jwtSvid, shapes } from '../support/shapes.mjs';
import { startFor, unless } from '../support/target.mjs';

const twiceIn = (claims, name, value) =>
  JSON.stringify(claims).replace('{', `{${JSON.stringify({ [name]: value }).slice(1, -1)},`);
const pem = (key) => createPublicKey(key.key).export({ format: 'pem', type: 'spki' });
const claimsOfCi = (changes) => ({
  iss: ci.issuer,
  sub: 'job:7',
  aud: ISSUER,
  exp: now() + 60,
  case: 'case: plain',
  ...changes,
});

/** Tokens that are none of a trusted issuer, or not for now, or not for this: `[name, token]`. */
const bad = [
  ['that has expired', () => ofCase('plain', { exp: now() - 15 })],
  ['that has expired within the leeway, and would leave a token no time', () => ofCase('plain', { exp: now() - 3 })],
  ['without exp', () => ofCase('plain', { exp: undefined })],
  ['whose exp is a string', () => ofCase('plain', { exp: `${now() + 60}` })],
  ['good for more than a day', () => ofCase('plain', { exp: now() + 24 * 3600 + 60 })],
  ['issued later', () => ofCase('plain', { iat: now() + 30 })],
  ['that is early', () => ofCase('plain', { nbf: now() + 30 })],
  ['without aud', () => ofCase('plain', { aud: undefined })],
  ['for another server', () => ofCase('plain', { aud: 'https://other.example' })],
  ['for several', () => ofCase('plain', { aud: [ISSUER, 'https://other.example'] })],
  ['for the same twice', () => ofCase('plain', { aud: [ISSUER, ISSUER] })],
  ['for the issuer with a slash', () => ofCase('plain', { aud: `${ISSUER}/` })],
  ['for the token endpoint', () => ofCase('plain', { aud: `${ISSUER}/token` })],
  ['without sub', () => ofCase('plain', { sub: undefined })],
  ['with an empty sub', () => ofCase('plain', { sub: '' })],
  ['whose sub is a number', () => ofCase('plain', { sub: 7 })],
  ['of no issuer', () => ofCase('plain', { iss: undefined })],
  ['of the issuer with a slash', () => ofCase('plain', { iss: `${ci.issuer}/` })],
  ['of the issuer in capitals', () => ofCase('plain', { iss: ci.issuer.toUpperCase() })],
  ['of the issuer in an array', () => ofCase('plain', { iss: [ci.issuer] })],
  ['of an issuer that nobody trusts', () => ofCase('plain', { iss: 'https://nobody.example' })],
  ['of an enterprise’s own GitHub', () => github.token({ iss: `${github.issuer}/octo-enterprise` })],
  ['of an issuer that is disabled', () => retired.token()],
  ['of another issuer, under our name', () => ofCase('plain', {}, { key: keyOf('EdDSA', 'another') })],
  [
    'signed by another issuer that is trusted',
    () => narrow.token({}, { key: aws.key, header: { kid: narrow.key.kid } }),
  ],
  ['of an unknown kid', () => ofCase('plain', {}, { header: { kid: 'unknown' } })],
  ['by a key that has the right name', () => ofCase('plain', {}, { key: freshKey('EdDSA', ci.key.kid) })],
  ['by an algorithm that its document does not have', () => narrow.token({}, { key: keyOf('ES256', 'narrow') })],
  ['by alg none', () => jwt({ alg: 'none' }, claimsOfCi(), unsigned)],
  ['by HS256 with the public key', () => jwt({ alg: 'HS256', kid: ci.key.kid }, claimsOfCi(), hmac(pem(ci.key)))],
  ['with crit', () => ofCase('plain', {}, { header: { crit: ['exp'], exp: 5 } })],
  ['with b64', () => ofCase('plain', {}, { header: { b64: false, crit: ['b64'] } })],
  ['that brings its key', () => ofCase('plain', {}, { header: { jwk: ci.key.jwk } })],
  ['that says where its key is', () => ofCase('plain', {}, { header: { jku: 'https://evil.example/jwks' } })],
  ['that says where its certificate is', () => ofCase('plain', {}, { header: { x5u: 'https://evil.example/x5u' } })],
  ['of typ at+jwt', () => ofCase('plain', {}, { header: { typ: 'at+jwt' } })],
  ['of typ dpop+jwt', () => ofCase('plain', {}, { header: { typ: 'dpop+jwt' } })],
  ['of typ oauth-id-jag+jwt', () => ofCase('plain', {}, { header: { typ: 'oauth-id-jag+jwt' } })],
  ['of typ JOSE, as only an SVID may be', () => ofCase('plain', {}, { header: { typ: 'JOSE' } })],
  ['bound to a key (RFC 7800)', () => ofCase('plain', { cnf: { jkt: 'abc' } })],
  ['with authorization_details (RFC 9396)', () => ofCase('plain', { authorization_details: [] })],
  ['in which a claim stands twice', () => ci.key.sign(twiceIn(claimsOfCi(), 'case', 'case: number'))],
  ['that is no JWT', () => 'token'],
  ['of a rule that is disabled', () => ofCase('disabled')],
  ['of a rule whose client is not there', () => ofCase('of a client that is not there')],
  ['of a rule whose client is disabled', () => ofCase('of a disabled client')],
  ['that rules of several clients accept', () => ci.token({ both: true })],
  ['without jti, of a rule that counts each once', () => ofCase('once', { jti: undefined })],
  ['of GitHub, of another repository', () => github.token({ repository_id: '75' })],
  [
    'of GitHub, of a repository that took over the name',
    () => github.token({ repository_id: '7400', repository_owner_id: '66' }),
  ],
  ['of GitHub, of another environment', () => github.token({ environment: 'staging' })],
  ['of GitHub, of an environment that differs by a capital', () => github.token({ environment: 'Production' })],
  ['of GitHub, without an environment', () => github.token({ environment: undefined })],
  ['of GitHub, for its own default audience', () => github.token({ aud: 'https://github.com/octo-org' })],
  [
    'of Kubernetes, of an account that took over the name',
    () =>
      kubernetes.token({
        'kubernetes.io': { serviceaccount: { name: 'deployer', uid: 'ffffffff-e1dd-43ec-93ac-f13d89cd13af' } },
      }),
  ],
  ['of Kubernetes, without the account’s uid', () => kubernetes.token({ 'kubernetes.io': undefined })],
];

for (const { name: shape, ask, isRefused } of shapes) {
  for (const [name, make] of bad) {
    test(`${shape}: a token ${name} is refused`, async () => {
      isRefused(await ask(make()));
    });
  }

  test(`${shape}: a client_id that no rule is for is refused`, async () => {
    for (const client_id of ['checker', 'workload', 'm2m', 'nobody', ci.issuer, 'Deployer']) {
      isRefused(await ask(ofCase('plain'), { client_id }));
    }
  });
}

test('RFC 6749 §4.4: a rule stands for no public client, also for one that is registered later', {
  skip: unless.store,
}, async (t) => {
  const on = await startFor(t);
  const client = { client_id: 'public-deployer', grant_types: [JWT_BEARER, TOKEN_EXCHANGE], scope: 'read' };
  await on.putClient({ ...client, token_endpoint_auth_method: 'none' });
  for (const { ask, isRefused } of shapes) isRefused(await ask(ofCase('public'), {}, { on }));
});

test('RFC 8693 §4.1, §4.4: who acts, and who may, is not lost: an assertion that says so is refused', async () => {
  for (const claims of [{ act: { sub: 'job:8' } }, { may_act: { sub: 'job:8' } }]) {
    for (const { ask, isRefused } of [clientAssertion, jwtBearer]) isRefused(await ask(ofCase('plain', claims)));
  }
});

/** What is no SVID of the trust domain, or not of its rule: `[name, token]`. */
const notSvids = [
  ['of another trust domain', () => spiffe.token({ sub: 'spiffe://evil.example/ns/prod/sa/deployer' })],
  ['of a trust domain that begins alike', () => spiffe.token({ sub: 'spiffe://example.org.evil/ns/prod/sa/a' })],
  [
    'of another trust domain, in the name of this one',
    () => spiffe.token({ iss: spiffe.issuer, sub: 'spiffe://evil.example/a', team: 'deploy' }),
  ],
  ['of the trust domain itself', () => spiffe.token({ sub: 'spiffe://example.org' })],
  ['of the trust domain in capitals', () => spiffe.token({ sub: 'spiffe://EXAMPLE.org/ns/prod/sa/deployer' })],
  ['of another namespace', () => spiffe.token({ sub: 'spiffe://example.org/ns/dev/sa/deployer' })],
  ['of a namespace that begins alike', () => spiffe.token({ sub: 'spiffe://example.org/ns/production/sa/deployer' })],
  ['of the namespace itself', () => spiffe.token({ sub: 'spiffe://example.org/ns/prod' })],
  ['with a dot segment', () => spiffe.token({ sub: 'spiffe://example.org/ns/prod/../dev/sa/deployer' })],
  ['with an empty segment', () => spiffe.token({ sub: 'spiffe://example.org/ns/prod//sa' })],
  ['with a query', () => spiffe.token({ sub: 'spiffe://example.org/ns/prod/sa?x' })],
  ['with a port', () => spiffe.token({ sub: 'spiffe://example.org:443/ns/prod/sa' })],
  ['by a key for certificates', () => spiffe.token({}, { key: keyOf('ES256', 'x509') })],
  ['by a key without a kid', () => spiffe.token({}, { key: keyOf('ES256', 'no-kid'), header: { kid: undefined } })],
  ['for several', () => spiffe.token({ aud: [ISSUER, 'https://other.example'] })],
  ['of typ at+jwt', () => spiffe.token({}, { header: { typ: 'at+jwt' } })],
];

for (const { name: shape, ask, isRefused } of [jwtSvid, ...shapes]) {
  test(`SPIFFE: ${shape}: what is no SVID of the rule is refused`, async (t) => {
    for (const [name, make] of notSvids) {
      await t.test(name, async () => isRefused(await ask(make())));
    }
  });

  test(`${shape}: refusals say nothing of rules, issuers and clients: the same bytes`, async () => {
    const nobody = await ask(ofCase('plain', { iss: 'https://nobody.example' }));
    isRefused(nobody);
    for (const token of [
      retired.token(),
      github.token({ environment: 'staging' }),
      kubernetes.token({ sub: 'system:serviceaccount:kube-system:other' }),
      ofCase('disabled'),
      ofCase('no such case'),
      ofCase('number', { level: 4 }),
      ofCase('of a client that is not there'),
      ofCase('of a disabled client'),
    ]) {
      const response = await ask(token);
      assert.equal(response.text, nobody.text);
      assert.equal(response.status, nobody.status);
    }
  });
}

/** Everything that a rule says. */
const written = trust
  .flatMap(({ issuer, rules }) => [
    issuer,
    ...rules.flatMap(({ name, conditions }) => [
      name,
      ...conditions.flatMap(({ claim, equals, prefix }) => [...[claim].flat(), equals, prefix]),
    ]),
  ])
  .filter((text) => typeof text === 'string' && text.length > 3);

test('CVE-2026-105770: no refusal quotes a rule', async () => {
  for (const { ask } of shapes) {
    for (const make of [...bad.map(([, make]) => make), () => ofCase('number', { level: 4 })]) {
      const { text } = await ask(make());
      for (const quoted of written) {
        assert.ok(!text.includes(quoted), `${quoted} in ${text}`);
      }
    }
  }
});
