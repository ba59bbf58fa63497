// Access tokens that are JWTs: RFC 9068, and what RFC 8725 warns of.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { LibraryError } from '../../support/driver.mjs';
import { base64url, keyOf, now, pem } from '../../support/keys.mjs';
import { AUDIENCE, claimsOf, start } from '../../support/resource-server.mjs';
import { feature, refused, scopeOf } from '../../support/rows.mjs';
import { secret } from '../../support/secrets.mjs';

/** A token with these claims and this header is taken. */
const taken =
  (claims, { header, options } = {}) =>
  async (row) => {
    const { api, token } = await start(row, options);
    const found = await api.verify(await token(resolved(claims), { header }));
    assert.equal(found.sub, 'alice');
  };

/** One with these is refused. */
const refusedAs =
  (code, claims, { header, options } = {}) =>
  async (row) => {
    const { api, token } = await start(row, options);
    await refusedToken(api.verify(await token(resolved(claims), { header })), code);
  };

const resolved = (claims = {}) => (typeof claims === 'function' ? claims() : claims);

/** A text that is no token. */
const noToken = (text) => async (row) => {
  const { api } = await start(row);
  await refusedToken(api.verify(text), 'malformed');
};

async function refusedToken(verification, code) {
  const error = await refused(verification, 'token', code);
  assert.equal(error.status, 401);
  return error;
}

/** Refused with a word that is the library's choice. */
async function refusedSomehow(verification) {
  const error = await verification.then(
    () => assert.fail('it was taken'),
    (error) => error,
  );
  if (!(error instanceof LibraryError)) throw error;
  assert.equal(error.fault, 'token', error.message);
  assert.equal(error.status, 401);
}

/** A token by another key of the issuer; `change` is of its JWK as published. */
const byKey =
  (alg, { change = {}, options, header, key: about } = {}) =>
  async (row) => {
    const { issuer, api, token } = await start(row, options);
    const key = await keyOf(alg, `second ${alg}`, about);
    issuer.keys = [issuer.key.publicJwk, { ...key.publicJwk, ...change }];
    return { verification: api.verify(await token({}, { key, header })), issuer };
  };

const byKeyTaken =
  (...about) =>
  async (row) => {
    assert.equal((await (await byKey(...about)(row)).verification).sub, 'alice');
  };

const byKeyRefused =
  (code, ...about) =>
  async (row) => {
    await refusedToken((await byKey(...about)(row)).verification, code);
  };

