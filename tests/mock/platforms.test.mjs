// Platforms that the mock stands in for: what goes wrong with their tokens, when it is, what is known of
// them, and which descriptions are refused. What their SDKs get is in tests/platforms.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { faultsOf, isRefused, judged } from './support/check.mjs';
import { send } from './support/http.mjs';
import { claims, ok } from './support/issuer.mjs';
import { refused, start } from './support/process.mjs';

const mock = await start();
const AUDIENCE = 'https://tokens.example.com';

const make = (platform, more = {}) => mock.fresh('platform').make({ platform, ...more });

const environments = new Map();

/** The ID token of a job of GitHub Actions, as its answer. */
async function ask(issuer, audience = AUDIENCE) {
  if (!environments.has(issuer)) environments.set(issuer, await issuer.set('GET', '/environment'));
  const { variables } = environments.get(issuer);
  const authorization = `bearer ${variables.ACTIONS_ID_TOKEN_REQUEST_TOKEN}`;
  return issuer.get(`/idtoken?api-version=2.0&audience=${encodeURIComponent(audience)}`, { authorization });
}
const tokenOf = async (issuer) => ok(await ask(issuer)).json().value;

async function verify(issuer, token, at) {
  const { issuer: iss, jwks_uri } = await issuer.metadata();
  const currentDate = at === undefined ? undefined : new Date(at * 1000);
  return jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), { issuer: iss, audience: AUDIENCE, currentDate });
}

