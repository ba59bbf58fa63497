// GitLab CI, which hands a job the tokens that its `id_tokens` name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { environment, start } from './support/platforms.mjs';

const mock = await start();

async function judged(issuer, token, audience) {
  const { issuer: iss, jwks_uri } = await issuer.metadata();
  assert.match(jwks_uri, /\/oauth\/discovery\/keys$/);
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), { issuer: iss, audience });
  return payload;
}

test('the issuer gitlab has an example job, unasked', async () => {
  const issuer = mock.at('gitlab');
  const { variables } = await environment(issuer, { audience: 'https://tokens.example.com' });
  const claims = await judged(issuer, variables.GITLAB_OIDC_TOKEN, 'https://tokens.example.com');
  assert.equal(claims.sub, 'project_path:acme/shop:ref_type:branch:ref:main');
  for (const [name, value] of Object.entries({
    project_id: '74',
    namespace_id: '65',
    namespace_path: 'acme',
    job_project_id: '74',
    ref: 'main',
    ref_path: 'refs/heads/main',
    ref_protected: 'true',
    runner_id: 1,
    pipeline_source: 'push',
  }))
    assert.equal(claims[name], value, name);
  assert.match(claims.ci_config_ref_uri, /\/acme\/shop\/\/\.gitlab-ci\.yml@refs\/heads\/main$/);
  assert.equal(variables.GITLAB_CI, 'true');
});

test('each of id_tokens is a variable, for its audiences', async () => {
  const id_tokens = { FIRST: { aud: 'https://first.example' }, SECOND: { aud: ['a', 'b'] } };
  const job = { project_path: 'a/b/c', ref: 'v1', ref_type: 'tag', environment: 'production', id_tokens };
  const issuer = await mock.fresh('gitlab').make({ platform: { gitlab: { issuer: 'https://gitlab.com', ...job } } });
  const { variables } = await environment(issuer);
  const first = await judged(issuer, variables.FIRST, 'https://first.example');
  assert.equal(first.iss, 'https://gitlab.com');
  assert.equal(first.sub, 'project_path:a/b/c:ref_type:tag:ref:v1');
  assert.equal(first.namespace_path, 'a/b');
  assert.equal(first.environment, 'production');
  assert.equal(first.ci_config_ref_uri, 'gitlab.com/a/b/c//.gitlab-ci.yml@refs/tags/v1');
  assert.deepEqual((await judged(issuer, variables.SECOND, 'b')).aud, ['a', 'b']);
  assert.ok(!('GITLAB_OIDC_TOKEN' in variables));
});
