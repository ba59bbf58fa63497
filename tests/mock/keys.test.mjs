// Keys that come from the seed, the three algorithms, rotation on demand.

import assert from 'node:assert/strict';
import { checkPrimeSync, createPublicKey, generateKeyPairSync, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { calculateJwkThumbprint, createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose';
import { halfHash, isRefused, judged } from './support/check.mjs';
import { sleep } from './support/http.mjs';
import { CALLBACK, header, ok } from './support/issuer.mjs';
import { file, refused, start } from './support/process.mjs';

const ALGS = ['RS256', 'ES256', 'EdDSA'];
const PUBLIC_SECRET = 'jeton-mock-secret-that-everyone-knows-and-nobody-trusts';
/** The members of a private JWK (RFC 7518 §6, RFC 8037 §2). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** RSA keys of a mock without a seed of its own, private parts and all: those that nobody waits for. */
const { keys: BUNDLED } = JSON.parse(readFileSync(new URL('../../crates/jeton-mock/keys/rs256.json', import.meta.url)));

const mock = await start();
const seeded = await start({ config: { issuer: { signing_algs: ALGS } } });

describe('keys come from the seed', { concurrency: 4 }, () => {
  const NAMES = ['', 'acme', 'nested/one'];

  /** The key ids of some issuers, asked in that order. */
  async function kids(mock, names = NAMES) {
    const found = {};
    for (const name of names) found[name] = await mock.at(name).kids();
    return found;
  }

  test('the same in every run, whatever the port and the order of requests', async (t) => {
    const [one, other] = [
      await start({ t, args: ['--seed', 'a seed'] }),
      await start({ t, args: ['--seed', 'a seed'] }),
    ];
    assert.notEqual(one.port, other.port);
    const first = await kids(one);
    await other.at('somebody-else').granted();
    await other.at('acme').granted({}, { client: 'x' });
    assert.deepEqual(await kids(other, [...NAMES].reverse()), first);
  });

  test('the same however the mock is addressed', async (t) => {
    const pinned = await start({
      t,
      args: [
        '--issuer',
        'https://idp.example',
        '--browser-url',
        'http://b.example',
        '--backend-url',
        'http://c.example',
      ],
    });
    assert.deepEqual(await kids(pinned), await kids(mock));
  });

  test('the same at any time of its clock', async () => {
    const issuer = await mock.fresh('clock').make();
    const now = await issuer.kids();
    for (const set of [0, 1_000_000_000, 1_700_000_000, 4_000_000_000]) {
      await issuer.clock({ set, freeze: true });
      assert.deepEqual(await issuer.kids(), now, String(set));
      const { payload } = await issuer.verify((await issuer.granted()).access_token, { at: set });
      assert.equal(payload.iat, set);
    }
  });

  test('without a seed the public one is taken', async (t) => {
    assert.deepEqual(await kids(await start({ t })), await kids(mock));
  });

  test('another seed, other keys; another issuer, other keys', async (t) => {
    const runs = await Promise.all(['a', 'b', 'ab', ' a'].map((seed) => start({ t, args: ['--seed', seed] })));
    const all = [];
    for (const run of runs) all.push(...Object.values(await kids(run)).flat());
    assert.equal(new Set(all).size, runs.length * NAMES.length * ALGS.length);
  });

  test('the seed and the issuer are framed: no two of them run together', async (t) => {
    const runs = await Promise.all(
      [
        ['ab', 'c'],
        ['a', 'bc'],
        ['abc', ''],
      ].map(async ([seed, name]) => (await start({ t, args: ['--seed', seed] })).at(name)),
    );
    const signers = await Promise.all(runs.map(async (issuer) => header((await issuer.granted()).access_token).kid));
    assert.equal(new Set(signers).size, 3);
  });

  test('`seed` in the file is what --seed is', async (t) => {
    const [flag, toml, json] = await Promise.all([
      start({ t, args: ['--seed', 'x y'] }),
      start({ t, config: 'seed = "x y"\n' }),
      start({ t, config: { seed: 'x y' } }),
    ]);
    assert.deepEqual(await kids(toml), await kids(flag));
    assert.deepEqual(await kids(json), await kids(flag));
  });

  test('a token of one run is good in the next', async (t) => {
    const pinned = () => start({ t, args: ['--issuer', 'http://idp.example'] });
    const [one, other] = [await pinned(), await pinned()];
    const { access_token } = await one.at('acme').granted();
    await other.at('acme').verify(access_token);
  });

  test('rotated keys are the same in every run, too', async (t) => {
    const rotated = async () => {
      const issuer = await (await start({ t })).at('acme').make();
      for (const alg of ALGS) await issuer.keys({ action: 'rotate', alg });
      return issuer.kids();
    };
    assert.deepEqual(await rotated(), await rotated());
  });

  test('another tenant’s key is another key, of each algorithm', async () => {
    const [a, b] = [await mock.at('tenant-a').make(), await mock.at('tenant-b').make()];
    for (const alg of ALGS) {
      const { token } = await a.mint({ alg, claims: { sub: 'alice' } });
      await a.verify(token);
      assert.equal(await judged(b.verify(token, { issuer: a.id })), 'ERR_JWKS_NO_MATCHING_KEY');
      const { kid } = header(token);
      const { keys } = await b.jwks();
      const renamed = { keys: keys.map((key) => ({ ...key, kid })) };
      assert.equal(
        await judged(jwtVerify(token, createLocalJWKSet(renamed))),
        'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
        'nor under another name',
      );
    }
  });

  /** An RSA key as README tells it, with arithmetic of Node.js. */
  function derivedRsa(seed, issuer, number) {
    const part = (bytes) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(bytes.length));
      return Buffer.concat([length, bytes]);
    };
    const counted = Buffer.alloc(4);
    counted.writeUInt32BE(number);
    const prime = (which) => {
      const info = ['jeton-mock/v1', 'RS256', issuer, counted, which].map((it) => part(Buffer.from(it)));
      const bytes = Buffer.from(hkdfSync('sha256', seed, '', Buffer.concat(info), 128));
      bytes[0] |= 0xc0;
      bytes[127] |= 1;
      let candidate = BigInt(`0x${bytes.toString('hex')}`);
      while (candidate % 65_537n === 1n || !checkPrimeSync(candidate)) candidate += 2n;
      return candidate;
    };
    const n = (prime('p') * prime('q')).toString(16);
    return { kty: 'RSA', n: Buffer.from(n, 'hex').toString('base64url'), e: 'AQAB' };
  }

  for (const [seed, name] of [
    [undefined, 'acme'],
    [undefined, 'auth0'],
    ['a seed', ''],
  ]) {
    test(`the RSA key of ${name || 'the default issuer'} and ${seed ?? 'no seed'}, derived a second time`, async (t) => {
      const own = await start({ t, args: seed === undefined ? [] : ['--seed', seed] });
      const issuer = own.at(name);
      for (const number of [0, 1]) {
        const kid = await calculateJwkThumbprint(derivedRsa(seed ?? PUBLIC_SECRET, name, number));
        assert.equal(header((await issuer.granted()).access_token).kid, kid, String(number));
        await issuer.keys({ action: 'rotate' });
      }
    });
  }

  test('what is written down is of the default issuer, and of those that have platforms’ names', async (t) => {
    const own = await start({ t, args: ['--signing-algs', 'RS256'] });
    const signing = BUNDLED.filter(({ jeton_mock }) => jeton_mock.number === 0);
    const names = signing.map(({ jeton_mock }) => jeton_mock.issuer);
    for (const name of ['', 'auth0', 'cognito', 'github-actions', 'kubernetes']) assert.ok(names.includes(name), name);
    for (const { jeton_mock, ...key } of signing) {
      const { keys } = await own.at(jeton_mock.issuer).jwks();
      const rsa = keys.filter(({ kty }) => kty === 'RSA').map(({ kid }) => kid);
      assert.deepEqual(rsa, [await calculateJwkThumbprint(key)], jeton_mock.issuer);
    }
  });

  test('with a seed of one’s own there is no key that everyone has', async (t) => {
    const own = await start({ t, args: ['--seed', 'mine'] });
    const everyones = new Set(await Promise.all(BUNDLED.map((key) => calculateJwkThumbprint(key))));
    for (const name of ['', 'auth0', 'github-actions']) {
      const issuer = own.at(name);
      assert.ok(
        (await issuer.kids()).every((kid) => !everyones.has(kid)),
        name,
      );
      const { token: wrong } = await issuer.mint({ claims: {}, fault: 'wrong-key' });
      for (const { kty, n, e } of BUNDLED) {
        const key = createPublicKey({ key: { kty, n, e }, format: 'jwk' });
        assert.notEqual(await judged(jwtVerify(wrong, key)), 'valid');
      }
    }
  });

  test('a key that takes time holds nobody up', async (t) => {
    const own = await start({ t });
    await own.send('/health');
    let made = 0;
    const made10 = Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        ok(await own.at(`new-${n}`).token());
        made += 1;
      }),
    );
    let meanwhile = 0;
    while (made < 10) {
      ok(await own.at().token());
      meanwhile += 1;
    }
    await made10;
    assert.ok(meanwhile >= 30, `${meanwhile} tokens of the default issuer while ten keys were made`);
  });

  test('whoever asks at once for a key has the same one', async (t) => {
    const own = await start({ t });
    const tokens = await Promise.all(Array.from({ length: 10 }, () => own.at('at-once').granted()));
    assert.equal(new Set(tokens.map(({ access_token }) => header(access_token).kid)).size, 1);
    for (const { access_token } of tokens) await own.at('at-once').verify(access_token);
  });
});

