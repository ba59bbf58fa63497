// Workload federation without a network: a job has a token of its platform, which the mock plays, and gets
// one of `jeton serve`, which trusts it; a job that misses the rule gets none. Rules are written by
// `jeton trust new`, for the platforms' own issuers, whose keys are where the mock has them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { STS } from '@aws-sdk/client-sts';
import { GoogleAuth } from 'google-auth-library';
import { Client, platformToken } from '../../packages/js/jeton-client/index.js';
import { aws, file, githubActions } from '../../packages/js/jeton-client/node.js';
import { BINARY, freePort, launch } from '../hosts/native.mjs';
import { claims, environment, inJob, mounted, python, start } from './support/platforms.mjs';

const API = 'https://api.example';
const CLIENT = {
  client_id: 'deployer',
  token_endpoint_auth_method: 'federated_jwt',
  grant_types: ['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
  scope: 'deploy',
  audiences: [API],
};

const mock = await start();
const at = (path) => `${mock.url.replace('127.0.0.1', 'localhost')}${path}`;

const TENANT = '8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21';
const RESOURCE = '0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33';
const cluster = 'https://kubernetes.default.svc.cluster.local';

/** Of each platform: its issuer, the rule, where its keys are, and a job of it that the rule is not for. */
const PLATFORMS = {
  github_actions: {
    iss: 'https://token.actions.githubusercontent.com',
    rule: 'github --repository-id 74 --owner-id 65 --environment production',
    keys: '/.well-known/jwks',
    job: { environment: 'production' },
    other: { environment: 'staging' },
  },
  gitlab: {
    iss: 'https://gitlab.com',
    rule: 'gitlab --project-id 74 --ref main',
    keys: '/oauth/discovery/keys',
    job: {},
    other: { ref_type: 'tag' },
  },
  kubernetes: {
    iss: cluster,
    rule: `kubernetes --issuer ${cluster} --namespace prod --service-account deployer`,
    keys: '/openid/v1/jwks',
    job: {},
    other: { service_account: 'default' },
  },
  aws: {
    iss: 'https://3a1b2c3d.tokens.sts.global.api.aws',
    rule: 'aws --issuer https://3a1b2c3d.tokens.sts.global.api.aws --role arn:aws:iam::123456789012:role/deployer',
    keys: '/.well-known/jwks.json',
    job: {},
    other: { role: 'reader' },
  },
  spiffe: {
    rule: 'spiffe --trust-domain example.org --prefix /ns/prod/',
    keys: '/bundle',
    job: {},
    other: { path: '/ns/staging/sa/deployer' },
  },
  gcp: {
    iss: 'https://accounts.google.com',
    rule: 'gcp --service-account-id 104720231234567890123',
    keys: '/oauth2/v3/certs',
    job: {},
    other: { service_account_id: '104720231234567890124' },
  },
  azure: {
    iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
    rule: `azure --tenant-id ${TENANT} --object-id 5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11 --audience ${RESOURCE}`,
    keys: `/${TENANT}/discovery/v2.0/keys`,
    job: {},
    other: { object_id: '6f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11' },
  },
};

let jeton;
let trusted;

before(async () => {
  const trust = Object.entries(PLATFORMS).map(([name, { rule, keys }]) => {
    const words = [...rule.split(' '), '--client', 'deployer', '--jwks-uri', at(`/${name}${keys}`)];
    return JSON.parse(execFileSync(BINARY, ['trust', 'new', ...words], { encoding: 'utf8', stdio: 'pipe' }));
  });
  trusted = `http://127.0.0.1:${await freePort()}`;
  jeton = await launch('serve', ['serve', '--data', mounted('')], {
    JETON_ISSUER: trusted,
    JETON_DEVELOPMENT: 'true',
    JETON_SECRET: execFileSync(BINARY, ['keys', 'new'], { encoding: 'utf8' }).trim(),
    JETON_CLIENTS: JSON.stringify([CLIENT]),
    JETON_TRUST: JSON.stringify(trust),
  });
});
after(() => jeton?.kill());

/** The issuer of the platform with a job. */
async function running(name, job) {
  const { iss } = PLATFORMS[name];
  return mock.at(name).make({ platform: { [name]: { ...(iss ? { issuer: iss } : {}), ...job } } });
}

/** `fetch`, for which the port of a deployment is not its issuer's. */
const deployed = (url, options) => fetch(String(url).replace(trusted, jeton.url), options);

/** The token that a job gets by jeton-client. */
async function access(source, options) {
  const authentication = platformToken(source, options);
  const client = new Client({ issuer: trusted, client_id: 'deployer', authentication, fetch: deployed });
  return (await client.token({ scope: 'deploy' })).access_token;
}

const fileOf = async (issuer, name) => {
  const { files } = await environment(issuer, { audience: trusted });
  const [, content] = Object.entries(files).find(([path]) => path.endsWith(name));
  return file(mounted(content));
};

/** How a job of each platform gets its token and brings it: `(issuer) => access token`. */
const JOBS = {
  github_actions: async (issuer) =>
    inJob((await environment(issuer)).variables, () => access(githubActions(), { as: 'grant' })),
  gitlab: async (issuer) => {
    const { variables } = await environment(issuer, { audience: trusted });
    return access(async () => variables.GITLAB_OIDC_TOKEN);
  },
  kubernetes: async (issuer) => access(await fileOf(issuer, '/token')),
  aws: async (issuer) => inJob((await environment(issuer)).variables, () => access(aws({ sts: new STS() }))),
  // A JWT-SVID need not say who issued it, so it has a type of its own, which jeton-client does not send.
  spiffe: async (issuer) => {
    const { files } = await environment(issuer, { audience: trusted });
    const answer = await fetch(`${jeton.url}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe',
        client_assertion: files['jwt_svid.token'],
        scope: 'deploy',
      }),
    });
    const { access_token, error } = await answer.json();
    if (error) throw Object.assign(new Error(error), { code: error });
    return access_token;
  },
  gcp: async (issuer) =>
    inJob((await environment(issuer)).variables, async () => {
      const client = await new GoogleAuth().getIdTokenClient(trusted);
      const headers = await client.getRequestHeaders();
      return access(async () => headers.get('authorization').split(' ')[1]);
    }),
  // By Python, because Microsoft's library for JavaScript keeps a token for as long as a process runs.
  azure: async (issuer) => {
    const { variables } = await environment(issuer);
    const { token } = await python(variables, 'azure', `${RESOURCE}/.default`);
    return access(async () => token);
  },
};

const requests = () =>
  jeton
    .log()
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((line) => line.endpoint === 'token');

/** The log line of the request for a token that `work` makes, which is written after the answer. */
async function logged(work) {
  const before = requests().length;
  await work();
  for (const deadline = Date.now() + 5000; Date.now() < deadline; ) {
    if (requests().length > before) return requests().at(-1);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('no line of the log');
}

for (const [name, { job, other }] of Object.entries(PLATFORMS)) {
  test(`${name}: a job has a token of a Jeton that trusts its platform, and one that misses the rule has none`, async () => {
    const good = await logged(async () => {
      const said = claims(await JOBS[name](await running(name, job)));
      assert.deepEqual([said.client_id, said.aud, said.scope], ['deployer', API, 'deploy']);
    });
    assert.equal(good.status, 200, JSON.stringify(good));
    assert.equal(good.trust_rule, PLATFORMS[name].rule.split(' ')[0]);
    const refused = await logged(async () => {
      const asked = JOBS[name](await running(name, { ...job, ...other }));
      await assert.rejects(asked, (error) => ['invalid_client', 'invalid_grant'].includes(error.code));
    });
    assert.equal(refused.detail, 'no rule accepts the assertion', JSON.stringify(refused));
    assert.ok(refused.trust_condition, JSON.stringify(refused));
  });
}
