// GitHub Actions, asked by @actions/core as a step of a job asks it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getIDToken } from '@actions/core';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { environment, header, inJob, start } from './support/platforms.mjs';

const mock = await start();

/** What a step of that job is given. */
async function step(issuer, audience) {
  const { variables } = await environment(issuer);
  return inJob(variables, () => getIDToken(audience));
}

/** By the keys that discovery leads to, as a service would that trusts GitHub. */
async function judged(issuer, token, audience) {
  const { issuer: iss, jwks_uri } = await issuer.metadata();
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), { issuer: iss, audience });
  return payload;
}

const described = (job) => mock.fresh('github').make({ platform: { github_actions: job } });

test('the issuer github-actions has an example job, unasked', async () => {
  const issuer = mock.at('github-actions');
  const token = await step(issuer, 'https://tokens.example.com');
  assert.equal(header(token).typ, 'JWT');
  assert.equal(header(token).alg, 'RS256');
  const claims = await judged(issuer, token, 'https://tokens.example.com');
  assert.equal(claims.iss, issuer.id);
  assert.equal(claims.sub, 'repo:acme@65/shop@74:ref:refs/heads/main');
  assert.equal(claims.exp - claims.iat, 300);
  for (const [name, value] of Object.entries({
    ref: 'refs/heads/main',
    ref_type: 'branch',
    ref_protected: 'true',
    repository: 'acme/shop',
    repository_id: '74',
    repository_owner: 'acme',
    repository_owner_id: '65',
    event_name: 'push',
    head_ref: '',
    base_ref: '',
    runner_environment: 'github-hosted',
    workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
    job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
  }))
    assert.equal(claims[name], value, name);
  assert.ok(!('environment' in claims));
});

test('the audience is the owner where none is given', async () => {
  const issuer = mock.at('github-actions');
  const claims = await judged(issuer, await step(issuer), 'https://github.com/acme');
  assert.equal(claims.aud, 'https://github.com/acme');
});

test('subjects: with ids and with names alone, of branches, tags, environments and pull requests', async () => {
  const job = { repository: 'octo-org/octo-repo' };
  for (const [more, ids, names] of [
    [{}, 'ref:refs/heads/main'],
    [{ ref: 'refs/tags/v1', event_name: 'release' }, 'ref:refs/tags/v1'],
    [{ environment: 'Production:V1' }, 'environment:Production%3AV1'],
    [{ event_name: 'pull_request' }, 'pull_request'],
    [{ event_name: 'pull_request', environment: 'staging' }, 'environment:staging'],
    [{ event_name: 'pull_request_target' }, 'ref:refs/heads/main'],
  ].map(([more, context]) => [
    more,
    `repo:octo-org@65/octo-repo@74:${context}`,
    `repo:octo-org/octo-repo:${context}`,
  ])) {
    for (const [immutable_subject, sub] of [
      [true, ids],
      [false, names],
    ]) {
      const issuer = await described({ ...job, ...more, immutable_subject });
      const claims = await judged(issuer, await step(issuer, 'a'), 'a');
      assert.equal(claims.sub, sub);
      assert.equal(claims.environment, more.environment);
    }
  }
});

test('a pull request has its refs, a reusable workflow its file', async () => {
  const job_workflow_ref = 'acme/ci/.github/workflows/deploy.yml@refs/tags/v2';
  const issuer = await described({ event_name: 'pull_request', head_ref: 'fix', base_ref: 'next', job_workflow_ref });
  const claims = await judged(issuer, await step(issuer, 'a'), 'a');
  assert.deepEqual(
    [claims.ref, claims.head_ref, claims.base_ref, claims.job_workflow_ref],
    ['refs/pull/1/merge', 'fix', 'next', job_workflow_ref],
  );
  assert.equal(claims.workflow_ref, 'acme/shop/.github/workflows/deploy.yml@refs/pull/1/merge');
});

test('iss is what the description says, and discovery says the same', async () => {
  const iss = 'https://token.actions.githubusercontent.com';
  const issuer = await described({ issuer: iss });
  const claims = await judged(issuer, await step(issuer, 'a'), 'a');
  assert.equal(claims.iss, iss);
});

test('without its request token a step has none; a lenient issuer takes any', async () => {
  const issuer = await described({});
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url } = (await environment(issuer)).variables;
  const ask = (authorization) => fetch(url, { headers: authorization ? { authorization } : {} });
  assert.equal((await ask()).status, 401);
  const any = await ask('bearer anything');
  assert.equal(any.status, 200);
  assert.equal(any.headers.get('jeton-mock-waived'), 'request_token');
  await issuer.make({ strictness: 'strict', platform: { github_actions: {} } });
  assert.equal((await ask('bearer anything')).status, 401);
  assert.ok(await step(issuer, 'a'));
});

test('what text/plain prefers are lines of a shell', async () => {
  const text = await fetch(`${mock.url}/_mock/environment?issuer=github-actions`, {
    headers: { accept: 'text/plain' },
  }).then((answer) => answer.text());
  assert.match(text, /^export ACTIONS_ID_TOKEN_REQUEST_URL='http:\/\/\S+\/idtoken\?api-version=2\.0'$/m);
  assert.match(text, /^export ACTIONS_ID_TOKEN_REQUEST_TOKEN='[0-9a-f]{64}'$/m);
});
