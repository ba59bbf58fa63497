// The `jeton` command by itself: over an SQLite file, and as somebody meets it who begins.

import './production.mjs';

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { shell } from '../suite/support/command.mjs';
import { blocks, page } from '../suite/support/page.mjs';
import { freePort, launch } from './native.mjs';

const README = page('README.md');
const CLIENTS = page('docs/clients.md');
/** The id of a grant that nobody has. */
const GRANT = 'A'.repeat(22);

async function ok({ run }, script, env) {
  const { status, stdout, stderr } = await run(script, env);
  assert.equal(status, 0, `${script}\n${stderr}`);
  return stdout;
}

async function refused({ run }, script, expected, env) {
  const { status, stdout, stderr } = await run(script, env);
  assert.equal(status, 1, `${script}\n${stdout}`);
  assert.match(stderr, expected, script);
  return stderr;
}

/** Waits until `jeton health` is content, which asks where `jeton serve` listens. */
async function served(on, env) {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    if ((await on.run('jeton health', env)).status === 0) return;
  }
  throw new Error('no answer within 20 s');
}

describe('README', () => {
  test('One binary: its commands, as they stand there, lead to a token', async (t) => {
    const port = String(await freePort());
    const section = README.split('### One binary\n')[1].split(/^##/m)[0];
    const [commands] = blocks(`## One binary\n${section}`, 'One binary').sh;
    assert.equal(commands.match(/^jeton /gm).length, 2);
    const on = shell(t, { env: { JETON_PORT: port } });
    const serving = on.start(commands.replace('localhost:8080', `localhost:${port}`));
    let printed = '';
    serving.stdout.on('data', (data) => (printed += data));
    await served(on, { JETON_ISSUER: `http://localhost:${port}` });
    const curl = printed.split('\n').find((line) => line.startsWith('  curl '));
    const { access_token, scope } = JSON.parse(await ok(on, curl.replace('curl', 'curl -sS')));
    assert.equal(scope, 'invoices:read');
    assert.equal(decodeJwt(access_token).iss, `http://localhost:${port}`);
    for (const file of ['jeton.secret', 'jeton.db'])
      assert.equal(statSync(join(on.folder, file)).mode & 0o777, 0o600, file);
  });

  test('a client that was tried before it was stored works within seconds', async (t) => {
    const on = shell(t);
    const secret = (await ok(on, 'jeton keys new')).trim();
    await ok(on, 'jeton client new --create --id other');
    const env = { JETON_ISSUER: 'http://localhost:8080', JETON_SECRET: secret };
    const host = await launch('serve', ['serve', '--data', join(on.folder, 'jeton.db')], env);
    t.after(() => host.kill());
    const token = (client, key) =>
      ok(on, `curl -sS -u ${client}:${key} -d grant_type=client_credentials ${host.url}/token`);
    assert.equal(JSON.parse(await token('late', 'x')).error, 'invalid_client');
    const made = JSON.parse(await ok(on, 'jeton client new --id late --format json'));
    assert.ok(JSON.parse(await token('late', made.client_secret)).access_token);
  });
});

describe('an SQLite file', () => {
  test('is made where that is asked for, and by nothing else', async (t) => {
    const on = shell(t, { files: { 'a.json': '{"client_id":"a"}', 'a.toml': 'apis = []' } });
    const name = "'https://a.example'";
    for (const command of [
      'client list',
      'client show a',
      'client new --id a',
      'client put a.json',
      'client set a scope=x',
      'client disable a',
      'client rotate a',
      'client secret list a',
      'client rm a',
      'api list',
      `api new ${name}`,
      `api rm ${name}`,
      'trust list',
      `trust disable ${name}`,
      'grants list --subject a',
      'grants end --subject a',
      'grants end --client a',
      `grants end ${GRANT}`,
      'apply a.toml',
    ]) {
      await refused(on, `jeton ${command}`, /jeton\.db: there is no such file; `jeton serve` makes it, or --create/);
      await refused(on, `jeton ${command}`, /^jeton: elsewhere\.db: there is no such file/, {
        JETON_DATA: 'elsewhere.db',
      });
      await refused(on, `jeton ${command} --data ''`, /a value is required for '--data <FILE>'/);
    }
    for (const whose of ['--subject', '--client']) {
      await refused(on, `jeton grants end ${whose} ''`, /a value is required/);
    }
    await refused(on, "jeton serve --data ''", /a value is required for '--data <FILE>'/);
    assert.deepEqual(readdirSync(on.folder).sort(), ['a.json', 'a.toml']);
    await ok(on, 'jeton client new --id a --create');
    await ok(on, 'jeton api new https://a.example');
    assert.match(await ok(on, 'jeton client list', { JETON_DATA: 'jeton.db' }), /^a +client_credentials$/m);
  });

  test('is given nothing that its deployment could not serve, and nothing misspelt', async (t) => {
    const on = shell(t);
    await ok(on, 'jeton client new --create --id a');
    const RS256 = 'access_token_signed_response_alg: RS256 is not among the algorithms of this deployment';
    await refused(on, 'jeton client new --alg RS256', new RegExp(RS256));
    await refused(on, 'jeton client set a --alg RS256', new RegExp(RS256));
    await refused(on, 'jeton client new scopes=read', /'scopes': .*was scope meant by scopes\?/);
    await refused(on, 'jeton client new redirect_uri=https://a.dev/cb', /was redirect_uris meant/);
    await refused(on, 'jeton client new --web --redirect-uri http://a.dev/cb', /redirect/);
    await refused(on, 'jeton client new dpop_bound_access_tokens=true', /dpop_bound_access_tokens/);
    await refused(on, 'jeton api new https://a.example scope=x', /scope.*was scopes meant by scope\?/);
    await refused(on, 'jeton client new --id a', /exists already .*; --replace overwrites it/);
    assert.match(await ok(on, 'jeton client new --id a --replace --scope x'), /Its secrets are those that it had/);
    const keys = await ok(on, 'jeton keys new --alg RS256');
    const env = { JETON_SIGNING_JWKS: keys.trim(), JETON_SIGNING_ALGS: 'RS256' };
    await ok(on, 'jeton client new --alg RS256', env);
    const configured = JSON.stringify([{ client_id: 'a', token_endpoint_auth_method: 'none', grant_types: [] }]);
    await refused(on, 'jeton client set a scope=y', /configured/, { JETON_CLIENTS: configured });
    // What cannot be replaced is not said to be.
    const other = configured.replace('"a"', '"b"');
    const taken = await refused(on, 'jeton client new --id b', /configured/, { JETON_CLIENTS: other });
    assert.doesNotMatch(taken, /--replace/);
    await ok(on, 'jeton client new --id gone; jeton client rm gone');
    assert.doesNotMatch(await refused(on, 'jeton client new --id gone', /taken for good/), /--replace/);
    await ok(on, 'jeton api new https://a.example');
    assert.doesNotMatch(await refused(on, 'jeton api new https://a.example/', /final slash/), /--replace/);
    await refused(on, 'jeton api new https://a.example', /--replace/);
  });

  test('what one command prints as JSON another reads', async (t) => {
    const on = shell(t);
    const made = await ok(on, 'jeton client new --create --id a --scope read --format json');
    assert.deepEqual(Object.keys(JSON.parse(made)), ['client_secret', 'document', 'etag', 'id']);
    await ok(on, 'jeton client new --id b --format json | sed s/\\"b\\"/\\"c\\"/ | jeton client put');
    await ok(on, 'jeton client show a --format json | jeton client put --data other.db --create');
    await ok(on, "jeton client show a --format json | sed 's/read/read write/' | jeton client set - --format json");
    assert.match(await ok(on, 'jeton client show a'), /^scope: +read write$/m);
    const list = JSON.parse(await ok(on, 'jeton client list --format json'));
    assert.deepEqual(
      list.items.map(({ id }) => id),
      ['a', 'b', 'c'],
    );
    await ok(on, 'jeton api new https://a.example --scope r=R --format json | jeton api put --data other.db');
    await ok(
      on,
      'jeton trust new oidc --client a --issuer https://ci.acme.dev --condition sub=a | jeton trust put --format json | jeton trust put --data other.db',
    );
    // Whoever writes a record by hand has no version, and takes the place of what stands.
    await ok(on, 'printf %s \'{"client_id":"a","grant_types":["client_credentials"]}\' | jeton client set -');
    assert.doesNotMatch(await ok(on, 'jeton client show a'), /^scope/m);
    const late = `jeton client show a --format json > a.json; jeton client set a scope=other; jeton client set - < a.json`;
    await refused(on, late, /somebody else has changed it/);
    await refused(on, 'jeton client put a.json --replace', /somebody else has changed it/);
    await ok(on, 'jeton client show a --format json | sed s/other/third/ | jeton client put --replace');
    await ok(on, 'jeton client show a --format json | jeton client put --replace --data third.db --create');
  });

  test('a secret rotates with an overlap, and the last one stays', async (t) => {
    const on = shell(t);
    await ok(on, 'jeton client new --create --id a');
    const rotated = JSON.parse(await ok(on, 'jeton client rotate a --overlap 1h --expires 90d --format json'));
    assert.match(rotated.client_secret, /^jcs_/);
    const { secrets } = JSON.parse(await ok(on, 'jeton client secret list a --format json'));
    assert.equal(secrets.length, 2);
    const now = Date.now() / 1000;
    const ends = secrets.map(({ expires_at: at }) => Math.round((at - now) / 3600)).sort((a, b) => a - b);
    assert.deepEqual(ends, [1, 90 * 24]);
    const [other] = secrets.filter(({ secret_id: id }) => id !== rotated.secret_id);
    await ok(on, `jeton client secret expire a ${other.secret_id}`);
    await ok(on, `jeton client secret rm a ${other.secret_id}`);
    await refused(on, `jeton client secret rm a ${rotated.secret_id}`, /last/);
    // One id in 64 begins as an option does.
    await refused(on, 'jeton client secret rm a -bcdefghijkl', /not_found|no such/i);
    await refused(on, 'jeton client secret expire a --cdefghijkl', /not_found|no such/i);
    await refused(on, `jeton grants end -${'a'.repeat(20)}A`, /not_found|no such/i);
    await refused(on, 'jeton client secret rm a --isuer', /it has 12 characters of base64url/);
    const shown = await ok(on, 'jeton client secret list a');
    assert.ok(!shown.includes('jcs_') && shown.includes(rotated.secret_id), shown);
  });

  test('apply makes a client of every authentication method', async (t) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1' }] };
    const redirect_uris = ['https://app.example/cb'];
    const methods = {
      client_secret_basic: {},
      client_secret_post: {},
      none: { redirect_uris, grant_types: ['authorization_code'] },
      private_key_jwt: { jwks },
      federated_jwt: {},
      spiffe_jwt: {},
    };
    const clients = Object.entries(methods).map(([method, more]) => ({
      client_id: method,
      token_endpoint_auth_method: method,
      grant_types: ['client_credentials'],
      ...more,
    }));
    const on = shell(t, { files: { 'all.json': JSON.stringify({ clients }) } });
    const made = await ok(on, 'jeton apply all.json --create --secrets-to secrets.json');
    assert.match(made, /^6 to create, 0 to change, 0 to delete, 0 as they are$/m);
    const secrets = JSON.parse(readFileSync(join(on.folder, 'secrets.json')));
    assert.deepEqual(Object.keys(secrets), ['client_secret_basic', 'client_secret_post']);
    assert.match(await ok(on, 'jeton apply all.json'), /^0 to create, 0 to change, 0 to delete, 6 as they are$/m);
  });

  test('half an apply says what was done, and the next goes on', async (t) => {
    const one = (id, more = '') => `[[clients]]\nclient_id = "${id}"\ngrant_types = ["client_credentials"]\n${more}\n`;
    const all = (...some) => `managed_by = "us"\n${some.join('')}`;
    const client = (id) => all(one(id));
    const broken = all(one('a'), one('b', 'access_token_signed_response_alg = "RS256"'), one('c'));
    const on = shell(t, { files: { 'all.toml': broken } });
    const said = await refused(
      on,
      'jeton apply all.toml --create --secrets-to secrets.json',
      /creating the client b failed; of 3 steps 1 were taken, and running it again goes on: access_token_signed/,
    );
    assert.ok(!said.includes('jcs_'));
    const secrets = () => JSON.parse(readFileSync(join(on.folder, 'secrets.json')));
    const { a } = secrets();
    on.write('all.toml', all(one('a'), one('b'), one('c')));
    const went = await ok(on, 'jeton apply all.toml --secrets-to secrets.json');
    assert.match(went, /^2 to create, 0 to change, 0 to delete, 1 as they are$/m);
    assert.deepEqual(Object.keys(secrets()), ['a', 'b', 'c']);
    assert.equal(secrets().a, a);
    // Of another's nothing is deleted, and of its own only when asked.
    await ok(on, 'jeton client new --id by-hand');
    await ok(on, 'jeton client new --id theirs labels.managed_by=them');
    on.write('all.toml', client('a'));
    assert.match(await ok(on, 'jeton apply all.toml'), /only deleted with --prune: client c, client b$/m);
    const { status } = await on.run('jeton apply all.toml --prune --dry-run');
    assert.equal(status, 2);
    await ok(on, 'jeton apply all.toml --prune');
    // By the label of all files without one of their own, what others made would go.
    on.write('all.toml', client('a').replace(/^managed_by.*$/m, ''));
    await refused(on, 'jeton apply all.toml --prune', /managed_by/);
    on.write('all.toml', '\n');
    await refused(on, 'jeton apply all.toml --prune', /empty/);
    const left = JSON.parse(await ok(on, 'jeton client list --format json')).items.map(({ id }) => id);
    assert.deepEqual(left, ['a', 'by-hand', 'theirs']);
    on.write('all.toml', 'client = []\n[[clients]]\nclient_id = "x"\nscopes = "y"\n');
    const wrong = await refused(on, 'jeton apply all.toml', /clients\[0\] "x": .*was scope meant/);
    assert.match(wrong, /client: expected one of .*was clients meant\?/);
  });

  test('secrets are written whole, and nowhere else than was said, or nothing is made', async (t) => {
    const file = '[[clients]]\nclient_id = "a"\ngrant_types = ["client_credentials"]\n';
    const on = shell(t, { files: { 'all.toml': file } });
    const apply = (to) => `jeton apply all.toml --create --secrets-to ${to}`;
    await refused(on, apply('nowhere/secrets.json'), /nowhere/);
    await ok(on, 'printf {} > elsewhere.json; ln -s elsewhere.json link.json');
    await refused(on, apply('link.json'), /a link/);
    assert.match(await ok(on, 'jeton client list'), /^(?!.*\ba\b)/);
    await ok(on, apply('secrets.json'));
    assert.deepEqual(Object.keys(JSON.parse(readFileSync(join(on.folder, 'secrets.json')))), ['a']);
    assert.deepEqual(
      readdirSync(on.folder).filter((name) => name.endsWith('.new')),
      [],
    );
  });

  test('an API or a scope that nobody has registered is warned of', async (t) => {
    const on = shell(t);
    await ok(on, 'jeton api new --create https://a.example --scope r=Read');
    const warned = async (api) => (await on.run(`jeton client new --api '${api}'`)).stderr;
    assert.equal(await warned('https://a.example=r'), '');
    assert.match(await warned('https://a.example=r w'), /^warning: https:\/\/a\.example has no scope w$/m);
    assert.match(await warned('https://b.example=r'), /^warning: no API https:\/\/b\.example is registered/m);
  });

  test('a file that every user may read is warned of', async (t) => {
    const on = shell(t);
    await ok(on, 'jeton client new --create --id a; chmod 644 jeton.db');
    assert.match((await on.run('jeton client list')).stderr, /WARNING: JETON_DATA: every user/);
  });

  test('an application without a secret is told its client_id, and the issuer that a file names', async (t) => {
    const on = shell(t, { files: { 'issuer.txt': 'http://localhost:8080/auth\n' } });
    const app = 'jeton client new --native --redirect-uri com.acme.app:/cb --create';
    const told = await ok(on, app, { JETON_ISSUER: '@issuer.txt' });
    assert.match(told, /^Tell the application its client_id, and:$/m);
    assert.match(told, /^ +issuer +http:\/\/localhost:8080\/auth$/m);
    const web = await ok(on, 'jeton client new --web --redirect-uri https://app.acme.dev/cb');
    assert.match(web, /Tell the application both, and:$/m);
  });

  test('that a server knows late is said once, and where it does', async (t) => {
    const on = shell(t);
    await ok(on, 'jeton client new --create --id a');
    const late = /JETON_REGISTRY_MAX_AGE/g;
    const said = async (command) => ((await on.run(`jeton ${command}`)).stderr.match(late) ?? []).length;
    for (const command of [
      'client set a scope=x',
      'client rotate a',
      'client rm a',
      'grants end --subject s',
      'grants end --client c',
    ])
      assert.equal(await said(command), 1, command);
    // The ledger is asked each time, and what is new is read when it is asked for.
    for (const command of ['client new --id b', `grants end ${GRANT}`, 'token revoke some-jti'])
      assert.equal(await said(command), 0, command);
    // Sessions and access tokens are not listed: whether there are any, the command does not know.
    const { stdout, stderr } = await on.run('jeton grants end --subject nobody');
    assert.match(
      stderr,
      /^no grant with a refresh token is listed of the subject nobody; .* if the subject is right$/m,
    );
    assert.equal(stdout, '');
    // Nothing was changed.
    assert.equal(await said('client set nobody scope=x'), 0);
    assert.doesNotMatch(await ok(on, 'jeton grants end --subject s'), late);
  });

  test('docs/clients.md: its commands do what it says', async (t) => {
    const [file] = blocks(CLIENTS, 'By a file').toml;
    const on = shell(t, { files: { 'clients.toml': file } });
    const env = { JETON_ISSUER: 'http://localhost:8080', JETON_SECRET: (await ok(on, 'jeton keys new')).trim() };
    await ok(on, 'jeton client new --create --id first', env);
    for (const heading of ['By command', 'Secrets', 'By a file', 'By an application', 'Grants']) {
      for (const commands of blocks(CLIENTS, heading).sh) await ok(on, commands, env);
    }
    const applied = await ok(on, 'jeton apply clients.toml', env);
    assert.match(applied, /^0 to create, 0 to change, 0 to delete, 3 as they are$/m);
    const { registration, exp, iat, scope } = decodeJwt(readFileSync(join(on.folder, 'register.token'), 'utf8'));
    assert.deepEqual([registration.count, registration.scope, scope], [5, 'openid email', 'jeton:register']);
    assert.equal(exp - iat, 29 * 86_400);
    assert.ok(existsSync(join(on.folder, 'other.db')));
  });
});

