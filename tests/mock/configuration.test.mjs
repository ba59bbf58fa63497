// What a configuration that is wrong gets: the file, the line, and what was expected.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { isError } from './support/check.mjs';
import { ok } from './support/issuer.mjs';
import { file, launch, refused, start } from './support/process.mjs';

const ARGS = ['--port', '0'];

/** What the mock says of that file, which it must refuse, after the file’s name. */
async function complaint(text, extension = 'toml') {
  const path = file(text, extension);
  const { code, text: said } = await refused({ args: ['--config', path, ...ARGS] });
  assert.equal(code, 1, said);
  assert.ok(said.startsWith(`jeton: ${path}:`), `the file is not named first: ${said}`);
  return said.slice(`jeton: ${path}:`.length);
}

/** The complaint names the line, the word that is wrong and what would be right. */
async function isAt(text, line, { extension, word, expected }) {
  const said = await complaint(text, extension);
  assert.match(said, new RegExp(`^${line}:\\d+: `));
  assert.ok(said.includes(word), `${word} is not in: ${said}`);
  assert.match(said, expected);
}

describe('a wrong configuration in TOML', { concurrency: 8 }, () => {
  const rows = [
    ['an unknown key at the top', 'seed = "x"\nstrictnes = "strict"\n', 2, 'strictnes', /strictness/],
    ['an unknown key of the template', '[issuer]\n\nsigning_alg = ["ES256"]\n', 3, 'signing_alg', /signing_algs/],
    ['an unknown key of an issuer', '[issuers.acme]\nuser = []\n', 2, 'user', /users/],
    ['an unknown key of a user', '[[issuer.users]]\nsub = "a"\nemail = "x"\n', 3, 'email', /claims/],
    ['a user without sub', '# users\n[[issuer.users]]\nname = "a"\n', 2, 'sub', /sub/],
    ['an empty sub', '[[issuer.users]]\nsub = ""\n', 2, 'sub', /1 to 255 characters/],
    [
      'claims of a user that are the server’s own',
      '[[issuer.users]]\nsub = "a"\nclaims = { iss = "x" }\n',
      3,
      'iss',
      /claims/,
    ],
    [
      'claims of a user beyond 32,768 bytes',
      `[[issuer.users]]\nsub = "a"\nclaims = { x = "${'y'.repeat(33_000)}" }\n`,
      3,
      'claims',
      /at most 32768 bytes/,
    ],
    [
      'an unknown key of a client',
      '[[issuer.clients]]\nclient_id = "a"\nredirect_uri = "x"\n',
      3,
      'redirect_uri',
      /client metadata/,
    ],
    ['a client without id', '[[issuer.clients]]\nclient_name = "a"\n', 1, 'client_id', /client metadata/],
    [
      'a malformed redirect_uri',
      '[[issuer.clients]]\nclient_id = "a"\nclient_secret = "s"\nredirect_uris = ["not a uri"]\n',
      1,
      'not a uri',
      /redirect_uris/,
    ],
    ['an unknown fault', '[[issuer.faults]]\nfault = "slwo-2s"\n', 2, 'slwo-2s', /expected.*slow-/],
    ['an unknown key of a fault', '[[issuer.faults]]\nfault = "drop"\ntime = 2\n', 3, 'time', /times/],
    ['an unknown matcher', '[[issuer.faults]]\nfault = "drop"\nmatch = { client = "x" }\n', 3, 'client', /client_id/],
    [
      'an unknown endpoint',
      '[[issuer.faults]]\nfault = "drop"\nmatch = { endpoint = "tokens" }\n',
      3,
      'tokens',
      /expected.*token/,
    ],
    ['an unknown matcher of claims', '[[issuer.claims]]\nmatch = { grant = "x" }\n', 2, 'grant', /grant_type/],
    ['an unknown section of claims', '[[issuer.claims]]\nidtoken = {}\n', 2, 'idtoken', /id_token/],
    ['times = 0', '[[issuer.faults]]\nfault = "drop"\ntimes = 0\n', 3, 'times', /1 or more/],
    ['an unknown strictness', 'strictness = "very"\n', 1, 'very', /lenient.*strict/],
    ['a port out of range', 'port = 70000\n', 1, '70000', /port: expected a port number, 0 to 65535/],
    ['a port that is a text', 'port = "9400"\n', 1, '"9400"', /port: expected a port number/],
    ['an unsupported algorithm', '[issuer]\nsigning_algs = ["HS256"]\n', 2, 'HS256', /ES256/],
    ['no algorithm', '[issuer]\nsigning_algs = []\n', 2, 'signing_algs', /ES256, EdDSA and RS256/],
    ['an unknown key of a clock', '[issuer]\nclock = { st = 1 }\n', 2, 'st', /set/],
    ['a malformed issuer_url', 'issuer_url = "localhost"\n', 1, 'localhost', /issuer_url/],
    ['a lifetime below zero', '[issuer]\naccess_token_lifetime = -1\n', 2, '-1', /expected u64/],
    [
      'a lifetime beyond 29 days',
      '[issuer]\naccess_token_lifetime = 99999999\n',
      2,
      'access_token_lifetime',
      /1 to 2505600 seconds/,
    ],
    ['malformed TOML', 'seed = "x"\nport = \n', 2, 'string values', /expected/],
    ['a text that does not end', 'seed = "x\n', 1, 'string', /expected `"`/],
    ['a key twice', 'seed = "x"\nseed = "y"\n', 2, 'key', /duplicate/],
    ['a mistake on line 1,001', `${'# comment\n'.repeat(1000)}prot = 1\n`, 1001, 'prot', /port/],
    ['a mistake after letters of many bytes', '# ü€😀\nseed = "ü€😀"\nprot = 1\n', 3, 'prot', /port/],
    ['a mistake after CRLF', 'seed = "x"\r\n\r\nprot = 1\r\n', 3, 'prot', /port/],
  ];
  for (const [name, text, line, word, expected] of rows) {
    test(`${name}: refused, naming the file and line ${line}`, () => isAt(text, line, { word, expected }));
  }

  test('two clients of one id: refused, naming the id', async () => {
    const client = '[[issuer.clients]]\nclient_id = "twin"\nclient_secret = "s"\n';
    await isAt(client + client, 4, { word: 'twin', expected: /issuer\.clients\[1\].* twice/ });
  });

  test('two users of one sub: refused, naming the sub', async () => {
    const user = '[[issuer.users]]\nsub = "twin"\n';
    await isAt(user + user, 3, { word: 'twin', expected: /issuer\.users\[1\].* twice/ });
  });

  test('an issuer with a malformed name: refused, naming it', async () => {
    await isAt('[issuers."a b"]\n', 1, { word: 'a b', expected: /a name of 1 to 128 characters/ });
  });
});

