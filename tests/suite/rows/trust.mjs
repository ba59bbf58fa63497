// Tokens of others, and the rules by which they stand for clients: the same in each of the three ways in
// which they are presented.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { claimsOf } from '../support/assertions.mjs';
import { isError, isToken } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import { loggedIn, now, sleep } from '../support/flow.mjs';
import { basic } from '../support/http.mjs';
import { keyOf } from '../support/jws.mjs';
import { aws, ci, github, kubernetes, ofCase, spiffe } from '../support/platforms.mjs';
import { clientAssertion, jwtBearer, jwtSvid, shapes } from '../support/shapes.mjs';
import { host, post, unless } from '../support/target.mjs';

const API = 'https://api.example';
const OTHER = 'https://other.example';

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
  // Whoever is trusted for something else does not speak for the trust domain.
  for (const sub of [undefined, 'system:serviceaccount:kube-system:deployer', 'spiffe://example.org/ns/prod/sa/a']) {
    jwtSvid.isRefused(await jwtSvid.ask(github.token({ sub })));
  }
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

  test(`${shape}: a rule that leaves nothing of the client's scope is refused`, async () => {
    isRefused(await ask(ofCase('none of its scope')));
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
  assert.equal(passed.client_id, 'deployer');
});
