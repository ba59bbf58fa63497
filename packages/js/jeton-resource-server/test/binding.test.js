// Tokens that are bound: RFC 9449 §4.3 and §7, RFC 8705 §3.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { AUDIENCE, encode, holder, Issuer, keyOf, now, proofOf, refused, sha256 } from './support.js';

const RESOURCE = AUDIENCE;
const secret = 'a secret of thirty-two bytes, or more';

/** Rows of what is changed of a proof, and whether it holds then. */
const ROWS = {
  'a proof': [{}, true],
  'of a POST': [{ method: 'POST' }, true],
  'the query is not part of it': [{ url: `${RESOURCE}/read?a=b#c` }, true],
  'htu with a query': [{ proof: { htu: `${RESOURCE}/read?a=b` } }, true],
  'htu in other letters': [{ proof: { htu: 'HTTPS://API.example:443/v1/%72ead' } }, true],
  'htu with dots': [{ proof: { htu: `${RESOURCE}/x/../read` } }, true],
  'percent-encoding in other letters': [{ url: `${RESOURCE}/%c3%a9`, proof: { htu: `${RESOURCE}/%C3%A9` } }, true],
  'exp and nbf in it': [() => ({ proof: { exp: now() - 60, nbf: now() + 60 } }), true],
  'half a minute old': [() => ({ proof: { iat: now() - 30 } }), true],
  'half a minute ahead': [() => ({ proof: { iat: now() + 30 } }), true],
  'typ in capitals': [{ header: { typ: 'DPOP+JWT' } }, true],

  'another method': [{ proof: { htm: 'POST' } }],
  'the method in small letters': [{ proof: { htm: 'get' } }],
  'no method': [{ proof: { htm: undefined } }],
  'another path': [{ proof: { htu: `${RESOURCE}/write` } }],
  'a path with a reserved character encoded': [{ url: `${RESOURCE}/a/b`, proof: { htu: `${RESOURCE}/a%2Fb` } }],
  'another host': [{ proof: { htu: 'https://other.example/v1/read' } }],
  'by http': [{ proof: { htu: 'http://api.example/v1/read' } }],
  'another port': [{ proof: { htu: 'https://api.example:8443/v1/read' } }],
  'no URL': [{ proof: { htu: '/v1/read' } }],
  'no htu': [{ proof: { htu: undefined } }],
  'htu a list': [{ proof: { htu: ['https://api.example/v1/read'] } }],
  'htu with a user': [{ proof: { htu: 'https://user@api.example/v1/read' } }],
  'htu with a password': [{ proof: { htu: 'https://:secret@api.example/v1/read' } }],
  'a target that is no URL': [{ url: 'read', proof: { htu: 'https://api.exampleundefined' } }],
  'a target of another kind': [{ url: 'https://[', proof: { htu: 'https://api.exampleundefined/' } }],
  'iat a text that is a number': [() => ({ proof: { iat: String(now()) } })],
  'an hour old': [() => ({ proof: { iat: now() - 3600 } })],
  'an hour ahead': [() => ({ proof: { iat: now() + 3600 } })],
  'no iat': [{ proof: { iat: undefined } }],
  'iat a text': [{ proof: { iat: 'now' } }],
  'no jti': [{ proof: { jti: undefined } }],
  'an empty jti': [{ proof: { jti: '' } }],
  'jti a number': [{ proof: { jti: 1 } }],
  'ath of another token': [{ proof: { ath: sha256('other') } }],
  'no ath': [{ proof: { ath: undefined } }],
  'typ JWT': [{ header: { typ: 'JWT' } }],
  'no typ': [{ header: { typ: undefined } }],
  'no key': [{ header: { jwk: undefined } }],
  'a key that is a text': [{ header: { jwk: 'key' } }],
  'crit that jose knows': [{ header: { crit: ['b64'], b64: true } }],
  'a secret key': [{ header: { jwk: { kty: 'oct', k: 'AAAA' } } }],
  'over 8 kB': [{ proof: { padding: 'x'.repeat(8192) } }],
};