describe('the built-in login', () => {
  const provider = { type: 'openid', id: 'work', name: 'Work', issuer: 'https://login.example.org' };
  const login = (members = {}) =>
    JSON.stringify({ providers: [{ ...provider, client_id: 'a', client_secret: 'x', ...members }] });
  const settings = async (on, url = 'http://localhost:8080/auth') => ({
    JETON_ISSUER: url,
    JETON_SECRET: (await ok(on, 'jeton keys new')).trim(),
  });
  /** What `jeton serve` has said on its standard error once it answers. */
  async function said(on, port, env) {
    const serving = on.start(`jeton serve --port ${port}`, env);
    let text = '';
    serving.stderr.on('data', (data) => (text += data));
    await served(on, { ...env, JETON_PORT: `${port}` });
    return text;
  }

  test('serve says which redirect URI is registered at each provider', async (t) => {
    const on = shell(t);
    const port = await freePort();
    const env = { ...(await settings(on, `http://localhost:${port}/auth`)), JETON_LOGIN: login() };
    const text = await said(on, port, env);
    const uri = `http://localhost:${port}/auth/login/callback/work`;
    assert.ok(text.split('\n').includes(`jeton serve: work: redirect URI ${uri}`), text);
    assert.doesNotMatch(text, /JETON_LOGIN is empty/);
  });

  test('a JETON_LOGIN that is there and empty is warned of', async (t) => {
    const on = shell(t, { files: { 'login.json': '\n' } });
    for (const JETON_LOGIN of ['', '@login.json']) {
      const port = await freePort();
      const env = { ...(await settings(on, `http://localhost:${port}`)), JETON_LOGIN };
      assert.match(await said(on, port, env), /^jeton serve: WARNING: JETON_LOGIN is empty/m);
    }
  });

  test('what was meant is said of a member, and of a file without its @', async (t) => {
    const on = shell(t);
    const env = await settings(on);
    const typo = { ...env, JETON_LOGIN: login({ isuer: 'x' }) };
    await refused(on, 'jeton serve', /providers\[0\]\.isuer: no such member; .*\. Was issuer meant\?$/m, typo);
    const file = { ...env, JETON_LOGIN: 'login.json' };
    await refused(on, 'jeton serve', /JETON_LOGIN: expected JSON, .*; a file is @login\.json/, file);
    const list = "jeton client new --create id_token_claims='name,email'";
    await refused(on, list, /id_token_claims: expected words with spaces between them/);
  });
});

