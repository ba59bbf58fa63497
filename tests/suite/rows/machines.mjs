// docs/machines.md: its commands, run by `sh` against a deployment as it is, with its records, documents,
// answers and log lines. Issuers of this machine stand for the platforms.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeJwt } from 'jose';
import { parse } from 'yaml';
import { isSecret } from '../support/credentials.mjs';
import { isMock } from '../support/fixtures.mjs';
import { foreignIssuers } from '../support/foreign-issuer.mjs';
import { deployment } from '../support/front.mjs';
import { secretOf } from '../support/grant-clients.mjs';
import { keyOf } from '../support/jws.mjs';
import { logged } from '../support/log.mjs';
import { blocks, codes, isShown, page, rows } from '../support/page.mjs';
import { github, kubernetes, spiffe } from '../support/platforms.mjs';
import { protectedResource } from '../support/protected-resource.mjs';
import { logs, unless } from '../support/target.mjs';

const PAGE = page('docs/machines.md');

/** What a host adds to a line that a page does not show. */
const OF_HOSTS = ['time', 'duration_ms', 'request_id', 'client_address'];

const PLATFORMS = { github, kubernetes, spiffe };

const now = () => Math.floor(Date.now() / 1000);

/**
 * A deployment with the page's client and its three documents, and everything beside it that the page names.
 * `changed` makes of them what is deployed.
 */
async function deployed(t, changed = (all) => all) {
  const folder = mkdtempSync(join(tmpdir(), 'jeton-machines-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [others, api] = await Promise.all([foreignIssuers(t), protectedResource(t)]);
  const issuers = {
    github: others.issuer('github', ['RS256']),
    kubernetes: others.issuer('cluster', ['RS256']),
    spiffe: others.issuer('spire'),
  };
  const { jwk } = issuers.spiffe.keys[0];
  issuers.spiffe.instead.set('/jwks', { keys: [{ ...jwk, alg: undefined, use: 'jwt-svid' }] });
  const names = {
    'https://api.example.com': api.url,
    'https://token.actions.githubusercontent.com': issuers.github.url,
    'https://kubernetes.default.svc.cluster.local': issuers.kubernetes.url,
    'https://spire.example.org/': issuers.spiffe.jwksUri,
    'spiffe://example.org': 'spiffe://machines.example',
    '/var/run/secrets/jeton': folder,
  };
  const local = (text) => Object.entries(names).reduce((all, [name, here]) => all.replaceAll(name, here), text);
  const text = local(PAGE);
  const trust = ['GitHub Actions', 'Kubernetes', 'SPIFFE'].map((heading) => JSON.parse(blocks(text, heading).json[0]));
  const [ofGithub, ofKubernetes, ofSpiffe] = trust;
  ofKubernetes.jwks = issuers.kubernetes.jwks;
  if (isMock) {
    // It reaches nobody.
    ofGithub.jwks = issuers.github.jwks;
    ofSpiffe.jwks = issuers.spiffe.instead.get('/jwks');
    delete ofSpiffe.jwks_uri;
  }
  const client = JSON.parse(blocks(text, 'The client').json[0]);
  const { clients, documents } = changed({ clients: [client], documents: trust }, text);
  const url = await deployment(t, clients, {
    trust: documents,
    ...(isMock ? {} : { JETON_DEVELOPMENT: 'true' }),
  });
  api.trust(url);
  const platform = await standIn(t, issuers, ofSpiffe.issuer);
  return { url, folder, platform, text: text.replaceAll('https://tokens.example.com', url) };
}

/** What gives jobs their tokens: GitHub's endpoint, the kubelet, and SPIRE's agent. `changes` is what else they say. */
async function standIn(t, issuers, domain) {
  const platform = {
    changes: {},
    token(name, audience, claims = {}) {
      const issuer = issuers[name];
      const iss = name === 'spiffe' ? undefined : issuer.url;
      const all = { iss, aud: audience, ...claims, ...platform.changes };
      const token = PLATFORMS[name].token(all, { key: issuer.keys[0] });
      isSecret(token, 'assertion');
      return token;
    },
    /** What a job of GitHub is given. */
    requestToken: 'of-the-job',
    pod: (audience, lifetime) =>
      platform.token('kubernetes', [audience], {
        sub: 'system:serviceaccount:prod:deployer',
        exp: now() + lifetime,
      }),
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const audience = url.searchParams.get('audience');
    if (url.pathname === '/idtoken' && request.headers.authorization === `bearer ${platform.requestToken}`)
      return response.end(JSON.stringify({ count: 1, value: platform.token('github', audience) }));
    if (url.pathname === '/svid') {
      const sub = `${domain}/ns/prod/sa/deployer`;
      const token = platform.token('spiffe', audience, { sub });
      // cmd/spire-agent/cli/api/fetch_jwt.go of SPIRE.
      return response.end(`token(${sub}):\n\t${token}\nbundle(${domain}):\n\t${JSON.stringify(issuers.spiffe.jwks)}\n`);
    }
    response.writeHead(401).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  platform.url = `http://127.0.0.1:${server.address().port}`;
  return platform;
}

/** How `sh` ended, and what it printed. */
const sh = (script, env) =>
  new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, ...env } };
    execFile('sh', ['-ec', script], options, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });

