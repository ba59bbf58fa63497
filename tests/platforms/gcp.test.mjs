// Google's metadata server, asked by google-auth-library and google-auth.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoogleAuth } from 'google-auth-library';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { environment, inJob, python, start } from './support/platforms.mjs';

const mock = await start();
const issuer = mock.at('gcp-metadata');
const AUDIENCE = 'https://tokens.example.com';
const ID = '104720231234567890123';
const { variables } = await environment(issuer);

async function judged(token) {
  const { issuer: iss, jwks_uri } = await issuer.metadata();
  const keys = createRemoteJWKSet(new URL(jwks_uri));
  const { payload } = await jwtVerify(token, keys, { issuer: iss, audience: AUDIENCE });
  return payload;
}

test('google-auth-library: an identity token, an access token, the project', async () => {
  await inJob({ ...variables, GOOGLE_CLOUD_PROJECT: '' }, async () => {
    const auth = new GoogleAuth();
    const client = await auth.getIdTokenClient(AUDIENCE);
    const headers = await client.getRequestHeaders();
    const claims = await judged(headers.get('authorization').replace(/^Bearer /, ''));
    assert.equal(claims.sub, ID);
    assert.equal(claims.azp, ID);
    assert.match(await auth.getAccessToken(), /^ya29\.c\./);
    assert.equal(await auth.getProjectId(), 'acme-shop');
    assert.equal((await auth.getCredentials()).client_email, 'deployer@acme-shop.iam.gserviceaccount.com');
  });
});

test('google-auth (Python): finds the server, and has both tokens and the project', async () => {
  const { GOOGLE_CLOUD_PROJECT, ...asked } = variables;
  const got = await python(asked, 'gcp', AUDIENCE);
  assert.equal((await judged(got.token)).sub, ID);
  assert.match(got.access_token, /^ya29\.c\./);
  assert.equal(got.email, 'deployer@acme-shop.iam.gserviceaccount.com');
  assert.equal(got.project, GOOGLE_CLOUD_PROJECT);
  const certs = (await issuer.metadata()).jwks_uri;
  assert.match(certs, /\/oauth2\/v3\/certs$/);
  assert.equal((await python({}, 'gcp_verify', got.token, AUDIENCE, certs)).sub, ID);
});

test('format=full says which machine it is; without the header there is nothing', async () => {
  const root = `http://${variables.GCE_METADATA_HOST}/computeMetadata/v1`;
  const account = `${root}/instance/service-accounts/default`;
  const get = (url, headers = { 'metadata-flavor': 'Google' }) => fetch(url, { headers });
  const full = await get(`${account}/identity?audience=${AUDIENCE}&format=full`);
  assert.equal(full.headers.get('metadata-flavor'), 'Google');
  const claims = await judged(await full.text());
  assert.equal(claims.email, 'deployer@acme-shop.iam.gserviceaccount.com');
  assert.equal(claims.google.compute_engine.zone, 'us-central1-a');
  assert.match(await (await get(`${account}/scopes`)).text(), /cloud-platform\n$/);
  assert.equal((await get(`${account}/identity?audience=${AUDIENCE}`, {})).status, 403);
  assert.equal((await get(`${account}/identity`)).status, 400);
  assert.equal((await get(`${root}/instance/disks`)).status, 404);
  const forwarded = { 'metadata-flavor': 'Google', 'x-forwarded-for': '10.0.0.1' };
  assert.equal((await get(`${account}/email`, forwarded)).status, 403);
  // Beneath an issuer, too.
  const named = `${issuer.url}/computeMetadata/v1/instance/service-accounts/default/email`;
  assert.equal(await (await get(named)).text(), 'deployer@acme-shop.iam.gserviceaccount.com');
});

test('the first issuer that was told to be one answers at the root, until it is gone', async (t) => {
  const own = await start({ t });
  const { GCE_METADATA_HOST: host } = (await environment(own.at('gcp-metadata'))).variables;
  const project = async () => {
    const headers = { 'metadata-flavor': 'Google' };
    return (await fetch(`http://${host}/computeMetadata/v1/project/project-id`, { headers })).text();
  };
  assert.equal(await project(), 'acme-shop');
  const other = await own.at('zzz').make({ platform: { gcp: { project_id: 'another' } } });
  assert.equal(await project(), 'another');
  await other.set('DELETE', '/issuer');
  assert.equal(await project(), 'acme-shop');
});