test('wrong tokens', async () => {
  const issuer = await make({ github_actions: {} });
  await ask(issuer);
  for (const [fault, expected] of [
    ['expired', 'ERR_JWT_EXPIRED'],
    ['not-yet-valid', 'ERR_JWT_CLAIM_VALIDATION_FAILED nbf'],
    ['wrong-issuer', 'ERR_JWT_CLAIM_VALIDATION_FAILED iss'],
    ['wrong-audience', 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
    ['wrong-key', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
    ['tampered', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
    ['unknown-kid', 'ERR_JWKS_NO_MATCHING_KEY'],
  ]) {
    await issuer.fault({ fault, times: 1 });
    const answer = await ask(issuer);
    assert.deepEqual(faultsOf(answer), [fault]);
    assert.equal(await judged(verify(issuer, ok(answer).json().value)), expected, fault);
  }
  await issuer.fault({ fault: 'without-repository_id', times: 1 });
  assert.ok(!('repository_id' in claims(await tokenOf(issuer))));
  assert.equal(await judged(verify(issuer, await tokenOf(issuer))), 'valid');
});

test('faults of the answer, of the keys, and of what a job is handed', async () => {
  const issuer = await make({ github_actions: {} });
  await ask(issuer);
  await issuer.fault({ fault: 'status-503', match: { endpoint: 'platform' }, nth: 2, times: 1 });
  assert.equal((await ask(issuer)).status, 200);
  assert.equal((await ask(issuer)).status, 503);
  await issuer.fault({ fault: 'status-500', match: { endpoint: 'jwks' }, times: 1 });
  assert.equal((await issuer.get('/.well-known/jwks')).status, 500);
  await issuer.keys({ action: 'switch-unpublished' });
  assert.equal(await judged(verify(issuer, await tokenOf(issuer))), 'ERR_JWKS_NO_MATCHING_KEY');
  const gitlab = await make({ gitlab: {} });
  await gitlab.fault({ fault: 'expired', times: 1 });
  const { variables } = await gitlab.set('GET', '/environment', undefined, { query: { audience: AUDIENCE } });
  assert.equal(await judged(verify(gitlab, variables.GITLAB_OIDC_TOKEN)), 'ERR_JWT_EXPIRED');
});

test('the time is that of the issuer', async () => {
  const issuer = await make({ github_actions: {} }, { clock: { set: 1_700_000_000, freeze: true } });
  const token = await tokenOf(issuer);
  const { iat, nbf, exp } = claims(token);
  assert.deepEqual([iat, nbf, exp], [1_700_000_000, 1_699_999_700, 1_700_000_300]);
  await verify(issuer, token, 1_700_000_299);
  const pod = await make({ kubernetes: {} }, { clock: { set: 1_700_000_000, freeze: true } });
  const body = JSON.stringify({ spec: { expirationSeconds: 600 } });
  const path = '/api/v1/namespaces/prod/serviceaccounts/deployer/token';
  const answer = await pod.get(path, {}, { method: 'POST', body });
  assert.equal(answer.json().status.expirationTimestamp, '2023-11-14T22:23:20Z');
});

test('the journal has who asked and whose token it was, and no token', async () => {
  const issuer = await make({ github_actions: { environment: 'production' } });
  const token = await tokenOf(issuer);
  const [environment, entry] = await issuer.journal({ endpoint: 'platform' });
  assert.equal(environment.path, '/_mock/environment');
  assert.equal(entry.path, `${issuer.base}/idtoken`);
  assert.equal(entry.status, 200);
  assert.equal(entry.subject, 'repo:acme@65/shop@74:environment:production');
  assert.deepEqual(entry.parameters, { 'api-version': '2.0', audience: AUDIENCE });
  assert.ok(!JSON.stringify(await issuer.journal()).includes(token));
});

test('an access token of Azure is known to its issuer, and a wrong one is not active', async () => {
  const issuer = await make({ azure: {} });
  const path = '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://api.example';
  const tokenOf = async () => ok(await issuer.get(path, { metadata: 'true' })).json().access_token;
  const said = ok(await issuer.as('any', '/introspect', { token: await tokenOf() })).json();
  assert.equal(said.active, true);
  assert.equal(said.oid, '5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11');
  await issuer.fault({ fault: 'expired', times: 1 });
  assert.equal(await issuer.active(await tokenOf()), false);
});

test('an opaque access token of Google is known to its issuer', async () => {
  const issuer = await make({ gcp: {} });
  const path = '/computeMetadata/v1/instance/service-accounts/default/token';
  const { access_token } = ok(await issuer.get(path, { 'metadata-flavor': 'Google' })).json();
  const said = ok(await issuer.as('any', '/introspect', { token: access_token })).json();
  assert.equal(said.active, true);
  assert.equal(said.sub, '104720231234567890123');
  await issuer.clock({ advance: 3600 });
  assert.equal(await issuer.active(access_token), false);
});

test('an issuer of the mock trusts another one that is a platform, by its metadata', async () => {
  const platform = mock.at('github-actions');
  const issuer = await mock.fresh().make({
    strictness: 'strict',
    clients: [
      {
        client_id: 'deployer',
        token_endpoint_auth_method: 'federated_jwt',
        grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer'],
        scope: 'deploy',
      },
    ],
    trust: [
      {
        issuer: platform.id,
        rules: [
          {
            name: 'production',
            client_id: 'deployer',
            conditions: [
              { claim: 'repository_owner_id', equals: '65' },
              { claim: 'repository_id', equals: '74' },
              { claim: 'ref', equals: 'refs/heads/main' },
              { claim: 'ref_type', equals: 'branch' },
              { claim: 'event_name', equals: 'push' },
            ],
          },
        ],
      },
    ],
  });
  const assertion = ok(await ask(platform, issuer.id)).json().value;
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  ok(await issuer.post('/token', { grant_type, assertion }));
});

test('an issuer that stands in for no platform has no environment', async () => {
  const issuer = await mock.fresh().make();
  const answer = await issuer.control('GET', '/environment');
  assert.equal(answer.status, 404);
  assert.match(answer.json().error_description, /stands in for no platform/);
  // And its paths stay issuers of their own.
  assert.equal((await issuer.get('/idtoken')).status, 404);
});

test('a token without a jti is revoked, and no other with it', async () => {
  const issuer = await make({ gcp: {} });
  const path = '/computeMetadata/v1/instance/service-accounts/default/token';
  const token = async () => ok(await issuer.get(path, { 'metadata-flavor': 'Google' })).json().access_token;
  const [revoked, other] = [await token(), await token()];
  const { client_id } = ok(await issuer.as(['any', 's'], '/introspect', { token: revoked })).json();
  ok(await issuer.as([client_id, 's'], '/revoke', { token: revoked }));
  assert.equal(await issuer.active(revoked, ['any', 's']), false);
  assert.equal(await issuer.active(other, ['any', 's']), true);
});

test('a page of another origin has no environment, whatever the path', async () => {
  const headers = { origin: 'https://evil.example', 'metadata-flavor': 'Google' };
  for (const [path, status] of [
    ['/_mock/environment?issuer=gcp-metadata', 403],
    ['/computeMetadata/v1/_mock/environment', 404],
    ['/gcp-metadata/computeMetadata/v1/_mock/environment', 404],
  ])
    assert.equal((await send(`${mock.issuer}${path}`, { headers })).status, status, path);
});

test('what no platform could have is refused, with its place', async () => {
  const put = (platform) => mock.fresh().control('PUT', '/issuer', { platform });
  for (const [platform, message] of [
    [{ circleci: {} }, /^platform.*unknown variant `circleci`, expected one of `github_actions`/],
    [
      { github_actions: { repo: 'acme/shop' } },
      /^platform\.github_actions\.repo: unknown field `repo`, expected one of/,
    ],
    [
      { github_actions: { ref: 'refs/heads/v1', ref_type: 'tag' } },
      /^platform\.github_actions\.ref_type: expected "branch", because ref is "refs\/heads\/v1"/,
    ],
    [{ gitlab: { ref: 'refs/heads/main' } }, /^platform\.gitlab\.ref: expected the name of a branch or tag/],
  ])
    isRefused(await put(platform), message);
  const toml = `[issuers.ci.platform.github_actions]
repository = "acme/shop"
ref = "refs/heads/v1"
ref_type = "tag"
`;
  const { code, text } = await refused({ config: toml });
  assert.notEqual(code, 0);
  assert.match(text, /\.toml:4:\d+: issuers\.ci\.platform\.github_actions\.ref_type: expected "branch"/);
});