describe('a wrong configuration in JSON', { concurrency: 8 }, () => {
  const rows = [
    ['an unknown key at the top', '{\n  "seed": "x",\n  "strictnes": "strict"\n}', 3, 'strictnes', /strictness/],
    ['an unknown key of the template', '{\n  "issuer": {\n    "userz": []\n  }\n}', 3, 'userz', /users/],
    [
      'an unknown fault',
      '{\n  "issuer": {\n    "faults": [\n      { "fault": "drop" },\n      { "fault": "slwo" }\n    ]\n  }\n}',
      5,
      'slwo',
      /expected/,
    ],
    [
      'an unknown matcher',
      '{"issuer": {"faults": [\n{"fault": "drop",\n"match": {"clientid": "x"}}]}}',
      3,
      'clientid',
      /client_id/,
    ],
    ['a user that is a text', '{\n"issuer": {"users": [\n"alice"\n]}}', 3, 'alice', /user/],
    ['a comma too many', '{\n  "seed": "x",\n}', 3, 'comma', /trailing/],
    ['an end too early', '{\n  "seed": "x"', 2, 'EOF', /object/],
    ['more after the end', '{}\n{}', 2, 'characters', /trailing/],
    ['a key twice', '{\n"seed": "x",\n"seed": "y"\n}', 3, 'seed', /duplicate/],
  ];
  for (const [name, text, line, word, expected] of rows) {
    test(`${name}: refused, naming the file and line ${line}`, () =>
      isAt(text, line, { extension: 'json', word, expected }));
  }

  test('a JSON document that is no object: refused, naming the file', async () => {
    for (const [text, expected] of [
      ['[]', /expected an object/],
      ['"x"', /expected a mock/],
      ['null', /expected a mock/],
      ['', /EOF/],
    ])
      assert.match(await complaint(text, 'json'), expected);
  });
});

