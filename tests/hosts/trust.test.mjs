// `jeton trust`: the commands of README and of docs/machines.md, one after the other, and what they refuse.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { shell } from '../suite/support/command.mjs';
import { send } from '../suite/support/http.mjs';
import { keyOf } from '../suite/support/jws.mjs';
import { blocks, codes, page, rows } from '../suite/support/page.mjs';
import { github } from '../suite/support/platforms.mjs';
import { BINARY, launch } from './native.mjs';

const [COMMANDS] = blocks(page('README.md'), 'Machines without a secret').sh;
const MACHINES = page('docs/machines.md');

const KEY = keyOf('ES256', 'cluster');
const now = () => Math.floor(Date.now() / 1000);

/** A pod's token, as in README. */
function token(claims = {}) {
  const payload = {
    iss: 'https://kubernetes.default.svc',
    aud: ['http://localhost:8080'],
    sub: 'system:serviceaccount:prod:billing',
    iat: now(),
    exp: now() + 600,
    ...claims,
  };
  return KEY.sign(payload);
}

/** A shell in a folder with the cluster's keys and a token. */
const shellOf = (t) =>
  shell(t, { files: { 'jwks.json': JSON.stringify({ keys: [KEY.jwk] }), 'token.jwt': `${token()}\n` } });

test('the commands of README make a client that has no secret', async (t) => {
  const { folder, run } = shellOf(t);
  const { status, stdout, stderr } = await run(COMMANDS);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /It stands for the client "billing"/);
  assert.match(stdout, /^stored the trusted issuer https:\/\/token\.actions\.githubusercontent\.com in jeton\.db$/m);
  assert.match(stderr, /^ {2}repository_id is "1296269"$/m);
  const secret = spawnSync(BINARY, ['keys', 'new'], { encoding: 'utf8' }).stdout.trim();
  const serve = ['serve', '--data', join(folder, 'jeton.db')];
  const host = await launch('serve', serve, { JETON_ISSUER: 'http://localhost:8080', JETON_SECRET: secret });
  t.after(() => host.kill());
  const ask = (assertion) =>
    send(host.url, {
      method: 'POST',
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }).toString(),
    });
  const answer = await ask(token());
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json().scope, 'invoices:read');
  const stranger = await ask(token({ sub: 'system:serviceaccount:prod:other' }));
  assert.equal(stranger.status, 401, stranger.text);
});

test('check ends with 0 for a token that stands for a client, and with 1 for any other', async (t) => {
  const { run } = shellOf(t);
  const rule =
    'kubernetes --client billing --issuer https://kubernetes.default.svc --namespace prod --service-account billing --jwks jwks.json';
  assert.equal((await run(`jeton trust new ${rule} > cluster.json`)).status, 0);
  const check = 'jeton trust check cluster.json';
  const issuer = '--issuer http://localhost:8080';
  assert.equal((await run(`${check} token.jwt ${issuer}`)).status, 0);
  assert.equal((await run(`${check} - ${issuer} < token.jwt`)).status, 0);
  assert.equal((await run(`${check} ${token()} ${issuer}`)).status, 0);
  assert.equal((await run(`${check} token.jwt ${issuer} --rule kubernetes`)).status, 0);
  const refused = async (command, wrong) => {
    const { status, stdout, stderr } = await run(command);
    assert.equal(status, 1, stdout);
    assert.match(stdout + stderr, wrong);
  };
  await refused(`${check} token.jwt --issuer http://localhost:8081`, /WRONG {2}aud is "http:\/\/localhost:8081"/);
  await refused(`${check} token.jwt ${issuer} --now ${now() + 3600}`, /WRONG {2}exp, iat, nbf .*expired/);
  await refused(
    `${check} ${token({ sub: 'system:serviceaccount:prod:x' })} ${issuer}`,
    /WRONG {2}sub is .*prod:billing/,
  );
  await refused(`${check} token.jwt`, /--issuer/);
  await refused(`${check} token.jwt ${issuer} --rule other`, /no rule is called "other"/);
  await refused(`${check} nothing ${issuer}`, /no such file/);
  const tampered = token().replace(/\.(.)([^.]*)$/, (_, first, rest) => `.${first === 'A' ? 'B' : 'A'}${rest}`);
  await refused(`${check} ${tampered} ${issuer}`, /WRONG {2}signature: .*Nothing of the token is proved/);
});

