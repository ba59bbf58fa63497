// AWS, asked by its SDKs for JavaScript and Python.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STS } from '@aws-sdk/client-sts';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { environment, header, inJob, python, start } from './support/platforms.mjs';

const mock = await start();
const AUDIENCE = 'https://tokens.example.com';
const ROLE = 'arn:aws:iam::123456789012:role/deployer';

async function judged(issuer, token) {
  const { issuer: iss, jwks_uri } = await issuer.metadata();
  const keys = createRemoteJWKSet(new URL(jwks_uri));
  const { payload } = await jwtVerify(token, keys, { issuer: iss, audience: AUDIENCE });
  return payload;
}

const request = (more = {}) => ({ Audience: [AUDIENCE], SigningAlgorithm: 'ES384', ...more });

test('@aws-sdk/client-sts: GetWebIdentityToken by ES384 and by RS256', async () => {
  const issuer = mock.at('aws');
  const { variables } = await environment(issuer);
  await inJob(variables, async () => {
    const sts = new STS();
    for (const SigningAlgorithm of ['ES384', 'RS256']) {
      const Tags = [{ Key: 'job', Value: '17 & <4>' }];
      const answer = await sts.getWebIdentityToken(request({ SigningAlgorithm, DurationSeconds: 900, Tags }));
      const claims = await judged(issuer, answer.WebIdentityToken);
      assert.equal(header(answer.WebIdentityToken).alg, SigningAlgorithm);
      assert.equal(claims.sub, ROLE);
      assert.equal(claims.aud, AUDIENCE);
      assert.equal(claims.exp, answer.Expiration.getTime() / 1000);
      assert.equal(claims.exp - claims.iat, 900);
      const own = claims['https://sts.amazonaws.com/'];
      assert.equal(own.aws_account, '123456789012');
      assert.equal(own.source_region, 'us-east-1');
      assert.deepEqual(own.request_tags, { job: '17 & <4>' });
    }
    const identity = await sts.getCallerIdentity({});
    assert.equal(identity.Account, '123456789012');
    assert.match(identity.Arn, /^arn:aws:sts::123456789012:assumed-role\/deployer\//);
    assert.match(identity.UserId, /^AROA[0-9A-F]{16}:/);
  });
});

test('@aws-sdk/client-sts: what STS refuses', async () => {
  const issuer = mock.at('aws');
  const { variables } = await environment(issuer);
  await inJob(variables, async () => {
    const sts = new STS();
    for (const wrong of [
      { Audience: [] },
      { Audience: Array.from({ length: 11 }, (_, index) => `a${index}`) },
      { DurationSeconds: 59 },
      { SigningAlgorithm: 'ES256' },
    ])
      await assert.rejects(sts.getWebIdentityToken(request(wrong)), { name: 'ValidationError' });
    await assert.rejects(sts.assumeRole({ RoleArn: ROLE, RoleSessionName: 'ab' }), { name: 'InvalidAction' });
  });
  const unsigned = await fetch(issuer.url, {
    method: 'POST',
    body: new URLSearchParams({ Action: 'GetCallerIdentity' }),
  });
  assert.equal(unsigned.status, 403);
});

test('boto3, at the address of the mock alone, is answered by the first issuer that is AWS', async () => {
  const { variables } = await environment(mock.at('aws'));
  for (const endpoint of [variables.AWS_ENDPOINT_URL_STS, mock.url]) {
    const env = { ...variables, AWS_ENDPOINT_URL_STS: endpoint };
    const { token, expiration, arn } = await python(env, 'aws', AUDIENCE, 'ES384');
    const claims = await judged(mock.at('aws'), token);
    assert.equal(claims.sub, ROLE);
    assert.equal(claims.exp, Date.parse(expiration) / 1000);
    assert.match(arn, /:assumed-role\/deployer\//);
  }
});

test('a role with a path, tags and an organization, of an account with an issuer of its own', async () => {
  const session = { issuer: 'https://3a1b2c3d.tokens.sts.global.api.aws', role: 'ci/deployer', org_id: 'o-acme' };
  const principal_tags = { team: 'shop' };
  const issuer = await mock.fresh('aws').make({ platform: { aws: { ...session, principal_tags } } });
  const { variables } = await environment(issuer);
  const answer = await inJob(variables, () => new STS().getWebIdentityToken(request()));
  const claims = await judged(issuer, answer.WebIdentityToken);
  assert.equal(claims.iss, session.issuer);
  assert.equal(claims.sub, 'arn:aws:iam::123456789012:role/ci/deployer');
  const { org_id, principal_tags: tags } = claims['https://sts.amazonaws.com/'];
  assert.deepEqual([org_id, tags], ['o-acme', principal_tags]);
});

test('wrong tokens by ES384 too', async () => {
  const issuer = await mock.fresh('aws').make({ platform: { aws: {} } });
  const { variables } = await environment(issuer);
  for (const [fault, code] of [
    ['wrong-key', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
    ['tampered', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
    ['alg-none', 'ERR_JOSE_NOT_SUPPORTED'],
    ['expired', 'ERR_JWT_EXPIRED'],
    ['unknown-kid', 'ERR_JWKS_NO_MATCHING_KEY'],
  ]) {
    await issuer.fault({ fault, times: 1 });
    const answer = await inJob(variables, () => new STS().getWebIdentityToken(request()));
    await assert.rejects(judged(issuer, answer.WebIdentityToken), { code });
  }
});
