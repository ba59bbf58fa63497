// Azure's metadata and Entra ID, asked by @azure/identity and azure-identity.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ManagedIdentityCredential } from '@azure/identity';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { environment, inJob, mounted, python, start } from './support/platforms.mjs';

const mock = await start();
const RESOURCE = '0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33';
const SCOPE = `${RESOURCE}/.default`;
const TENANT = '8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21';
const OBJECT = '5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11';
const CLIENT = '2c6f8c3e-5f0e-4c8b-9f4d-6a1e7b3d9c52';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

const described = (identity) => mock.fresh('azure').make({ platform: { azure: identity } });

/** By the keys that the discovery document of the tenant leads to. */
async function judged(issuer, token) {
  const discovery = `${issuer.url}/${TENANT}/v2.0/.well-known/openid-configuration`;
  const { issuer: iss, jwks_uri } = await fetch(discovery).then((answer) => answer.json());
  const keys = createRemoteJWKSet(new URL(jwks_uri));
  const { payload } = await jwtVerify(token, keys, { issuer: iss, audience: RESOURCE });
  return payload;
}

/** The token of a process of its own: the library keeps what it has found for as long as one runs. */
async function alone(variables, credential) {
  const program = `
    import { ManagedIdentityCredential, WorkloadIdentityCredential } from '@azure/identity';
    console.log((await (${credential}).getToken('${SCOPE}')).token);
  `;
  const options = { env: { PATH: process.env.PATH, ...variables }, cwd: FOLDER, timeout: 60_000 };
  const { stdout } = await promisify(execFile)('node', ['--input-type=module', '-e', program], options);
  return stdout.trim();
}

function isOurs(claims) {
  for (const [name, value] of Object.entries({ tid: TENANT, oid: OBJECT, sub: OBJECT, idtyp: 'app' }))
    assert.equal(claims[name], value, name);
  assert.deepEqual([claims.azp, claims.ver], [CLIENT, '2.0']);
}

test('a machine: @azure/identity and azure-identity by AZURE_POD_IDENTITY_AUTHORITY_HOST', async () => {
  const issuer = mock.at('azure-metadata');
  const { variables } = await environment(issuer);
  const credential = () => new ManagedIdentityCredential({ clientId: variables.AZURE_CLIENT_ID });
  const node = await inJob(variables, () => credential().getToken(SCOPE));
  isOurs(await judged(issuer, node.token));
  assert.ok(Math.abs(node.expiresOnTimestamp / 1000 - decodeJwt(node.token).exp) < 5);
  const snake = await python(variables, 'azure', SCOPE);
  isOurs(await judged(issuer, snake.token));
  const atRoot = { ...variables, AZURE_POD_IDENTITY_AUTHORITY_HOST: mock.url };
  isOurs(await judged(issuer, (await python(atRoot, 'azure', SCOPE, CLIENT)).token));
  await assert.rejects(python(variables, 'azure', SCOPE, OBJECT), /Identity not found/);
});

test('an app: @azure/identity and azure-identity by IDENTITY_ENDPOINT', async () => {
  const issuer = await described({ host: 'app_service' });
  const { variables } = await environment(issuer);
  isOurs(await judged(issuer, await alone(variables, 'new ManagedIdentityCredential()')));
  isOurs(await judged(issuer, (await python(variables, 'azure', SCOPE)).token));
  const ask = (headers) => fetch(`${variables.IDENTITY_ENDPOINT}?resource=a&api-version=2019-08-01`, { headers });
  assert.equal((await ask({})).status, 401);
  assert.equal((await ask({ 'x-identity-header': variables.IDENTITY_HEADER })).status, 200);
});

test('tokens of version 1', async () => {
  const issuer = await described({ access_token_version: 1, issuer: `https://sts.windows.net/${TENANT}/` });
  const { variables } = await environment(issuer);
  const claims = await judged(issuer, (await python(variables, 'azure', SCOPE)).token);
  assert.deepEqual([claims.iss, claims.appid, claims.ver], [`https://sts.windows.net/${TENANT}/`, CLIENT, '1.0']);
});

test('what the metadata refuses', async () => {
  const { variables } = await environment(mock.at('azure-metadata'));
  const url = `${variables.AZURE_POD_IDENTITY_AUTHORITY_HOST}/metadata/identity/oauth2/token`;
  const ask = async (query, headers = { metadata: 'true' }) => {
    const answer = await fetch(`${url}?${query}`, { headers });
    assert.equal(answer.status, 400);
    return (await answer.json()).error_description;
  };
  assert.match(await ask('api-version=2018-02-01&resource=a', {}), /metadata header/);
  assert.match(await ask('resource=a'), /api-version/);
  assert.match(await ask('api-version=2018-02-01'), /resource/);
});

test('a workload: the token of its pod is exchanged, by TLS', async (t) => {
  const own = await start({ args: ['--https'], t });
  const plain = own.url.replace('https:', 'http:');
  const get = async (path) => (await fetch(`${plain}${path}`)).text();
  const set = async (body) => {
    const options = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    assert.equal((await fetch(`${plain}/_mock/issuer?issuer=azure-metadata`, options)).status < 300, true);
  };
  const pod = JSON.parse(await get('/_mock/environment?issuer=kubernetes&audience=api://AzureADTokenExchange'));
  const { content: assertion } = pod.files.find(({ path }) => path.endsWith('/token'));
  const { iss: issuer, sub: subject } = decodeJwt(assertion);
  const identity = { host: 'kubernetes', federated_credential: { issuer, subject } };
  await set({ platform: { azure: identity } });
  const { variables } = JSON.parse(await get('/_mock/environment?issuer=azure-metadata'));
  const ca = mounted(await get('/_mock/ca.pem'));
  const trusted = { REQUESTS_CA_BUNDLE: ca, NODE_EXTRA_CA_CERTS: ca };
  const env = { ...variables, ...trusted, AZURE_FEDERATED_TOKEN_FILE: mounted(assertion) };
  const snake = await python(env, 'azure_workload', SCOPE);
  isOurs(decodeJwt(snake.token));
  isOurs(decodeJwt(await alone(env, 'new WorkloadIdentityCredential({ disableInstanceDiscovery: true })')));
  await set({ platform: { azure: { ...identity, federated_credential: { issuer, subject: 'another' } } } });
  await assert.rejects(python(env, 'azure_workload', SCOPE), /AADSTS700213/);
});
