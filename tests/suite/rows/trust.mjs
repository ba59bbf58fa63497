// Tokens of others, and the rules by which they stand for clients: the same in each of the three ways in
// which they are presented.

import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { claimsOf } from '../support/assertions.mjs';
import { isError, isToken } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { loggedIn, now, sleep } from '../support/flow.mjs';
import { basic } from '../support/http.mjs';
import { freshKey, hmac, jwt, keyOf, unsigned } from '../support/jws.mjs';
import { aws, ci, github, kubernetes, narrow, retired, spiffe, trust } from '../support/platforms.mjs';
import { clientAssertion, jwtBearer, jwtSvid, shapes } from '../support/shapes.mjs';
import { host, post, unless } from '../support/target.mjs';

const API = 'https://api.example';
const OTHER = 'https://other.example';

/** A token of the issuer whose rules are about rules. */
const ofCase = (name, claims = {}, more) => ci.token({ case: name, ...claims }, more);

/** Jobs that get a token: `[name, token, expected]`. */
const jobs = [
  [
    'a GitHub-shaped job, whose subject has ids',
    () => github.token(),
    { client_id: 'deployer', scope: 'deploy read', aud: API, longest: 30 },
  ],
  [
    'a GitHub-shaped job of an older repository, whose subject has names',
    () => github.token({ sub: 'repo:octo-org/octo-repo:environment:production' }),
    { client_id: 'deployer', scope: 'deploy read', aud: API, longest: 30 },
  ],
  [
    'a GitHub-shaped job of another rule',
    () => github.token({ environment: undefined, event_name: 'pull_request' }),
    { client_id: 'checker', scope: 'deploy read write', aud: API, longest: 60 },
  ],
  [
    'a Kubernetes-shaped pod, whose audience is an array of one and which is good for an hour',
    () => kubernetes.token(),
    { client_id: 'deployer', scope: 'deploy read write', aud: API, longest: 3600 },
  ],
  [
    'a SPIFFE-shaped workload, whose token has no iss',
    () => spiffe.token(),
    { client_id: 'workload', scope: 'deploy read write', aud: API, longest: 60 },
  ],
  [
    'an AWS-shaped role, by ES384 and without a client_id',
    () => aws.token(),
    { client_id: 'deployer', scope: 'deploy read write', aud: API, longest: 60 },
  ],
];

for (const { name: shape, ask } of shapes) {
  for (const [name, token, { client_id, scope, aud, longest }] of jobs) {
    test(`${shape}: ${name}`, async () => {
      for (const form of [{}, { client_id }]) {
        const { payload, body } = await isToken(await ask(token(), form));
        assert.equal(payload.sub, client_id);
        assert.equal(payload.client_id, client_id);
        assert.equal(payload.scope, scope);
        assert.equal(payload.aud, aud);
        assert.ok(body.expires_in <= longest && body.expires_in > longest - 20, `${body.expires_in} s`);
        assert.ok(!('refresh_token' in body));
      }
    });
  }
}

test('draft-ietf-oauth-spiffe-client-auth: a JWT-SVID as client assertion, whatever its iss', async () => {
  for (const claims of [{}, { iss: 'https://oidc.example.org' }, { iss: github.issuer }]) {
    for (const form of [{}, { client_id: 'workload' }]) {
      const { payload } = await isToken(await jwtSvid.ask(spiffe.token(claims), form));
      assert.equal(payload.client_id, 'workload');
    }
  }
  for (const typ of [undefined, 'JWT', 'JOSE']) {
    await isToken(await jwtSvid.ask(spiffe.token({}, { header: { typ } })));
  }
  for (const token of [github.token(), kubernetes.token()]) jwtSvid.isRefused(await jwtSvid.ask(token));
});

/** Claims that meet the rule of a case: `[case, claims]`. */
const met = [
  ['plain', {}],
  ['number', { level: 3 }],
  ['boolean', { protected: true }],
  ['one of', { event: 'push' }],
  ['one of', { event: 7 }],
  ['prefix', { ref: 'refs/heads/main' }],
  ['prefix', { ref: 'refs/heads/a/b' }],
  ['contains', { groups: ['deployers'] }],
  ['contains', { groups: ['readers', 5, 'deployers'] }],
  ['nested', { 'ci.example/job': { id: '7' } }],
  ['dotted', { 'ci.example/job.id': '7' }],
  ['audience', { aud: 'https://jeton.example' }],
  ['audience', { aud: ['https://jeton.example'] }],
];