/** Runs the lines of a job, which then says on stderr what `answer` it was given. */
const job = (lines, env) => sh(`${lines}\nprintf %s "$answer" >&2`, env);

/** The entry of the log that has these members, without what hosts add. */
async function entryOf(members) {
  const parts = Object.entries(members).map(([name, value]) => `"${name}":${JSON.stringify(value)}`);
  const entry = JSON.parse(await logged({ log: logs }, ...parts));
  for (const name of OF_HOSTS) delete entry[name];
  return entry;
}

/** What a job printed to its log, but for what keeps tokens out of that. */
const printed = ({ stdout }) => JSON.parse(stdout.replaceAll(/^::add-mask::.*\n/gm, ''));

/**
 * Runs a job as its section shows it, with the answer and the log line that stand there; and once more as
 * `strange`, which is what its token says then.
 */
async function check(on, heading, run, strange) {
  const [document, answer, line, refusal, refused] = blocks(on.text, heading).json.map((json) => JSON.parse(json));
  const good = await run();
  assert.equal(good.code, 0, good.stdout + good.stderr);
  const given = JSON.parse(good.stderr);
  isShown(given, answer);
  assert.deepEqual(printed(good), { sub: 'deployer', scope: answer.scope });
  isShown(await entryOf({ jti: decodeJwt(given.access_token).jti }), line);
  on.platform.changes = strange;
  const bad = await run();
  assert.equal(bad.code, 1, bad.stderr);
  isShown(printed(bad), refusal);
  isShown(await entryOf({ trust_issuer: document.issuer, error: refusal.error }), refused);
}