describe('RS256 comes first', { concurrency: 4 }, () => {
  test('for clients that said nothing: tokens of every kind, and discovery', async () => {
    const issuer = await mock.fresh('first').make();
    const { access_token, id_token } = await issuer.tokens();
    assert.equal(header(access_token).alg, 'RS256');
    assert.equal(header(id_token).alg, 'RS256');
    assert.equal(header((await issuer.mint({ claims: {} })).token).alg, 'RS256');
    assert.deepEqual((await issuer.metadata()).id_token_signing_alg_values_supported, ALGS);
    assert.deepEqual(
      (await issuer.keys()).map(({ alg }) => alg),
      ALGS,
    );
  });
});

describe('keys of one’s own', { concurrency: 4 }, () => {
  /** A key with what a certificate authority would have said of it. */
  const keyNamed = (kid, type = 'rsa') => {
    const options = type === 'rsa' ? { modulusLength: 2048 } : { namedCurve: 'P-256' };
    const { privateKey } = generateKeyPairSync(type, options);
    return { ...privateKey.export({ format: 'jwk' }), kid };
  };
  const certified = { x5c: ['MIIB', 'MIIC'], x5t: 'dGh1bWI', 'x5t#S256': 'dGh1bWIyNTY' };
  const rsa = { ...keyNamed('entra-2026'), use: 'sig', ...certified };
  const next = keyNamed('entra-2027');
  const ec = keyNamed('curve', 'ec');
  const kidsOf = async (issuer) => (await issuer.jwks()).keys.map(({ kid }) => kid);

  test('tokens carry the kid, JWKS has it with its certificates, and nothing private', async () => {
    const issuer = await mock.fresh('own').make({ keys: [rsa] });
    const { access_token, id_token } = await issuer.tokens();
    for (const token of [access_token, id_token]) {
      assert.equal(header(token).kid, 'entra-2026');
      assert.equal(header(token).alg, 'RS256');
    }
    await issuer.verify(access_token);
    for (const path of ['/.well-known/jwks.json', '/jwks']) {
      const { n, e } = rsa;
      assert.deepEqual((await issuer.get(path)).json().keys, [
        { use: 'sig', alg: 'RS256', kid: 'entra-2026', kty: 'RSA', n, e, ...certified },
      ]);
    }
    assert.deepEqual((await issuer.metadata()).id_token_signing_alg_values_supported, ['RS256']);
    assert.equal(await issuer.active(access_token), true);
    const { token } = await issuer.mint({ claims: { sub: 'alice' } });
    assert.equal(header(token).kid, 'entra-2026');
    await issuer.verify(token);
  });

  test('the first of an algorithm signs, the next one after a switch, and then one of the seed', async () => {
    const issuer = await mock.fresh('own').make({ keys: [rsa, ec, next] });
    const signer = async (alg) => (await issuer.keys()).find((key) => key.alg === alg && key.signs).kid;
    assert.deepEqual((await kidsOf(issuer)).sort(), ['curve', 'entra-2026', 'entra-2027']);
    assert.deepEqual([await signer('RS256'), await signer('ES256')], ['entra-2026', 'curve']);
    await issuer.keys({ action: 'switch' });
    assert.equal(header((await issuer.granted()).access_token).kid, 'entra-2027');
    await issuer.keys({ action: 'rotate' });
    const { access_token } = await issuer.granted();
    assert.match(header(access_token).kid, /^[\w-]{43}$/);
    await issuer.verify(access_token);
    await issuer.keys({ action: 'retire' });
    assert.deepEqual((await kidsOf(issuer)).sort(), ['curve', header(access_token).kid].sort());
    await issuer.reset();
    assert.equal(header((await issuer.granted()).access_token).kid, 'entra-2026');
  });

  test('without a kid its thumbprint is its name; beside signing_algs the rest is the seed’s', async () => {
    const { kid, ...unnamed } = ec;
    const issuer = await mock.fresh('own').make({ signing_algs: ['EdDSA', 'ES256'], keys: [unnamed] });
    const keys = await issuer.keys();
    assert.equal(keys.find(({ alg }) => alg === 'ES256').kid, await calculateJwkThumbprint(unnamed));
    assert.equal(header((await issuer.granted()).access_token).alg, 'EdDSA');
    await issuer.verify((await issuer.granted()).access_token);
  });

  test('the wrong key is none of them', async () => {
    const issuer = await mock.fresh('own').make({ keys: [rsa] });
    const { token } = await issuer.mint({ claims: {}, fault: 'wrong-key' });
    assert.equal(await judged(issuer.verify(token)), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
  });

  test('from a file, as over the control API', async (t) => {
    const own = await start({ t, config: { issuer: { keys: [rsa] }, issuers: { b: { keys: [next] } } } });
    assert.deepEqual([await kidsOf(own.at()), await kidsOf(own.at('b'))], [['entra-2026'], ['entra-2027']]);
  });

  const publicHalf = ({ kty, n, e }) => ({ kty, n, e });
  for (const [what, spec, said] of [
    ['a public key', { keys: [publicHalf(rsa)] }, /keys\[0\].*`d`/],
    ['a secret', { keys: [{ kty: 'oct', k: 'AAAA', d: 'AAAA' }] }, /keys\[0\]/],
    ['two of one name', { keys: [rsa, { ...next, kid: rsa.kid }] }, /keys\[1\].*`kid`/],
    ['a name that is none', { keys: [{ ...rsa, kid: '' }] }, /keys\[0\].*`kid`/],
    ['an algorithm that is not on', { signing_algs: ['ES256'], keys: [ec, rsa] }, /keys\[1\].*signing_algs/],
    ['an algorithm of another type', { keys: [{ ...ec, alg: 'RS256' }] }, /keys\[0\]/],
    ['numbers that are no key', { keys: [{ ...rsa, n: next.n }] }, /keys\[0\].*sound/],
    ['a certificate that is no list', { keys: [{ ...rsa, x5c: 'MIIB' }] }, /keys\[0\]\.x5c.*list/],
    ['a hash that is no text', { keys: [{ ...rsa, x5t: 5 }] }, /keys\[0\]\.x5t.*text/],
  ]) {
    test(`${what} is refused, and not shown`, async () => {
      const response = await mock.fresh('own').control('PUT', '/issuer', spec);
      isRefused(response, said);
      assert.ok(!response.text.includes(rsa.d.slice(0, 40)));
    });
  }
});

describe('no production host takes the mock’s keys', { concurrency: 4 }, () => {
  const SECRET = 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj';
  const serve = (env) =>
    refused({
      command: 'serve',
      args: ['--port', '0', '--data', file('', 'db')],
      env: { JETON_ISSUER: 'https://id.example', ...env },
    });

  test('jeton serve refuses the default seed as JETON_SECRET, also beside another', async () => {
    for (const JETON_SECRET of [PUBLIC_SECRET, `${SECRET} ${PUBLIC_SECRET}`]) {
      const { code, text } = await serve({ JETON_SECRET });
      assert.notEqual(code, 0);
      assert.match(text, /JETON_SECRET/);
      assert.match(text, /mock/i, 'why');
    }
  });

  test('jeton serve refuses each of the bundled RS256 keys, however it is named, also without its mark', async () => {
    for (const { jeton_mock, ...unmarked } of BUNDLED) {
      const { alg, ...bare } = unmarked;
      for (const named of [{ ...bare, jeton_mock }, { ...unmarked, kid: 'another-name' }, bare]) {
        const { code, text } = await serve({
          JETON_SECRET: SECRET,
          JETON_SIGNING_ALGS: 'ES256 RS256',
          JETON_SIGNING_JWKS: JSON.stringify({ keys: [named] }),
        });
        assert.notEqual(code, 0);
        assert.match(text, /JETON_SIGNING_JWKS/);
        assert.match(text, /mock/i, 'why');
        assert.ok(!text.includes(bare.d.slice(0, 40)), 'no secret in the message');
      }
    }
  });

  test('each bundled key says whose it is, and so does their file', async () => {
    const file = JSON.parse(readFileSync(new URL('../../crates/jeton-mock/keys/rs256.json', import.meta.url)));
    assert.equal(file.jeton_mock, true);
    for (const { jeton_mock } of file.keys) assert.deepEqual(Object.keys(jeton_mock).sort(), ['issuer', 'number']);
  });

  test('the first bundled key is the one the mock signs RS256 with', async () => {
    const rsa = (await mock.at().jwks()).keys.find((key) => key.kty === 'RSA');
    assert.equal(rsa.kid, await calculateJwkThumbprint(BUNDLED[0]));
  });
});

describe('a mock takes no key of a deployment', { concurrency: 4 }, () => {
  const SECRET = 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj';
  const JWKS = JSON.stringify({ keys: [BUNDLED[0]] });
  const production = { JETON_ISSUER: 'https://id.example' };
  const isRefusal = ({ code, text }, name) => {
    assert.notEqual(code, 0);
    assert.match(text, new RegExp(`^jeton: ${name}: `));
    assert.match(text, /jeton serve/, 'what to do instead');
    assert.ok(!text.includes(SECRET) && !text.includes(BUNDLED[0].d.slice(0, 40)), 'no secret in the message');
  };

  for (const [name, value] of [
    ['JETON_SECRET', SECRET],
    ['JETON_SECRET', 'weak'],
    ['JETON_SECRET', `@${file(SECRET, 'txt')}`],
    ['JETON_SECRET', '@/nowhere/secret'],
    ['JETON_PAIRWISE_SALT', SECRET],
    ['JETON_SIGNING_JWKS', JWKS],
    ['JETON_SIGNING_JWKS', `@${file(JWKS, 'json')}`],
    ['JETON_KEY_SERIAL', '1'],
    ['JETON_DATA', 'jeton.db'],
    ['JETON_TABLE', 'jeton'],
  ]) {
    test(`${name}=${value.slice(0, 12)}… in the environment of a mock: it does not start`, async () => {
      isRefusal(await refused({ env: { ...production, [name]: value } }), name);
      isRefusal(
        await refused({ args: ['--strict'], env: { ...production, [name]: value, JETON_DEVELOPMENT: 'true' } }),
        name,
      );
    });
  }

  for (const flag of ['secret', 'pairwise-salt', 'signing-jwks']) {
    test(`--${flag} @FILE: it does not start`, async () => {
      isRefusal(await refused({ args: [`--${flag}`, `@${file(SECRET, 'txt')}`] }), `--${flag}`);
    });
  }

  test('an empty variable is none', async (t) => {
    await start({ t, env: { JETON_SECRET: '', JETON_SIGNING_JWKS: ' ' } });
  });

  for (const seed of [SECRET, SECRET.slice(0, -1), 'kT2vQ9xZb7LmN4cR8wYdH3jF6sGpA1eU0iOqXtVnBaZ']) {
    test(`a seed that a deployment would take for its secret, ${seed.length} characters: it does not start`, async () => {
      for (const given of [
        { args: ['--port', '0', '--seed', seed] },
        { config: { seed } },
        { config: `seed = "${seed}"\n` },
      ]) {
        const { code, text } = await refused(given);
        assert.notEqual(code, 0);
        assert.match(text, /seed: expected/);
        assert.ok(!text.includes(seed));
      }
    });
  }

  test('the JWKS says that it is a mock’s, and libraries read it all the same', async () => {
    const issuer = mock.at();
    for (const path of ['/.well-known/jwks.json', '/jwks']) {
      assert.equal((await issuer.get(path)).json().jeton_mock, true);
    }
    const remote = createRemoteJWKSet(new URL(`${issuer.url}/.well-known/jwks.json`));
    await jwtVerify((await issuer.granted()).access_token, remote);
  });

  for (const [how, options, said] of [
    ['an https issuer', { args: ['--issuer', 'https://id.example'] }, /calls itself https:\/\/id\.example/],
    ['a listener for other machines', { args: ['--host', '0.0.0.0'] }, /listens on 0\.0\.0\.0:/],
  ]) {
    test(`${how}: it says what it is, in its log and on its page`, async (t) => {
      const loud = await start({ t, ...options });
      const home = (await loud.send('/')).text;
      // Two pipes: its log may come after its answer.
      for (let n = 0; n < 100 && !loud.log().some((line) => said.test(line)); n += 1) await sleep(20);
      assert.ok(loud.log().some((line) => /WARNING: this is a mock/.test(line) && said.test(line)));
      assert.match(home, /Warning: this is a mock/);
      assert.match(home, said);
    });
  }

  test('on this machine, by http or https, it is quiet', async (t) => {
    for (const args of [[], ['--https'], ['--issuer', 'https://localhost:8443']]) {
      const quiet = await start({ t, args });
      assert.ok(!quiet.log().some((line) => /WARNING/.test(line)));
      assert.ok(!(await quiet.send('/')).text.includes('Warning: '));
    }
  });
});

describe('signing algorithms', { concurrency: 4 }, () => {
  for (const alg of ALGS) {
    test(`${alg}: access token and ID token verify from the JWKS, at_hash is right`, async () => {
      const issuer = await mock.fresh('alg').make({ signing_algs: [alg] });
      const { access_token, id_token, login } = await issuer.tokens();
      const remote = createRemoteJWKSet(new URL(`${issuer.url}/.well-known/jwks.json`));
      await jwtVerify(access_token, remote, { issuer: issuer.id, typ: 'at+jwt', algorithms: [alg] });
      const { payload } = await jwtVerify(id_token, remote, {
        issuer: issuer.id,
        audience: login.client,
        algorithms: [alg],
      });
      assert.equal(header(access_token).alg, alg);
      assert.equal(header(id_token).alg, alg);
      assert.equal(payload.at_hash, halfHash(access_token, alg));
      const metadata = await issuer.metadata();
      assert.deepEqual(metadata.id_token_signing_alg_values_supported, [alg], 'discovery lists exactly what is on');
      assert.deepEqual([...new Set((await issuer.jwks()).keys.map((key) => key.alg))], [alg]);
    });
  }

  for (const on of [['ES256', 'RS256'], ['EdDSA', 'ES256'], ['RS256', 'EdDSA', 'ES256'], ALGS]) {
    test(`${on.join(' ')}: the first is the default, discovery and JWKS have exactly these`, async () => {
      const issuer = await mock.fresh('algs').make({ signing_algs: on });
      assert.equal(header((await issuer.granted()).access_token).alg, on[0]);
      assert.deepEqual((await issuer.metadata()).id_token_signing_alg_values_supported.toSorted(), on.toSorted());
      assert.deepEqual([...new Set((await issuer.jwks()).keys.map((key) => key.alg))].sort(), on.toSorted());
      assert.deepEqual(
        (await issuer.keys())
          .filter((key) => key.signs)
          .map((key) => key.alg)
          .sort(),
        on.toSorted(),
      );
    });
  }

  test('a client may have the algorithm it likes', async () => {
    const issuer = await mock.fresh('own-alg').make({ signing_algs: ALGS });
    for (const alg of ALGS) {
      await issuer.client({
        client_id: `likes-${alg}`,
        client_secret: 's',
        grant_types: ['client_credentials', 'authorization_code'],
        redirect_uris: [CALLBACK],
        access_token_signed_response_alg: alg,
        id_token_signed_response_alg: alg,
        scope: 'openid',
      });
      const { access_token, id_token } = await issuer.tokens({ client: [`likes-${alg}`, 's'] });
      assert.equal(header(access_token).alg, alg);
      assert.equal(header(id_token).alg, alg);
      await issuer.verify(access_token);
    }
  });

  for (const signing_algs of [[], ['HS256'], ['none'], ['ES256', 'ES256'], 'ES256', ['es256'], [1]]) {
    test(`signing_algs = ${JSON.stringify(signing_algs)} is refused`, async () => {
      isRefused(await mock.fresh('bad-alg').control('PUT', '/issuer', { signing_algs }), /signing_algs/);
    });
  }

  test('every key of a JWKS says what it is for, and its kid is its thumbprint', async () => {
    for (const key of (await seeded.at().jwks()).keys) {
      assert.ok(ALGS.includes(key.alg));
      assert.equal(key.use, 'sig');
      assert.equal(key.kid, await calculateJwkThumbprint(key));
    }
  });
});

describe('key rotation on demand', { concurrency: 4 }, () => {
  const ALG = 'ES256';
  const make = () => mock.fresh('rotation').make({ signing_algs: [ALG] });
  const signer = async (issuer) => header((await issuer.granted()).access_token).kid;
  const published = async (issuer) =>
    (await issuer.keys())
      .filter((key) => key.published)
      .map((key) => key.kid)
      .sort();

  test('at first one key of each algorithm signs, and JWKS has what is published', async () => {
    const issuer = await mock.fresh('rotation').make({ signing_algs: ALGS });
    const keys = await issuer.keys();
    assert.deepEqual(
      keys.filter((key) => key.signs).map((key) => key.alg),
      ALGS,
    );
    for (const key of keys) assert.deepEqual(Object.keys(key).sort(), ['alg', 'kid', 'published', 'signs']);
    assert.deepEqual(
      await issuer.kids(),
      keys
        .filter((key) => key.published)
        .map((key) => key.kid)
        .sort(),
    );
  });

  test('publish, then switch: a client that reads JWKS in between never fails', async () => {
    const issuer = await make();
    const old = await signer(issuer);
    const before = (await issuer.granted()).access_token;
    const answer = await issuer.keys({ action: 'publish', alg: ALG });
    const next = answer.find((key) => key.published && !key.signs && key.kid !== old);
    assert.ok(next);
    assert.equal(await signer(issuer), old, 'it does not sign yet');
    assert.ok((await issuer.kids()).includes(next.kid));
    const held = await issuer.jwks();
    await issuer.keys({ action: 'switch', alg: ALG });
    assert.equal(await signer(issuer), next.kid);
    const after = (await issuer.granted()).access_token;
    assert.ok(
      held.keys.some((key) => key.kid === header(after).kid),
      'the JWKS from before the switch knows it',
    );
    await issuer.verify(before);
    await issuer.verify(after);
  });

  test('switch without a published next is refused, and changes nothing', async () => {
    const issuer = await make();
    const before = await issuer.keys();
    isRefused(await issuer.control('POST', '/keys', { action: 'switch', alg: ALG }), /publish/);
    assert.deepEqual(await issuer.keys(), before);
  });

  test('rotate publishes and switches in one; the old token stays good', async () => {
    const issuer = await make();
    const { access_token } = await issuer.granted();
    await issuer.keys({ action: 'rotate', alg: ALG });
    assert.notEqual(await signer(issuer), header(access_token).kid);
    await issuer.verify(access_token);
    await issuer.verify((await issuer.granted()).access_token);
  });

  for (const [how, change] of [
    ['absent', { action: 'rotate' }],
    ['null', { action: 'rotate', alg: null }],
  ]) {
    test(`rotate with alg ${how}: the issuer’s first algorithm rotates, and no other`, async () => {
      const issuer = await mock.fresh('rotation').make({ signing_algs: ALGS });
      const signers = async () => {
        const signing = (await issuer.keys()).filter((key) => key.signs);
        assert.equal(signing.length, ALGS.length);
        return Object.fromEntries(signing.map((key) => [key.alg, key.kid]));
      };
      const before = await signers();
      await issuer.keys(change);
      const after = await signers();
      assert.notEqual(after.RS256, before.RS256);
      assert.deepEqual([after.ES256, after.EdDSA], [before.ES256, before.EdDSA]);
      await issuer.verify((await issuer.granted()).access_token);
    });
  }

  test('switch-unpublished: a key that no JWKS shows; a client cannot verify', async () => {
    const issuer = await make();
    const { access_token } = await issuer.granted();
    const keys = await issuer.keys({ action: 'switch-unpublished', alg: ALG });
    const hidden = keys.find((key) => key.signs);
    assert.equal(hidden.published, false);
    const unknown = (await issuer.granted()).access_token;
    assert.equal(header(unknown).kid, hidden.kid);
    assert.ok(!(await issuer.kids()).includes(hidden.kid));
    assert.equal(await judged(issuer.verify(unknown)), 'ERR_JWKS_NO_MATCHING_KEY');
    assert.equal(await judged(issuer.verify(access_token)), 'valid');
    assert.equal(await issuer.active(unknown), true, 'to the server it is its own');
  });

  test('after switch-unpublished, publish heals nothing by accident; rotate does', async () => {
    const issuer = await make();
    await issuer.keys({ action: 'switch-unpublished', alg: ALG });
    await issuer.keys({ action: 'publish', alg: ALG });
    const unknown = (await issuer.granted()).access_token;
    assert.equal(await judged(issuer.verify(unknown)), 'ERR_JWKS_NO_MATCHING_KEY');
    await issuer.keys({ action: 'rotate', alg: ALG });
    await issuer.verify((await issuer.granted()).access_token);
  });

  test('retire: keys that do not sign leave, and tokens of theirs fail', async () => {
    const issuer = await make();
    const { access_token } = await issuer.granted();
    await issuer.keys({ action: 'rotate', alg: ALG });
    await issuer.keys({ action: 'retire', alg: ALG });
    assert.deepEqual(await published(issuer), [await signer(issuer)]);
    assert.deepEqual(await issuer.kids(), await published(issuer));
    assert.equal(await judged(issuer.verify(access_token)), 'ERR_JWKS_NO_MATCHING_KEY');
    await issuer.verify((await issuer.granted()).access_token);
  });

  test('retire after publish: the next key leaves, too', async () => {
    const issuer = await make();
    await issuer.keys({ action: 'publish', alg: ALG });
    await issuer.keys({ action: 'retire', alg: ALG });
    assert.deepEqual(await issuer.kids(), [await signer(issuer)]);
    isRefused(await issuer.control('POST', '/keys', { action: 'switch', alg: ALG }), /publish/);
  });

  test('twenty rotations in a row: twenty keys, all verify until they are retired', async () => {
    const issuer = await make();
    const tokens = [];
    for (let n = 0; n < 20; n += 1) {
      tokens.push((await issuer.granted()).access_token);
      await issuer.keys({ action: 'rotate', alg: ALG });
    }
    assert.equal(new Set(tokens.map((token) => header(token).kid)).size, 20);
    const verdicts = await Promise.all(tokens.map((token) => judged(issuer.verify(token))));
    assert.deepEqual([...new Set(verdicts)], ['valid']);
  });

  for (const alg of ['EdDSA', 'RS256']) {
    test(`${alg} rotates like the others, and not with them`, async () => {
      const issuer = await mock.fresh('rotation').make({ signing_algs: [alg, 'ES256'] });
      const other = (await issuer.keys()).find((key) => key.alg === 'ES256' && key.signs).kid;
      const old = await signer(issuer);
      await issuer.keys({ action: 'rotate', alg });
      assert.notEqual(await signer(issuer), old);
      await issuer.verify((await issuer.granted()).access_token);
      assert.equal((await issuer.keys()).find((key) => key.alg === 'ES256' && key.signs).kid, other);
    });
  }

  for (const [body, pattern] of [
    [{}, /missing field `action`/],
    [{ action: 'rotat' }, /^action: unknown variant `rotat`/],
    [{ action: 'rotate', alg: 'HS256' }, /^alg: expected one of the issuer's .*HS256/],
    [{ action: 'rotate', alg: 'EdDSA' }, /^alg: expected one of the issuer's .*EdDSA/],
    [{ action: 'rotate', kid: 'x' }, /^kid: unknown field/],
    [{ action: 1 }, /^action: invalid type/],
  ]) {
    test(`${JSON.stringify(body)} is refused where only ES256 is on`, async () => {
      const issuer = await make();
      const before = await issuer.keys();
      isRefused(await issuer.control('POST', '/keys', body), pattern);
      assert.deepEqual(await issuer.keys(), before);
    });
  }
});

describe('private keys are never served', () => {
  test('no answer of any endpoint has a private member', async () => {
    const issuer = await seeded.fresh('private').make({ signing_algs: ALGS });
    await issuer.keys({ action: 'switch-unpublished', alg: 'ES256' });
    const { token } = await issuer.mint({ claims: { sub: 'x' } });
    const answers = [
      await issuer.get('/.well-known/jwks.json'),
      await issuer.get('/jwks'),
      await issuer.get('/.well-known/openid-configuration'),
      await issuer.get('/'),
      await issuer.get('/debugger'),
      await seeded.send('/'),
      await seeded.send(`/debugger?token=${token}`),
      ...(await Promise.all(
        [
          '/issuers',
          '/issuer',
          '/users',
          '/clients',
          '/claims',
          '/faults',
          '/clock',
          '/keys',
          '/journal',
          '/openapi.json',
        ].map((path) => issuer.control('GET', path)),
      )),
    ];
    const secrets = BUNDLED.flatMap((key) => PRIVATE.filter((name) => name in key).map((name) => key[name]));
    assert.equal(secrets.length, BUNDLED.length * 6);
    for (const { text, headers } of answers) {
      for (const secret of secrets) assert.ok(!text.includes(secret) && !JSON.stringify(headers).includes(secret));
      assert.ok(!/PRIVATE KEY/.test(text));
    }
    for (const { keys } of [answers[0].json(), answers[1].json()]) {
      assert.deepEqual(
        keys.map((key) => key.alg),
        ALGS,
      );
      for (const key of keys)
        assert.deepEqual(
          PRIVATE.filter((name) => name in key),
          [],
        );
    }
    assert.ok(!seeded.log().some((line) => secrets.some((secret) => line.includes(secret))));
  });
});