describe('DPoP', () => {
  for (const [name, [sent, holds]] of Object.entries(ROWS)) {
    test(`${name}: ${holds ? 'taken' : 'invalid_dpop_proof'}`, async () => {
      const issuer = await Issuer.start();
      const verification = issuer.api().verify(...(await issuer.bound(typeof sent === 'function' ? sent() : sent)));
      if (holds) assert.equal((await verification).sub, 'alice');
      else assert.match((await refused(verification, 'invalid_dpop_proof')).challenge, /^DPoP algs="ES256 /);
    });
  }

  for (const alg of ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256']) {
    test(`by ${alg}: taken`, async () => {
      const issuer = await Issuer.start();
      const key = await keyOf(alg);
      assert.ok(await issuer.api().verify(...(await issuer.bound({ claims: { cnf: { jkt: key.jkt } }, key }))));
    });
  }

  test('by an algorithm that is not on the list: invalid_dpop_proof', async () => {
    const issuer = await Issuer.start();
    const key = await keyOf('ES512');
    const sent = await issuer.bound({ claims: { cnf: { jkt: key.jkt } }, key });
    await refused(issuer.api().verify(...sent), 'invalid_dpop_proof');
  });

  test('a private key, or another’s: invalid_dpop_proof', async () => {
    const issuer = await Issuer.start();
    const own = await holder;
    const thief = await keyOf();
    const { alg, kid, ...jwk } = own.jwk;
    for (const proof of [{ header: { jwk: own.private } }, { key: thief }, { key: thief, header: { jwk } }]) {
      await refused(issuer.api().verify(...(await issuer.bound(proof))), 'invalid_dpop_proof');
    }
  });

  const proofs = {
    none: () => undefined,
    'an empty list': () => [],
    'an empty one': () => [''],
    'a word': () => ['of-nobody'],
    two: async (proof, token) => [proof, await proofOf(token, { url: `${RESOURCE}/read` })],
    'two, as Headers joins them': async (proof, token) =>
      `${proof}, ${await proofOf(token, { url: `${RESOURCE}/read` })}`,
    'the same twice': (proof) => [proof, proof],
    unsigned: (proof) => {
      const [header, payload] = proof.split('.');
      return `${encode({ ...JSON.parse(Buffer.from(header, 'base64url')), alg: 'none' })}.${payload}.`;
    },
    'with another signature': (proof) => `${proof.slice(0, -6)}AAAAAA`,
    'the access token': (_, token) => token,
  };
  for (const [name, change] of Object.entries(proofs)) {
    test(`${name}: invalid_dpop_proof`, async () => {
      const issuer = await Issuer.start();
      const [authorization, request] = await issuer.bound();
      const dpop = await change(request.dpop, authorization.slice(5));
      await refused(issuer.api().verify(authorization, { ...request, dpop }), 'invalid_dpop_proof');
    });
  }

  test('the scheme in any case', async () => {
    const issuer = await Issuer.start();
    const [authorization, request] = await issuer.bound();
    assert.ok(await issuer.api().verify(authorization.replace('DPoP', 'dpop'), request));
  });

  test('a bound token as Bearer, with its proof or without: bound_token', async () => {
    const issuer = await Issuer.start();
    const [authorization, request] = await issuer.bound();
    for (const sent of [request, {}]) {
      const error = await refused(issuer.api().verify(authorization.replace('DPoP', 'Bearer'), sent), 'bound_token');
      assert.match(error.challenge, /^Bearer error="invalid_token".*, DPoP algs="[\w ]+"$/);
    }
  });

  test('a token that is bound to nothing as DPoP: bound_token', async () => {
    const issuer = await Issuer.start();
    const error = await refused(
      issuer.api().verify(...(await issuer.bound({ claims: { cnf: undefined } }))),
      'bound_token',
    );
    assert.match(error.challenge, /^DPoP algs="[\w ]+", error="invalid_token"/);
  });

  test('a bad token is told before its proof', async () => {
    const issuer = await Issuer.start();
    const sent = await issuer.bound({ claims: { aud: 'urn:other' }, proof: { htm: 'POST' } });
    await refused(issuer.api().verify(...sent), 'wrong_audience');
  });

  test('a proof counts once', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const sent = await issuer.bound();
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.verify(...sent).catch((error) => error)));
    assert.equal(answers.filter(({ sub }) => sub === 'alice').length, 1);
    await refused(api.verify(...sent), 'invalid_dpop_proof');
  });

  test('a jti that another key has used counts', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const jti = randomUUID();
    await api.verify(...(await issuer.bound({ proof: { jti } })));
    const key = await keyOf();
    assert.ok(await api.verify(...(await issuer.bound({ claims: { cnf: { jkt: key.jkt } }, key, proof: { jti } }))));
    await refused(api.verify(...(await issuer.bound({ proof: { jti } }))), 'invalid_dpop_proof');
  });

  test('used proofs are remembered where one says: as long as they would count', async () => {
    const issuer = await Issuer.start();
    const used = [];
    const replay = { use: async (...proof) => used.push(proof) === 1 };
    const api = issuer.api({ replay });
    const jti = randomUUID();
    await api.verify(...(await issuer.bound({ proof: { iat: now() - 10, jti } })));
    const [[key, until]] = used;
    assert.equal(key, sha256(`${(await holder).jkt} ${jti}`));
    assert.ok(Math.abs(until - now() - 50) < 3);
    await refused(api.verify(...(await issuer.bound())), 'invalid_dpop_proof');
  });

  test('a store that fails is nobody’s refusal', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api({
      replay: {
        use() {
          throw new RangeError('store');
        },
      },
    });
    await assert.rejects(api.verify(...(await issuer.bound())), { name: 'RangeError', message: 'store' });
  });

  test('the configured origin counts, whatever the request says', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    for (const url of ['http://10.0.0.1:8080/v1/read?a', '/v1/read', new URL('http://evil.example/v1/read')]) {
      const [authorization, request] = await issuer.bound();
      assert.ok(await api.verify(authorization, { ...request, url }));
    }
    const [authorization, request] = await issuer.bound({ url: 'http://evil.example/v1/read' });
    await refused(api.verify(authorization, request), 'invalid_dpop_proof');
  });

  test('a target that looks like another origin is a path', async () => {
    const issuer = await Issuer.start();
    const [authorization, request] = await issuer.bound({ url: 'https://api.example//evil.example/read' });
    assert.ok(await issuer.api().verify(authorization, { ...request, url: '//evil.example/read' }));
  });

  test('without a resource, a method or a URL it is nobody’s fault but ours', async () => {
    const issuer = await Issuer.start();
    const [authorization, request] = await issuer.bound({ claims: { aud: 'urn:api' } });
    await refused(issuer.api({ audience: 'urn:api' }).verify(authorization, request), 'invalid_configuration');
    const api = issuer.api({ audience: 'urn:api', resource: RESOURCE });
    await refused(api.verify(authorization, { dpop: request.dpop }), 'invalid_configuration');
    assert.ok(await api.verify(authorization, request));
  });
});

