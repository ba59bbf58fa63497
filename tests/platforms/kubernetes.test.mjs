// Kubernetes: TokenRequest by the client of Python, and what is projected into a pod.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { environment, header, python, start } from './support/platforms.mjs';

const mock = await start();
const issuer = mock.at('kubernetes');
const AUDIENCE = 'https://tokens.example.com';

async function judged(token, audience = AUDIENCE) {
  const { issuer: iss, jwks_uri } = await issuer.metadata();
  assert.match(jwks_uri, /\/openid\/v1\/jwks$/);
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), { issuer: iss, audience });
  return payload;
}

test('kubernetes (Python): a TokenRequest for any service account', async () => {
  const { token, kind, expiration } = await python({}, 'kubernetes', issuer.url, 'prod', 'deployer', AUDIENCE);
  assert.equal(kind, 'TokenRequest');
  const claims = await judged(token);
  assert.equal(claims.sub, 'system:serviceaccount:prod:deployer');
  assert.deepEqual(claims.aud, [AUDIENCE]);
  assert.equal(claims.exp, Date.parse(expiration) / 1000);
  assert.equal(claims.exp - claims.iat, 600);
  const { namespace, serviceaccount } = claims['kubernetes.io'];
  assert.equal(namespace, 'prod');
  assert.equal(serviceaccount.name, 'deployer');
  assert.match(serviceaccount.uid, /^[0-9a-f-]{36}$/);
  assert.ok(!('typ' in header(token)));
  const again = await python({}, 'kubernetes', issuer.url, 'prod', 'deployer', AUDIENCE);
  assert.equal((await judged(again.token))['kubernetes.io'].serviceaccount.uid, serviceaccount.uid);
});

test('a pod has its token and its namespace in files, bound to it', async () => {
  const { files } = await environment(issuer, { audience: AUDIENCE });
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
  assert.equal(files[`${folder}/namespace`], 'prod');
  const claims = await judged(files[`${folder}/token`]);
  assert.equal(claims['kubernetes.io'].pod.name, 'deployer-0');
  assert.equal(claims['kubernetes.io'].node.name, 'node-1');
});

test('what the API refuses is a Status', async () => {
  const ask = (path, spec = {}) =>
    fetch(`${issuer.url}/api/v1/namespaces/${path}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer any' },
      body: JSON.stringify({ kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec }),
    });
  for (const [path, spec, status, reason] of [
    ['prod/serviceaccounts/deployer', { expirationSeconds: 60 }, 422, 'Invalid'],
    ['Prod/serviceaccounts/deployer', {}, 404, 'NotFound'],
    ['prod/serviceaccounts/deployer', { audiences: 'a' }, 400, 'BadRequest'],
  ]) {
    const answer = await ask(path, spec);
    assert.equal(answer.status, status);
    const body = await answer.json();
    assert.deepEqual([body.kind, body.reason, body.code], ['Status', reason, status]);
  }
  const own = await ask('prod/serviceaccounts/deployer');
  assert.equal(own.status, 201);
  const { status, spec } = await own.json();
  assert.deepEqual(spec.audiences, [issuer.id]);
  assert.ok(await judged(status.token, issuer.id));
});