describe('a token for the management interface', () => {
  test('is made for the deployment alone whose secret it is made with', async (t) => {
    const on = shell(t);
    const port = await freePort();
    const asked = [];
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.end('{}');
    }).listen(port);
    t.after(() => server.close());
    const env = { JETON_ISSUER: 'http://localhost:1', JETON_SECRET: (await ok(on, 'jeton keys new')).trim() };
    await refused(
      on,
      `jeton client list --at http://localhost:${port}`,
      /JETON_SECRET is of http:\/\/localhost:1/,
      env,
    );
    assert.deepEqual(asked, []);
  });

  test('is ended by its jti, or by itself', async (t) => {
    const on = shell(t);
    const secret = (await ok(on, 'jeton keys new')).trim();
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const env = { JETON_ISSUER: url, JETON_SECRET: secret, JETON_LOGIN_URL: 'http://localhost/login' };
    await ok(on, 'jeton client new --create --id a', env);
    on.start(`jeton serve --port ${port}`, env);
    await served(on, { ...env, JETON_PORT: `${port}` });
    await ok(on, 'jeton token --scope jeton:register --lifetime 1d > register.token', env);
    const register = async () => {
      const token = readFileSync(join(on.folder, 'register.token'), 'utf8').trim();
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ redirect_uris: ['https://app.example/cb'] });
      return (await fetch(`${url}/register`, { method: 'POST', headers, body })).status;
    };
    assert.equal(await register(), 201);
    await ok(on, `jeton token revoke @register.token --at ${url}`, env);
    assert.equal(await register(), 401);
    await ok(on, `jeton token revoke some-other --at ${url}`, env);
    await refused(on, `jeton token revoke @jeton.db --at ${url}`, /./, env);
  });

  test('opens a deployment in each way that it comes, and is short-lived', async (t) => {
    const on = shell(t);
    const secret = (await ok(on, 'jeton keys new')).trim();
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const manager = 'jeton client new --id manager --scope jeton:clients --create --format json';
    const { client_secret: key } = JSON.parse(await ok(on, manager));
    on.start(`jeton serve --port ${port}`, { JETON_ISSUER: url, JETON_SECRET: secret });
    await served(on, { JETON_PORT: String(port) });
    on.write('jeton.secret', secret, 0o600);
    await ok(on, `jeton client list --at ${url}`, { JETON_SECRET: '@jeton.secret' });
    await ok(on, `jeton client list --at ${url}/`, { JETON_SECRET: secret, JETON_ISSUER: url });
    await ok(on, `jeton client list --at ${url}`, { JETON_CLIENT_ID: 'manager', JETON_CLIENT_SECRET: key });
    const env = { JETON_ISSUER: url, JETON_SECRET: '@jeton.secret' };
    await ok(on, 'jeton token --scope jeton:clients:read > token', env);
    await ok(on, `jeton client list --at ${url} --token @token`);
    await ok(on, `jeton client list --at ${url}`, { JETON_TOKEN: '@token' });
    const plain = readFileSync(join(on.folder, 'token'), 'utf8').trim();
    await ok(on, `jeton client list --at ${url}`, { JETON_TOKEN: plain });
    await refused(on, `jeton client list --at ${url} --token ${plain}`, /--token: expected @FILE/);
    const twoLines = { JETON_TOKEN: `${plain}\nx` };
    await refused(on, `jeton client list --at ${url}`, /the access token: expected one line of ASCII/, twoLines);
    const { exp, iat, client_id } = decodeJwt(plain);
    assert.deepEqual([client_id, exp - iat], ['jeton-cli', 300]);
    await refused(on, 'jeton token --scope jeton:clients --lifetime 1h', /lifetime: 1 to 300 seconds/, env);
    await refused(on, 'jeton token --scope jeton:register --lifetime 30d', /lifetime: 1 to 2505600/, env);
    await refused(on, 'jeton token --scope openid', /scope: some of jeton:clients/, env);
    await refused(on, 'jeton token --scope jeton:clients --count 5', /registration: goes with/, env);
    await refused(on, `jeton client list --at http://id.acme.dev`, /--at: expected/, { JETON_TOKEN: plain });
    // A deployment that answers at another address than its issuer's is told nobody's secret.
    await refused(on, `jeton client list --at http://127.0.0.1:${port}`, new RegExp(`--at ${url}`), {
      JETON_CLIENT_ID: 'manager',
      JETON_CLIENT_SECRET: key,
    });
    // These are no settings of a host.
    const other = await freePort();
    on.start(`jeton serve --data other.db --port ${other}`, { ...env, JETON_TOKEN: 'x', JETON_CLIENT_ID: 'x' });
    await served(on, { JETON_PORT: String(other) });
  });

  test('who answers otherwise than Jeton is asked for nothing more', async (t) => {
    const server = createServer((_, response) =>
      response.writeHead(302, { location: 'https://a.example/' }).end('<html>'),
    );
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const on = shell(t);
    const url = `http://127.0.0.1:${server.address().port}`;
    await refused(on, `jeton client list --at ${url}`, /answered 302 Found, and not as Jeton does/, {
      JETON_TOKEN: 'x',
    });
    const nobody = await freePort();
    await refused(on, `jeton client list --at http://127.0.0.1:${nobody}`, /refused/, { JETON_TOKEN: 'x' });
  });
});