describe('configuration: files and flags', { concurrency: 8 }, () => {
  test('a file that is not there: refused, naming it', async () => {
    const { code, text } = await refused({ args: ['--config', '/nowhere/mock.toml', ...ARGS] });
    assert.equal(code, 1);
    assert.match(text, /^jeton: \/nowhere\/mock\.toml: No such file/);
  });

  test('a directory in place of a file: refused, naming it', async () => {
    const { code, text } = await refused({ args: ['--config', '/tmp', ...ARGS] });
    assert.equal(code, 1);
    assert.match(text, /^jeton: \/tmp: Is a directory/);
  });

  test('a file that is no UTF-8: refused, naming it', async () => {
    const path = file('');
    writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00]));
    const { code, text } = await refused({ args: ['--config', path, ...ARGS] });
    assert.equal(code, 1);
    assert.equal(text, `jeton: ${path}: stream did not contain valid UTF-8`);
  });

  test('an empty TOML file is the default', async (t) => {
    const mock = await start({ t, config: '\n' });
    assert.equal((await mock.issuers())[0].strictness, 'lenient');
  });

  test('an unknown flag: refused, naming it', async () => {
    const { code, text } = await refused({ args: ['--prot', '1'] });
    assert.equal(code, 1);
    assert.match(text, /unexpected argument '--prot'/);
    assert.match(text, /similar argument exists: '--port'/);
  });

  test('a port that is taken: refused, naming it', async (t) => {
    const mock = await start({ t });
    const { code, text } = await refused({ args: ['--port', String(mock.port)] });
    assert.equal(code, 1);
    assert.match(text, new RegExp(`^jeton: 127\\.0\\.0\\.1:${mock.port}: Address (already )?in use`));
  });

  test('no secret is in a complaint about its client', async () => {
    const said = await complaint(
      '[[issuer.clients]]\nclient_id = "a"\nclient_secret = "do-not-show-me-please"\noops = 1\n',
    );
    assert.ok(!said.includes('do-not-show-me-please'), said);
  });

  test('flags take precedence over the file', async (t) => {
    const mock = await start({ t, args: ['--strict'], config: { strictness: 'lenient', port: 1 } });
    assert.equal((await mock.issuers())[0].strictness, 'strict');
    assert.notEqual(mock.port, 1);
  });

  test('the mock listens at the host and port of the file', async (t) => {
    const probe = await start({ t });
    await probe.stop();
    const mock = await start({ t, port: null, config: { host: '127.0.0.1', port: probe.port } });
    assert.equal(mock.port, probe.port);
  });

  test('every section at once, in TOML and in JSON, makes the same mock', async (t) => {
    const toml = `
seed = "any text"
strictness = "strict"
[issuer]
signing_algs = ["RS256", "ES256"]
access_token_lifetime = 120
auto_login = "alice"
clock = { set = 1700000000, freeze = true }
[[issuer.users]]
sub = "alice"
name = "Alice"
claims = { email = "alice@example.com", roles = ["admin"] }
id_token = { roles = ["admin"] }
access_token = { tenant = "acme" }
userinfo = { picture = "p" }
[[issuer.clients]]
client_id = "billing"
client_secret = "any"
grant_types = ["client_credentials"]
[[issuer.claims]]
match = { client_id = "bill*", grant_type = "client_credentials", subject = "*" }
access_token = { tenant = "\${client_id}" }
response = { custom = "x" }
access_token_header = { typ = "JWT" }
[[issuer.faults]]
match = { endpoint = "token", method = "POST", client_id = "*", parameters = { scope = "*x*" } }
nth = 3
times = 2
fault = "slow-2s"
[[issuer.faults]]
match = { endpoint = "jwks" }
fault = { status = 418, error = "x", error_description = "y", headers = { "x-a" = "b" } }
[[issuer.faults]]
fault = "expired"
tokens = ["id_token"]
[issuers.acme]
access_token_lifetime = 60
`;
    const json = {
      seed: 'any text',
      strictness: 'strict',
      issuer: {
        signing_algs: ['RS256', 'ES256'],
        access_token_lifetime: 120,
        auto_login: 'alice',
        clock: { set: 1700000000, freeze: true },
        users: [
          {
            sub: 'alice',
            name: 'Alice',
            claims: { email: 'alice@example.com', roles: ['admin'] },
            id_token: { roles: ['admin'] },
            access_token: { tenant: 'acme' },
            userinfo: { picture: 'p' },
          },
        ],
        clients: [{ client_id: 'billing', client_secret: 'any', grant_types: ['client_credentials'] }],
        claims: [
          {
            match: { client_id: 'bill*', grant_type: 'client_credentials', subject: '*' },
            access_token: { tenant: '${client_id}' },
            response: { custom: 'x' },
            access_token_header: { typ: 'JWT' },
          },
        ],
        faults: [
          {
            match: { endpoint: 'token', method: 'POST', client_id: '*', parameters: { scope: '*x*' } },
            nth: 3,
            times: 2,
            fault: 'slow-2s',
          },
          {
            match: { endpoint: 'jwks' },
            fault: { status: 418, error: 'x', error_description: 'y', headers: { 'x-a': 'b' } },
          },
          { fault: 'expired', tokens: ['id_token'] },
        ],
      },
      issuers: { acme: { access_token_lifetime: 60 } },
    };
    const mocks = [await start({ t, config: toml }), await start({ t, config: json })];
    const seen = await Promise.all(
      mocks.map(async (mock) => {
        const lists = await Promise.all(
          ['/users', '/clients', '/claims', '/faults', '/clock', '/keys'].map((path) => mock.at().set('GET', path)),
        );
        const tokens = ok(await mock.at().token({}, { client: ['billing', 'any'] })).json();
        const { jti, ...claims } = claimsOf(tokens.access_token);
        const acme = ok(await mock.at('acme').token({}, { client: ['billing', 'any'] })).json();
        assert.equal((await mock.at().get('/.well-known/jwks.json')).status, 418);
        isError(await mock.at().token({}, { client: ['billing', 'other'] }), 401, 'invalid_client');
        return {
          lists,
          claims: { ...claims, iss: undefined, aud: undefined },
          custom: tokens.custom,
          acme: acme.expires_in,
        };
      }),
    );
    assert.deepEqual(seen[1], seen[0]);
    assert.equal(seen[0].claims.tenant, 'billing');
    assert.equal(seen[0].claims.iat, 1_700_000_000);
    assert.equal(seen[0].custom, 'x');
    assert.equal(seen[0].acme, 60);
  });

  test('--help names every flag', async () => {
    const { code, text } = await launch(['mock', '--help']);
    assert.equal(code, 0);
    for (const flag of [
      '--config',
      '--strict',
      '--seed',
      '--port',
      '--host',
      '--issuer',
      '--browser-url',
      '--backend-url',
      '--trust-host',
      '--https',
    ])
      assert.ok(text.includes(flag), flag);
  });
});