feature('verify', {
  async 'a good token: its claims'(row) {
    const { issuer, api, token } = await start(row);
    const claims = await api.verify(await token({ auth_time: 17, acr: 'gold', tenant: { name: 'blue' } }));
    assert.equal(claims.iss, issuer.issuer);
    assert.equal(claims.sub, 'alice');
    assert.equal(claims.client_id, 'app');
    assert.deepEqual([claims.aud].flat(), [AUDIENCE]);
    assert.deepEqual(scopeOf(claims), ['profile', 'read']);
    assert.ok(Math.abs(claims.exp - now() - 300) < 5);
    assert.ok(Math.abs(claims.iat - now()) < 5);
    assert.equal(claims.auth_time, 17);
    assert.equal(claims.acr, 'gold');
    assert.equal(typeof claims.jti, 'string');
    assert.deepEqual(claims.tenant ?? claims.rest?.tenant, { name: 'blue' });
  },

  async 'a token without a scope has none'(row) {
    const { api, token } = await start(row);
    const claims = await api.verify(await token({ scope: undefined }));
    assert.deepEqual(scopeOf(claims).filter(Boolean), []);
  },

  RS256: byKeyTaken('RS256'),
  PS256: byKeyTaken('PS256'),
  EdDSA: byKeyTaken('EdDSA'),
  'ES384 is not on the list': byKeyRefused('wrong_algorithm', 'ES384'),
  'ES384 where it is put on the list': byKeyTaken('ES384', { options: { algorithms: ['ES384'] } }),
  'ES256 where it is not on the list': refusedAs('wrong_algorithm', {}, { options: { algorithms: ['RS256'] } }),

  async 'the scheme, in any case'(row) {
    const { api, token } = await start(row);
    const text = await token();
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      assert.equal((await api.verify(`${scheme} ${text}`)).sub, 'alice');
    }
  },

  'typ: application/at+jwt': taken({}, { header: { typ: 'application/at+jwt' } }),
  'typ: AT+JWT': taken({}, { header: { typ: 'AT+JWT' } }),
  'typ: JWT': refusedAs('wrong_type', {}, { header: { typ: 'JWT' } }),
  'typ: none': refusedAs('wrong_type', {}, { header: { typ: undefined } }),
  'typ: that of a proof': refusedAs('wrong_type', {}, { header: { typ: 'dpop+jwt' } }),
  'typ: that of a logout': refusedAs('wrong_type', {}, { header: { typ: 'logout+jwt' } }),

  'aud: ours among others': taken({ aud: ['https://other.example', AUDIENCE] }),
  'aud: one of our names': taken({ aud: 'urn:example:api' }, { options: { audience: [AUDIENCE, 'urn:example:api'] } }),
  'aud: another': refusedAs('wrong_audience', { aud: 'https://other.example' }),
  'aud: ours with more behind it': refusedAs('wrong_audience', { aud: `${AUDIENCE}/more` }),
  'aud: none': refusedAs('wrong_audience', { aud: undefined }),
  'aud: an empty list': refusedAs('wrong_audience', { aud: [] }),

  'iss: another': refusedAs('wrong_issuer', { iss: 'https://other.example' }),
  'iss: none': refusedAs('wrong_issuer', { iss: undefined }),
  async 'iss: with one slash more'(row) {
    const { issuer, api, token } = await start(row);
    await refusedToken(api.verify(await token({ iss: `${issuer.issuer}/` })), 'wrong_issuer');
  },

  'exp: a few seconds ago': taken(() => ({ exp: now() - 5 })),
  async 'exp: longer ago, by how much'(row) {
    const { api, token } = await start(row);
    const error = await refusedToken(api.verify(await token({ exp: now() - 3_600 })), 'expired');
    assert.match(error.said, /\b(359\d|360\d) s/);
  },
  'exp: eleven seconds ago, where a minute is allowed': taken(() => ({ exp: now() - 11 }), { options: { leeway: 60 } }),
  'exp: five seconds ago, where none is allowed': refusedAs('expired', () => ({ exp: now() - 5 }), {
    options: { leeway: 0 },
  }),
  'exp: none': refusedAs('malformed', { exp: undefined }),
  'exp: a text': refusedAs('malformed', () => ({ exp: String(now() + 60) })),
  'nbf: a few seconds ahead': taken(() => ({ nbf: now() + 5 })),
  async 'nbf: further ahead, by how much'(row) {
    const { api, token } = await start(row);
    const error = await refusedToken(api.verify(await token({ nbf: now() + 3_600 })), 'not_yet_valid');
    assert.match(error.said, /\b(359\d|360\d) s/);
  },
  'iat: ahead': refusedAs('not_yet_valid', () => ({ iat: now() + 120, exp: now() + 300 })),

  'alg: none': async (row) => {
    const { issuer, api } = await start(row);
    const header = base64url({ alg: 'none', typ: 'at+jwt' });
    await refusedToken(api.verify(secret(`${header}.${base64url(claimsOf(issuer.issuer))}.`)), 'unsigned');
  },
  'alg: HS256 by the public key': async (row) => {
    const { issuer, api } = await start(row);
    const { jwk, publicJwk } = await keyOf('RS256', 'public');
    issuer.keys = [publicJwk];
    const message = `${base64url({ alg: 'HS256', typ: 'at+jwt', kid: publicJwk.kid })}.${base64url(claimsOf(issuer.issuer))}`;
    const signature = createHmac('sha256', pem(jwk)).update(message).digest('base64url');
    await refusedToken(api.verify(`${message}.${signature}`), 'wrong_algorithm');
  },

  async 'another key of the same name'(row) {
    const { issuer, api, token } = await start(row);
    const stranger = await keyOf('ES256', 'stranger');
    const text = await token({}, { key: stranger, header: { kid: issuer.key.kid } });
    await refusedToken(api.verify(text), 'bad_signature');
  },
  async 'a signature that was cut'(row) {
    const { api, token } = await start(row);
    const text = await token();
    await refusedToken(api.verify(text.slice(0, -8)), 'bad_signature');
  },
  async 'claims that were changed'(row) {
    const { issuer, api, token } = await start(row);
    const [header, , signature] = (await token()).split('.');
    const text = `${header}.${base64url(claimsOf(issuer.issuer, { sub: 'mallory' }))}.${signature}`;
    await refusedToken(api.verify(text), 'bad_signature');
  },
  async 'a key that nobody knows'(row) {
    const { api, token } = await start(row);
    const stranger = await keyOf('ES256', 'stranger');
    await refusedToken(api.verify(await token({}, { key: stranger })), 'unknown_key');
  },

  async 'a key in the header is no key'(row) {
    const { issuer, api, token } = await start(row);
    const stranger = await keyOf('ES256', 'stranger');
    const jku = `${issuer.origin}/evil`;
    for (const header of [{ jwk: stranger.publicJwk }, { jku }, { x5u: jku }]) {
      await refusedSomehow(api.verify(await token({}, { key: stranger, header: { ...header, kid: undefined } })));
    }
    assert.equal(issuer.count('/evil'), 0);
  },
  async 'crit is refused'(row) {
    const { issuer, api } = await start(row);
    const header = { alg: 'ES256', typ: 'at+jwt', kid: issuer.key.kid, crit: ['of-nobody'], 'of-nobody': true };
    await refusedSomehow(api.verify(signed(header, claimsOf(issuer.issuer), issuer.key)));
  },

  async 'no kid: by its algorithm'(row) {
    const { issuer, api, token } = await start(row);
    const others = await Promise.all(['a', 'b'].map((name) => keyOf('ES256', name)));
    issuer.keys = [...others, issuer.key].map(({ publicJwk }) => publicJwk);
    assert.equal((await api.verify(await token({}, { header: { kid: undefined } }))).sub, 'alice');
  },
  async 'no kid: four keys are tried, and not a hundred'(row) {
    const { issuer, api, token } = await start(row);
    const others = await Promise.all(['a', 'b', 'c', 'd'].map((name) => keyOf('ES256', name)));
    issuer.keys = [...others, issuer.key].map(({ publicJwk }) => publicJwk);
    await refusedSomehow(api.verify(await token({}, { header: { kid: undefined } })));
    assert.equal((await api.verify(await token())).sub, 'alice');
  },

  async 'a key for another algorithm'(row) {
    const { verification } = await byKey('RS256', { change: { alg: 'PS256' } })(row);
    await refusedSomehow(verification);
  },
  async 'a key for encryption'(row) {
    const { verification } = await byKey('RS256', { change: { use: 'enc' } })(row);
    await refusedSomehow(verification);
  },
  async 'a key for other operations'(row) {
    const { verification } = await byKey('RS256', { change: { key_ops: ['encrypt'] } })(row);
    await refusedSomehow(verification);
  },
  'a key for verification': byKeyTaken('RS256', { change: { use: 'sig', key_ops: ['verify'] } }),
  'a key that says nothing of its use': byKeyTaken('RS256', { change: { alg: undefined, use: undefined } }),

  async 'an RSA key of 1024 bits'(row) {
    const { issuer, api } = await start(row);
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    issuer.keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'small', alg: 'RS256' }];
    const message = `${base64url({ alg: 'RS256', typ: 'at+jwt', kid: 'small' })}.${base64url(claimsOf(issuer.issuer))}`;
    const signature = sign('sha256', Buffer.from(message), privateKey).toString('base64url');
    await refusedSomehow(api.verify(`${message}.${signature}`));
  },

  'no token: a word': noToken('of-nobody'),
  'no token: two parts': noToken('eyJhbGciOiJFUzI1NiJ9.e30'),
  'no token: what is not base64url': noToken('e!J.e!0.e!0'),
  'no token: what is not JSON': noToken(`${base64url('alg')}.${base64url('sub')}.AAAA`),
  'no token: a list for a header': noToken(`${base64url([])}.${base64url({})}.AAAA`),

  async 'claims that are a list'(row) {
    const { issuer, api } = await start(row);
    const text = await issuer.key.signText('["alice"]', { typ: 'at+jwt' });
    await refusedToken(api.verify(text), 'malformed');
  },

  async 'over 16 kB: before anything is decoded'(row) {
    const { issuer, api } = await start(row);
    await refusedToken(api.verify('a.b.c'.padEnd(17_000, 'x')), 'too_large');
    assert.equal(issuer.requests.length, 0);
  },
  'under 16 kB': taken({ padding: 'x'.repeat(11_000) }),

  async 'a claim that stands twice'(row) {
    // JavaScript's parser takes the last, and says nothing.
    if (row.language === 'js') return row.t.skip('JSON.parse cannot tell');
    const { issuer, api } = await start(row);
    const claims = JSON.stringify(claimsOf(issuer.issuer)).replace('{', '{"sub":"mallory",');
    await refusedToken(api.verify(await issuer.key.signText(claims, { typ: 'at+jwt' })), 'malformed');
  },

  async 'no credentials'(row) {
    const { api } = await start(row);
    const error = await refused(api.verify(undefined), 'caller', 'missing_token');
    assert.equal(error.status, 401);
  },
  async 'credentials of another scheme'(row) {
    const { api } = await start(row);
    await refused(api.verify('Basic dXNlcjpwYXNz'), 'caller', 'missing_token');
  },
  async 'several credentials'(row) {
    const { api, token } = await start(row);
    const text = await token();
    const error = await refused(api.verify([`Bearer ${text}`, `Bearer ${text}`]), 'caller', 'invalid_request');
    assert.equal(error.status, 400);
  },
});

/** A JWS whose header jose would not write. */
function signed(header, claims, key) {
  const message = `${base64url(header)}.${base64url(claims)}`;
  const about = { key: key.jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' };
  return secret(`${message}.${sign('sha256', Buffer.from(message), about).toString('base64url')}`);
}