describe('a configuration', () => {
  test('is refused with all that is wrong with it, as it was given', async (t) => {
    const on = shell(t);
    const said = await refused(
      on,
      'jeton serve --issuer http://id.acme.dev --port 80a --secret @nowhere --trusted-proxies x',
      /^jeton: 7 mistakes in the configuration$/m,
      { JETON_PROT: '1', JETON_ACCESS_TOKEN_LIFETIME: '1h', JETON_CLIENTS: '[{"client_id":"a","client_secret":"s"}]' },
    );
    for (const line of [
      /^ {2}JETON_PROT: expected one of the settings.* Was JETON_PORT meant\?$/m,
      /^ {2}--secret: expected a readable file after @: .*; it is "@nowhere"$/m,
      /^ {2}--issuer: expected the issuer, .*; it is "http:\/\/id\.acme\.dev"$/m,
      /^ {2}JETON_CLIENTS: expected valid client metadata .*\[0\] "a": [^;]*$/m,
      /^ {2}JETON_ACCESS_TOKEN_LIFETIME: expected a whole number .*; it is "1h"$/m,
      /^ {2}--port: expected a port number.*; it is "80a"$/m,
      /^ {2}--trusted-proxies: expected /m,
    ])
      assert.match(said, line);
    assert.deepEqual(readdirSync(on.folder), []);
  });

  test('serve and health agree on a port, by PORT as well, and JETON_PORT wins', async (t) => {
    const on = shell(t);
    const secret = (await ok(on, 'jeton keys new')).trim();
    const [port, other] = [String(await freePort()), String(await freePort())];
    const env = { JETON_ISSUER: 'http://localhost/auth', JETON_SECRET: secret, PORT: port };
    const ports = [env, { ...env, PORT: 'x', JETON_PORT: other }];
    for (const [index, one] of ports.entries()) {
      on.start(`jeton serve --data ${index}.db`, one);
      await served(on, one);
    }
    await refused(on, 'jeton serve', /PORT: expected a port number.*; it is "x"/, { ...env, PORT: 'x' });
    on.write('issuer.txt', 'http://localhost/elsewhere\n');
    for (const JETON_ISSUER of ['http://localhost/elsewhere', '@issuer.txt']) {
      await refused(on, 'jeton health', /http:\/\/127\.0\.0\.1:8080\/elsewhere\/health/, { JETON_ISSUER });
    }
  });
});