describe('nonces', () => {
  const nonceOf = async (issuer, api) =>
    (await refused(api.verify(...(await issuer.bound())), 'use_dpop_nonce')).headers['DPoP-Nonce'];

  test('a proof without one, or with another’s: use_dpop_nonce', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api({ dpopNonceSecret: secret });
    const nonce = await nonceOf(issuer, api);
    assert.match(nonce, /^[\w-]{43}$/);
    assert.ok(await api.verify(...(await issuer.bound({ proof: { nonce } }))));
    for (const wrong of ['', 'x', nonce.slice(1), [nonce]]) {
      await refused(api.verify(...(await issuer.bound({ proof: { nonce: wrong } }))), 'use_dpop_nonce');
    }
  });

  test('good for two minutes at least and four at most, in every process with the secret', async () => {
    const issuer = await Issuer.start();
    const nonce = await nonceOf(issuer, issuer.api({ dpopNonceSecret: secret }));
    const at = async (offset, dpopNonceSecret = secret) => {
      issuer.offset = offset;
      const sent = await issuer.bound({
        claims: { iat: undefined, exp: now() + 999 },
        proof: { nonce, iat: now() + offset },
      });
      return issuer.api({ dpopNonceSecret }).verify(...sent);
    };
    assert.ok(await at(119));
    assert.ok(await at(119, new TextEncoder().encode(secret)));
    await refused(at(241), 'use_dpop_nonce');
    await refused(at(-121), 'use_dpop_nonce');
    await refused(at(0, `${secret}!`), 'use_dpop_nonce');
  });

  test('whoever is refused is told one, and who sent a bound token for the next', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api({ dpopNonceSecret: secret });
    const { headers } = await refused(api.verify(undefined), 'missing_token');
    const nonce = headers['DPoP-Nonce'];
    const sent = await issuer.bound({ proof: { nonce } });
    const claims = await api.verify(...sent);
    assert.equal(await api.nonce(claims), nonce);
    assert.equal((await refused(api.verify(...sent), 'invalid_dpop_proof')).headers['DPoP-Nonce'], nonce);
    assert.equal(await api.nonce({ scope: new Set() }), undefined);
    assert.equal(await issuer.api().nonce(claims), undefined);
    issuer.always['/jwks'] = () => new Response(null, { status: 500 });
    const away = await refused(issuer.api({ dpopNonceSecret: secret }).verify(...sent), 'keys_unavailable');
    assert.equal(away.headers['DPoP-Nonce'], undefined);
  });
});

