// Every service of "Get tokens as a service" calls every API of "Protect an API"; and three of them without a secret.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import { startMock } from '../../packages/js/jeton-mock/index.js';
import { BINARY } from '../hosts/native.mjs';
import { addresses, NAMES, SCOPES, startApis } from './support/apis.mjs';
import { go, node, python, rust, start } from './support/programs.mjs';
import { workplace } from './support/workplace.mjs';

const SECRET = 'a secret of the client: billing';
const CLUSTER = 'https://kubernetes.default.svc.cluster.local';

const SERVICES = {
  'service.mjs': () => node('service.mjs'),
  'service.py': () => python('service.py'),
  'rust/src/main.rs': () => rust('example-get-tokens'),
  'go/main.go': (folder) => go(join(folder, 'go')),
};
/** golang.org/x/oauth2 has secrets alone. */
const WITHOUT_SECRETS = Object.keys(SERVICES).filter((name) => name !== 'go/main.go');

describe('get tokens as a service', () => {
  const folder = workplace('get-tokens');
  const secrets = mkdtempSync(join(tmpdir(), 'jeton-examples-'));
  const commands = {};
  let mock;
  let issuer;
  let urls;

  before(async () => {
    mock = await startMock({ bin: BINARY });
    urls = await addresses();
    const cluster = await mock.issuer('cluster');
    const { keys } = await (await fetch(cluster.jwksUri)).json();
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const kid = 'billing-1';
    const identifiers = Object.values(urls);
    const apis = identifiers.map((identifier) => ({ identifier, scope: 'orders:read' }));
    const common = { grant_types: ['client_credentials'], apis };
    issuer = await mock.issuer('services', {
      strictness: 'strict',
      apis: identifiers.map((identifier) => ({ identifier, scopes: SCOPES })),
      clients: [
        { client_id: 'by secret', client_secret: SECRET, ...common },
        {
          client_id: 'by-key',
          token_endpoint_auth_method: 'private_key_jwt',
          jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }] },
          ...common,
        },
        { client_id: 'by-platform', token_endpoint_auth_method: 'federated_jwt', ...common },
        { client_id: 'of-nothing', client_secret: SECRET, grant_types: ['client_credentials'], scope: 'orders:read' },
      ],
      trust: [
        {
          issuer: CLUSTER,
          jwks: { keys },
          rules: [
            {
              name: 'kubernetes',
              client_id: 'by-platform',
              single_use: false,
              conditions: [{ claim: 'sub', equals: 'system:serviceaccount:prod:billing' }],
            },
          ],
        },
      ],
    });
    writeFileSync(join(secrets, 'key.json'), JSON.stringify({ ...(await exportJWK(privateKey)), kid, alg: 'ES256' }));
    const claims = { iss: CLUSTER, aud: issuer.url, sub: 'system:serviceaccount:prod:billing' };
    writeFileSync(join(secrets, 'token'), await cluster.mint(claims, { typ: 'JWT' }));
    for (const [name, command] of Object.entries(SERVICES)) commands[name] = command(folder);
    await startApis(issuer.url, urls);
  });
  after(async () => {
    rmSync(secrets, { recursive: true });
    await mock?.stop();
  });

  const run = (service, api, environment) =>
    start(commands[service], folder, { ISSUER: issuer.url, API: urls[api], ...environment }).ended;

  for (const service of Object.keys(SERVICES)) {
    test(`${service} calls every API`, async () => {
      for (const api of NAMES) {
        const { code, out, err } = await run(service, api, { CLIENT_ID: 'by secret', CLIENT_SECRET: SECRET });
        assert.equal(code, 0, `${api}: ${err}`);
        assert.deepEqual(JSON.parse(out).orders, ['1 jeton'], api);
      }
    });

    test(`${service} says what is wrong, without the secret`, async () => {
      const wrong = { CLIENT_ID: 'by secret', CLIENT_SECRET: 'this is not it' };
      const { code, out, err } = await run(service, 'express.mjs', wrong);
      assert.notEqual(code, 0);
      assert.match(err, /invalid_client|caller/);
      assert.doesNotMatch(out + err, /this is not it/);
    });

    test(`${service} is refused an API that it may not have`, async () => {
      const { code, err } = await run(service, 'express.mjs', { CLIENT_ID: 'of-nothing', CLIENT_SECRET: SECRET });
      assert.notEqual(code, 0);
      assert.match(err, /invalid_target|caller/);
    });
  }

  for (const service of WITHOUT_SECRETS) {
    test(`${service} proves itself by its key`, async () => {
      const proof = { CLIENT_ID: 'by-key', CLIENT_KEY: join(secrets, 'key.json') };
      const { code, out, err } = await run(service, 'express.mjs', proof);
      assert.equal(code, 0, err);
      assert.equal(JSON.parse(out).for, 'by-key');
    });

    test(`${service} proves itself by the token of its pod`, async () => {
      const proof = { CLIENT_ID: 'by-platform', TOKEN_FILE: join(secrets, 'token') };
      const { code, out, err } = await run(service, 'express.mjs', proof);
      assert.equal(code, 0, err);
      assert.equal(JSON.parse(out).for, 'by-platform');
    });
  }
});