describe('the command line', () => {
  test('what is mistyped ends with 1, and says what was meant', async (t) => {
    const on = shell(t);
    await refused(on, 'jeton clients', /similar subcommands exist: .*'client'/);
    await refused(on, 'jeton client new --redirect-url x', /similar argument exists: '--redirect-uri'/);
    await refused(on, 'jeton', /Usage: jeton <COMMAND>/);
    await ok(on, 'jeton --help');
    await ok(on, 'jeton client --help | head -1');
  });

  test('shells complete it, and there is a page of the manual', async (t) => {
    const on = shell(t);
    for (const name of ['bash', 'zsh', 'fish']) {
      const script = await ok(on, `jeton completions ${name}`);
      assert.match(script, /rotate/, name);
    }
    await ok(on, 'jeton completions bash > c; bash -n c');
    const completed =
      'jeton completions bash > c; bash -c \'. ./c; COMP_WORDS=(jeton client rot); COMP_CWORD=2; _jeton jeton rot client; echo "${COMPREPLY[@]}"\'';
    assert.equal(await ok(on, completed), 'rotate\n');
    assert.match(await ok(on, 'jeton man'), /^\.TH jeton 1/m);
    assert.match(await ok(on, 'jeton man client new'), /single\\-page/);
    await refused(on, 'jeton man clients', /there is no command "clients"/);
  });
});