describe('docs/machines.md', { skip: unless.startable, concurrency: 1 }, () => {
  test('a job of GitHub Actions gets a token with curl', async (t) => {
    const on = await deployed(t);
    const { env, jobs } = parse(blocks(on.text, 'GitHub Actions').yaml[0]);
    const [{ run: lines }] = jobs.deploy.steps;
    const run = () =>
      job(lines, {
        ...env,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: on.platform.requestToken,
        ACTIONS_ID_TOKEN_REQUEST_URL: `${on.platform.url}/idtoken?api-version=2.0`,
      });
    const { stdout, stderr } = await run();
    assert.ok(stdout.includes(`::add-mask::${JSON.parse(stderr).access_token}\n`));
    await check(on, 'GitHub Actions', run, { environment: 'staging' });
  });

  test('a pod of Kubernetes gets a token with curl', async (t) => {
    const on = await deployed(t);
    const { spec } = parse(blocks(on.text, 'Kubernetes').yaml[0]);
    const [{ serviceAccountToken: projected }] = spec.volumes[0].projected.sources;
    const [{ env, command, args, volumeMounts }] = spec.containers;
    assert.deepEqual(command, ['sh', '-ec']);
    const file = join(volumeMounts[0].mountPath, projected.path);
    const run = () => {
      writeFileSync(file, on.platform.pod(projected.audience, projected.expirationSeconds));
      return job(args[0], Object.fromEntries(env.map(({ name, value }) => [name, value])));
    };
    await check(on, 'Kubernetes', run, { sub: 'system:serviceaccount:prod:default' });
  });

  test('a workload of SPIFFE gets a token with curl', async (t) => {
    const on = await deployed(t);
    const agent = join(on.folder, 'spire-agent');
    const words = '[ "$#" = 5 ] && [ "$1 $2 $3 $4" = "api fetch jwt -audience" ]';
    writeFileSync(agent, `#!/bin/sh\n${words} && exec curl --fail -sS "${on.platform.url}/svid?audience=$5"\n`);
    chmodSync(agent, 0o755);
    const [, lines] = blocks(on.text, 'SPIFFE').sh;
    const run = () => job(lines, { PATH: `${on.folder}:${process.env.PATH}` });
    await check(on, 'SPIFFE', run, { sub: 'spiffe://machines.example/ns/staging/sa/deployer' });
  });

  test('a token is sent in three ways', async (t) => {
    const on = await deployed(t);
    const ways = rows(on.text, 'Three ways to send a token');
    assert.equal(ways.length, 3);
    for (const [, way, refused] of ways) {
      const [form] = codes(way);
      for (const [named, changes, status] of [
        ['', {}, 200],
        ['-d client_id=deployer', {}, 200],
        ['', { environment: 'staging' }, Number(refused.slice(0, 3))],
      ]) {
        on.platform.changes = changes;
        const token = on.platform.token('github', on.url);
        const env = { JETON: on.url, token };
        const { stdout, stderr } = await sh(`curl -sS -w '\\n%{http_code}' "$JETON/token" ${form} ${named}`, env);
        const [body, code] = stdout.split('\n');
        assert.equal(Number(code), status, body + stderr);
        const { scope, error } = JSON.parse(body);
        assert.equal(status === 200 ? scope : error, status === 200 ? 'deploy' : codes(refused)[0]);
      }
    }
  });

  test('a client signs with a key of its own, by a library and by curl', async (t) => {
    const heading = 'A key of its own';
    // Where openid-client is found, and git looks at nothing.
    const folder = mkdtempSync(fileURLToPath(new URL('../../node_modules/.machines-', import.meta.url)));
    t.after(() => rmSync(folder, { recursive: true }));
    const write = (name, text) => writeFileSync(join(folder, name), text);
    write('key.mjs', blocks(PAGE, heading).js[0]);
    const made = await sh(`cd ${folder}\n${blocks(PAGE, heading).sh[0]}cat jwks.json`);
    const jwks = JSON.parse(made.stdout);
    assert.equal('d' in jwks.keys[0], false, made.stderr);
    const on = await deployed(t, ({ documents }, text) => {
      const record = JSON.parse(blocks(text, heading).json[0]);
      return { clients: [{ ...record, jwks }], documents };
    });
    const [, library, assertion] = blocks(on.text, heading).js;
    // The issuer is on this machine, and http.
    const local = library
      .replace('import { client', 'import { allowInsecureRequests, client')
      .replace('undefined, proof)', 'undefined, proof, { execute: [allowInsecureRequests] })');
    write('library.mjs', local);
    write('assertion.mjs', assertion);
    for (const lines of ['node library.mjs', blocks(on.text, heading).sh[1]]) {
      const { stdout, stderr } = await sh(`cd ${folder}\n${lines}`);
      const { access_token, scope } = JSON.parse(stdout || `{"scope":${JSON.stringify(stderr)}}`);
      assert.equal(scope, 'read');
      assert.equal(decodeJwt(access_token).sub, 'machine');
    }
  });

  test('a client moves from its secret to a platform, or to a key: both count', async (t) => {
    const secret = secretOf('moving');
    const key = keyOf('ES256', 'moving');
    const on = await deployed(t, ({ documents }, text) => {
      const { client_secrets, ...record } = JSON.parse(blocks(text, 'Moving a client').json[0]);
      const sha256 = createHash('sha256').update(secret).digest('base64url');
      assert.deepEqual(client_secrets, [{ sha256: '…' }]);
      const ofKey = {
        issuer: 'https://deployer.example.com',
        jwks: { keys: [key.jwk] },
        rules: [{ name: 'oidc', client_id: 'deployer', conditions: [{ claim: 'sub', equals: 'deployer' }] }],
      };
      return { clients: [{ ...record, client_secrets: [{ sha256 }] }], documents: [...documents, ofKey] };
    });
    const own = { iss: 'https://deployer.example.com', sub: 'deployer', aud: on.url, iat: now(), exp: now() + 60 };
    const assertion = codes(rows(on.text, 'Three ways to send a token')[1][1])[0];
    for (const [form, token, scope] of [
      ['-d grant_type=client_credentials -u "deployer:$token"', secret, 'deploy read'],
      [assertion, on.platform.token('github', on.url), 'deploy'],
      [assertion, key.sign(own), 'deploy read'],
    ]) {
      const { stdout, stderr } = await sh(`curl -sS "$JETON/token" ${form}`, { JETON: on.url, token });
      assert.equal(JSON.parse(stdout).scope, scope, stdout + stderr);
      assert.equal(decodeJwt(JSON.parse(stdout).access_token).sub, 'deployer');
    }
  });
});