/** Claims that do not, though they look like it. */
const unmet = [
  ['number', { level: '3' }],
  ['number', { level: 4 }],
  ['number', { level: [3] }],
  ['number', { level: true }],
  ['number', { level: null }],
  ['number', {}],
  ['boolean', { protected: 'true' }],
  ['boolean', { protected: 1 }],
  ['boolean', { protected: false }],
  ['boolean', {}],
  ['one of', { event: 'pull_request' }],
  ['one of', { event: 'push release' }],
  ['one of', { event: 'Push' }],
  ['one of', { event: ['push'] }],
  ['one of', { event: '7' }],
  ['one of', {}],
  ['prefix', { ref: 'refs/heads/' }],
  ['prefix', { ref: 'refs/heads' }],
  ['prefix', { ref: 'refs/heads-of-others/main' }],
  ['prefix', { ref: 'x/refs/heads/main' }],
  ['prefix', { ref: 'Refs/heads/main' }],
  ['prefix', { ref: ['refs/heads/main'] }],
  ['prefix', {}],
  ['contains', { groups: 'deployers' }],
  ['contains', { groups: ['deployers-of-others'] }],
  ['contains', { groups: [['deployers']] }],
  ['contains', { groups: { deployers: true } }],
  ['contains', { groups: [] }],
  ['contains', {}],
  ['nested', { 'ci.example/job': { id: 7 } }],
  ['nested', { 'ci.example/job': [{ id: '7' }] }],
  ['nested', { 'ci.example/job': '7' }],
  ['nested', { 'ci.example/job.id': '7' }],
  ['nested', { 'ci.example': { job: { id: '7' } } }],
  ['nested', {}],
  ['dotted', { 'ci.example/job': { id: '7' } }],
  ['dotted', { 'ci.example/job': { id: '7' }, 'ci.example': { 'job.id': '7' } }],
  ['audience', {}],
  ['audience', { aud: `https://jeton.example/` }],
  ['plain', { aud: 'https://jeton.example' }],
  ['no such case', {}],
];

for (const { name: shape, ask, isRefused } of shapes) {
  test(`${shape}: what meets the conditions of a rule`, async () => {
    for (const [name, claims] of met) await isToken(await ask(ofCase(name, claims)));
  });

  test(`${shape}: what does not meet them, a missing claim and another type among it`, async () => {
    for (const [name, claims] of unmet) isRefused(await ask(ofCase(name, claims)));
  });
}

const twiceIn = (claims, name, value) =>
  JSON.stringify(claims).replace('{', `{${JSON.stringify({ [name]: value }).slice(1, -1)},`);
const pem = (key) => createPublicKey(key.key).export({ format: 'pem', type: 'spki' });
const claimsOfCi = (changes) => ({
  iss: ci.issuer,
  sub: 'job:7',
  aud: ISSUER,
  exp: now() + 60,
  case: 'plain',
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
    () => github.token({}, { key: kubernetes.key, header: { kid: github.key.kid } }),
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
  ['in which a claim stands twice', () => ci.key.sign(twiceIn(claimsOfCi(), 'case', 'number'))],
  ['that is no JWT', () => 'token'],
  ['of a rule that is disabled', () => ofCase('disabled')],
  ['of a rule whose client is not there', () => ofCase('of a client that is not there')],
  ['of a rule whose client is public', () => ofCase('of a public client')],
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

/** What is no SVID of the trust domain, or not of its rule: `[name, token]`. */
const notSvids = [
  ['of another trust domain', () => spiffe.token({ sub: 'spiffe://evil.example/ns/prod/sa/deployer' })],
  ['of a trust domain that begins alike', () => spiffe.token({ sub: 'spiffe://example.org.evil/ns/prod/sa/a' })],
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
  ['by a trusted issuer that names the trust domain', () => github.token({ sub: 'spiffe://example.org/ns/prod/sa/a' })],
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
      ofCase('of a public client'),
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
        // Words of any description.
        if (['audience', 'issuer', 'this'].includes(quoted)) continue;
        assert.ok(!text.includes(quoted), `${quoted} in ${text}`);
      }
    }
  }
});