test('put keeps what stands, and stores nothing that is dangerous', async (t) => {
  const { run, write: store } = shellOf(t);
  const write = (rest, file) => run(`jeton trust new oidc --client c --issuer https://ci.example ${rest} > ${file}`);
  assert.equal((await write('--condition sub=a', 'a.json')).status, 0);
  assert.equal((await write('--condition sub=b', 'b.json')).status, 0);
  assert.equal((await run('jeton trust put --create a.json')).status, 0);
  const again = await run('jeton trust put b.json');
  assert.equal(again.status, 1);
  assert.match(again.stderr, /exists already .*; --replace overwrites it/);
  assert.equal((await run('jeton trust put --replace b.json')).status, 0);
  assert.equal((await run('jeton trust put a.json')).status, 1, 'b stands now');
  store(
    'dangerous.json',
    JSON.stringify({
      issuer: 'https://token.actions.githubusercontent.com',
      rules: [{ name: 'r', client_id: 'c', conditions: [{ claim: 'repository', equals: 'octo/app' }] }],
    }),
  );
  const { status, stderr } = await run('jeton trust put dangerous.json');
  assert.equal(status, 1);
  for (const danger of ['recyclable_names', 'any_ref', 'privileged_events'])
    assert.match(stderr, new RegExp(`${danger}: `));
});

test('docs/machines.md: new writes the documents that stand there, and put stores them', async (t) => {
  const { folder, run, write } = shellOf(t);
  const jwks = { keys: [KEY.jwk] };
  write('kubectl', `#!/bin/sh\necho '${JSON.stringify(jwks)}'\n`, 0o755);
  write('keys.json', JSON.stringify(jwks));
  write('client.json', blocks(MACHINES, 'The client').json[0]);
  assert.equal((await run('jeton client new --create --id another')).status, 0);
  for (const heading of [
    'The client',
    'GitHub Actions',
    'Kubernetes',
    'SPIFFE',
    'Moving a client',
    'When a token or a key is stolen',
  ]) {
    const { status, stderr } = await run(`PATH="$PWD:$PATH"\n${blocks(MACHINES, heading).sh[0]}`);
    assert.equal(status, 0, stderr);
  }
  for (const [heading, file] of [
    ['GitHub Actions', 'github.json'],
    ['Kubernetes', 'cluster.json'],
    ['SPIFFE', 'spiffe.json'],
  ]) {
    const shown = JSON.parse(blocks(MACHINES, heading).json[0]);
    const written = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    assert.deepEqual(written, shown.jwks ? { ...shown, jwks } : shown);
  }
});

test('docs/machines.md: new knows the other platforms, and says how their jobs get a token', async (t) => {
  const { run } = shellOf(t);
  const platforms = rows(MACHINES, 'Other platforms');
  assert.equal(platforms.length, 9);
  for (const [platform, rule, way] of platforms) {
    const { status, stderr } = await run(codes(rule)[0]);
    assert.equal(status, 0, `${platform}: ${stderr}`);
    const said = stderr.replaceAll('JETON_ISSUER', 'https://tokens.example.com');
    for (const code of codes(way)) assert.ok(said.includes(code), `${platform}: ${code} is not in\n${said}`);
  }
});

test('docs/machines.md: check says what stands there', async (t) => {
  const { run, write } = shellOf(t);
  const [document] = blocks(MACHINES, 'GitHub Actions').json;
  write('github.json', JSON.stringify({ ...JSON.parse(document), jwks: { keys: [github.key.jwk] } }));
  const time = now();
  const token = github.token({
    aud: 'https://tokens.example.com',
    sub: 'repo:octo-org@65/octo-repo@74:environment:staging',
    environment: 'staging',
    iat: time,
    nbf: time - 300,
    exp: time + 300,
  });
  write('token.jwt', token);
  const { sh, text } = blocks(MACHINES, 'When a job is refused');
  const { status, stdout } = await run(sh[0].replace('token.jwt', `token.jwt --now ${time}`));
  assert.equal(status, 1);
  assert.equal(stdout, text[0]);
});

test('docs/machines.md: a log line has the details that stand there', () => {
  const source = ['assertion', 'exchange'].map((room) => page(`crates/jeton/src/refusal/${room}.rs`)).join('');
  const details = rows(MACHINES, 'When a job is refused').flatMap(([detail]) => codes(detail));
  assert.equal(details.length, 24);
  for (const detail of details) {
    const text = detail.replace('…', '{0}');
    assert.ok(source.includes(`#[error("${text}")]`), detail);
  }
});