describe('certificates', () => {
  const certificate = randomBytes(700);
  const cnf = { 'x5t#S256': sha256(certificate) };

  test('the one that the token is bound to, or its thumbprint: taken', async () => {
    const issuer = await Issuer.start();
    const bearer = await issuer.bearer({ cnf });
    for (const sent of [certificate, new Uint8Array(certificate), sha256(certificate)]) {
      assert.ok(await issuer.api().verify(bearer, { certificate: sent }));
    }
  });

  test('another, or none: wrong_certificate', async () => {
    const issuer = await Issuer.start();
    for (const sent of [randomBytes(700), undefined, '', 'x']) {
      await refused(issuer.api().verify(await issuer.bearer({ cnf }), { certificate: sent }), 'wrong_certificate');
    }
  });

  test('bound to a key too: both are wanted', async () => {
    const issuer = await Issuer.start();
    const both = { cnf: { ...cnf, jkt: (await holder).jkt } };
    const [authorization, request] = await issuer.bound({ claims: both });
    await refused(issuer.api().verify(authorization, request), 'wrong_certificate');
    assert.ok(await issuer.api().verify(authorization, { ...request, certificate }));
    const bearer = authorization.replace('DPoP', 'Bearer');
    await refused(issuer.api().verify(bearer, { ...request, certificate }), 'bound_token');
  });

  test('bound to nothing: it does not matter', async () => {
    const issuer = await Issuer.start();
    assert.ok(await issuer.api().verify(await issuer.bearer(), { certificate }));
  });

  test('it is not taken for a DPoP key', async () => {
    const issuer = await Issuer.start();
    const [authorization, request] = await issuer.bound({ claims: { cnf } });
    await refused(issuer.api().verify(authorization, { ...request, certificate }), 'bound_token');
  });
});

describe('cnf that is not known', () => {
  const rows = [
    [{ kid: 'a' }, 'bound_token'],
    [{ jwk: { kty: 'EC' } }, 'bound_token'],
    [{}, 'bound_token'],
    [{ JKT: 'x' }, 'bound_token'],
    [{ jkt: null }, 'malformed'],
    [{ 'x5t#S256': null }, 'malformed'],
    [{ 'x5t#S256': ['x'] }, 'malformed'],
    [{ 'x5t#S256': '' }, 'wrong_certificate'],
    ['a', 'malformed'],
    [null, 'malformed'],
    [[], 'malformed'],
    [['jkt'], 'malformed'],
    [1, 'malformed'],
    [false, 'malformed'],
    [{ constructor: 'x' }, 'malformed'],
  ];
  for (const [cnf, code] of rows) {
    test(`${JSON.stringify(cnf)}: ${code}`, async () => {
      const issuer = await Issuer.start();
      await refused(issuer.api().verify(await issuer.bearer({ cnf })), code);
    });
  }

  test('jkt that is no text, as DPoP: malformed', async () => {
    const issuer = await Issuer.start();
    for (const jkt of [null, 1, [], {}, [(await holder).jkt]]) {
      await refused(issuer.api().verify(...(await issuer.bound({ claims: { cnf: { jkt } } }))), 'malformed');
    }
    await refused(issuer.api().verify(...(await issuer.bound({ claims: { cnf: { jkt: '' } } }))), 'invalid_dpop_proof');
  });

  test('a certificate that is missing is not one that is empty', async () => {
    const issuer = await Issuer.start();
    const bearer = await issuer.bearer({ cnf: { 'x5t#S256': '' } });
    await refused(issuer.api().verify(bearer, { certificate: '' }), 'wrong_certificate');
  });
});