for (const { name: shape, ask, isRefused } of shapes) {
  test(`${shape}: with a client_id, of several rules the one that is the client's`, async () => {
    for (const [client_id, scope] of [
      ['deployer', 'read'],
      ['checker', 'write'],
    ]) {
      const { payload } = await isToken(await ask(ci.token({ both: true }), { client_id }));
      assert.equal(payload.client_id, client_id);
      assert.equal(payload.scope, scope);
    }
    isRefused(await ask(ci.token({ both: true }), { client_id: 'workload' }));
  });

  test(`${shape}: of several rules of one client the first`, async () => {
    const { payload } = await isToken(await ask(ci.token({ twice: true })));
    assert.equal(payload.scope, 'read');
  });

  test(`${shape}: no more scope, audiences and time than a rule has, and than the client has`, async () => {
    const wide = await isToken(await ask(ofCase('wide')));
    assert.equal(wide.payload.scope, 'read');
    assert.equal(wide.payload.aud, OTHER);
    isError(await ask(ofCase('wide'), { scope: 'write' }), 400, 'invalid_scope');
    isError(await ask(ofCase('wide'), { scope: 'of-nobody' }), 400, 'invalid_scope');
    isError(await ask(ofCase('wide'), { resource: API }), 400, 'invalid_target');
    isError(await ask(ofCase('wide'), { audience: 'https://of-nobody.example' }), 400, 'invalid_target');
    const brief = await isToken(await ask(ofCase('brief', { exp: now() + 3600 })));
    assert.equal(brief.body.expires_in, 10);
    const last = await isToken(await ask(ofCase('plain', { exp: now() + 20 })));
    assert.ok(last.body.expires_in <= 20, `${last.body.expires_in} s`);
    const day = await isToken(await ask(ofCase('plain', { exp: now() + 24 * 3600 - 60 })));
    assert.equal(day.body.expires_in, 3600, "the client's own");
    const part = await isToken(await ask(ofCase('plain'), { scope: 'read', resource: OTHER }));
    assert.equal(part.payload.scope, 'read');
    assert.equal(part.payload.aud, OTHER);
  });

  test(`${shape}: a rule that leaves nothing of the client's scope gives none`, async () => {
    const response = await ask(ofCase('none of its scope'));
    const { payload } = await isToken(response);
    assert.ok(!('scope' in payload));
  });

  test(`${shape}: the subject is the client, or a hash of issuer and subject`, async () => {
    const part = (text) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(Buffer.byteLength(text)));
      return Buffer.concat([length, Buffer.from(text)]);
    };
    const hash = (sub) =>
      createHash('sha256')
        .update(Buffer.concat([part(ci.issuer), part(sub)]))
        .digest('base64url');
    for (const sub of ['job:7', 'job:8', 'ü']) {
      const { payload } = await isToken(await ask(ofCase('hashed', { sub })));
      assert.equal(payload.sub, `jfs_${hash(sub)}`);
      assert.equal(payload.client_id, 'deployer');
    }
  });

  test(`${shape}: a rule may be for a client that has a secret, or a key`, async () => {
    for (const [name, client_id] of [
      ['of a client with a secret', 'mover'],
      ['of a client with a key', 'moving-signer'],
    ]) {
      const { payload } = await isToken(await ask(ofCase(name)));
      assert.equal(payload.sub, client_id);
    }
  });

  test(`${shape}: single use: a token is good once, where the rule says so`, async () => {
    for (const token of [ofCase('once'), github.token()]) {
      await isToken(await ask(token));
      isRefused(await ask(token));
    }
    for (const token of [ofCase('plain'), ofCase('plain', { jti: undefined }), kubernetes.token()]) {
      for (let time = 0; time < 3; time += 1) await isToken(await ask(token));
    }
  });

  test(`${shape}: single use: fifty at once get one token`, async () => {
    const token = ofCase('once');
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(token)));
    const good = answers.filter(({ status }) => status === 200);
    assert.equal(good.length, 1);
    for (const answer of answers) if (answer !== good[0]) isRefused(answer);
  });

  test(`${shape}: single use: what is refused for something else uses nothing up`, async () => {
    const token = ofCase('once');
    const [header, claims, signature] = token.split('.');
    isRefused(await ask([header, claims, Buffer.from(signature).toString('base64url')].join('.')));
    isRefused(await ask(token, { client_id: 'checker' }));
    await isToken(await ask(token));
  });

  test(`${shape}: a token of this server is none of somebody else's`, async () => {
    const { access_token, id_token } = await loggedIn(clients.signer);
    // Whether it may be exchanged is another question: nobody authenticated here.
    for (const token of [access_token, id_token]) {
      const response = await ask(token, { client_id: 'deployer' });
      assert.notEqual(response.status, 200, response.text);
    }
  });
}

test('single use: a token that was good in one way is used up in the others', async () => {
  for (const first of shapes) {
    const token = ofCase('once');
    await isToken(await first.ask(token));
    for (const other of shapes) other.isRefused(await other.ask(token));
  }
});

test('grant_types: a client that is not registered for the grant: unauthorized_client', async () => {
  const token = () => ofCase('of a client without the grant');
  for (const { ask } of shapes) isError(await ask(token()), 400, 'unauthorized_client');
});

test('RFC 7521 §4.2: a platform’s token authenticates its client at every endpoint', async () => {
  const { body } = await isToken(await clientAssertion.ask(ofCase('plain')));
  const form = { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' };
  const call = (path, token, more) => post(path, { ...form, client_assertion: token, ...more });
  const looked = await call('/introspect', ofCase('plain'), { token: body.access_token });
  assert.equal(looked.json().active, true, looked.text);
  isError(await call('/introspect', ofCase('no such case'), { token: body.access_token }), 401, 'invalid_client');
  const revoked = await call('/revoke', ofCase('plain'), { token: body.access_token });
  assert.equal(revoked.status, 200, revoked.text);
  const gone = await call('/introspect', ofCase('plain'), { token: body.access_token });
  assert.equal(gone.text, '{"active":false}');
});

test('RFC 6749 §2.3: a platform’s token and a secret at once: invalid_request', async () => {
  const authorization = basic(clients.mover.client_id, clients.mover.client_secret);
  const response = await clientAssertion.ask(ofCase('of a client with a secret'), {}, { headers: { authorization } });
  isError(response, 400, 'invalid_request');
});

test('a client that has a secret still, or a key, goes on with it', async () => {
  const authorization = basic(clients.mover.client_id, clients.mover.client_secret);
  await isToken(await post('/token', { grant_type: 'client_credentials' }, { headers: { authorization } }));
  const own = keyOf('ES256', 'moving-signer').sign(claimsOf(clients.movingSigner));
  await isToken(await clientAssertion.ask(own));
});

test('federated_jwt: a client without keys and without a secret has no other way in: invalid_client', async () => {
  const own = keyOf('ES256', 'deployer').sign(claimsOf(clients.deployer));
  isError(await clientAssertion.ask(own), 401, 'invalid_client');
  for (const client_secret of ['', 'x']) {
    const form = { grant_type: 'client_credentials', client_id: 'deployer', client_secret };
    isError(await post('/token', form), 401, 'invalid_client');
  }
  isError(await post('/token', { grant_type: 'client_credentials', client_id: 'deployer' }), 401, 'invalid_client');
});

test('the log says which rule failed and at which condition, and nothing of the token', {
  skip: unless.startable,
}, async () => {
  const environment = `staging-${now()}`;
  await clientAssertion.ask(github.token({ environment }));
  await jwtBearer.ask(github.token());
  const lines = async (fits) => {
    const { log } = await host();
    for (let waited = 0; waited < 2000; waited += 50) {
      const found = log()
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line))
        .filter(fits);
      if (found.length > 0) return found;
      await sleep(50);
    }
    throw new Error('no such line');
  };
  const [failed] = await lines((line) => line.trust_condition?.includes('environment'));
  assert.equal(failed.trust_issuer, github.issuer);
  assert.equal(failed.trust_rule, 'production');
  assert.match(failed.trust_condition, /equals/);
  assert.ok(!JSON.stringify(failed).includes(environment));
  const [passed] = await lines((line) => line.trust_rule === 'production' && line.status === 200);
  assert.equal(passed.client, 'deployer');
});
