// Tokens with exactly one thing wrong, judged by jose.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compactVerify, createLocalJWKSet } from 'jose';
import * as oauth from 'oauth4webapi';
import { claimsOf } from '../suite/support/tokens.mjs';
import { faultsOf, halfHash, isError, judged } from './support/check.mjs';
import { TOKEN_FAULTS } from './support/faults.mjs';
import { header, OFFLINE, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const API = 'https://api.example';
const NONCE = 'a-nonce-of-mine';

/** As an API judges an access token. */
const asApi = (issuer, token, more = {}) =>
  judged(issuer.verify(token, { audience: API, requiredClaims: ['sub', 'iss', 'aud', 'exp'], ...more }));

/** As a client judges an ID token; jose has no check of the nonce. */
async function asClient(issuer, token, client = 'web') {
  const verdict = await judged(
    issuer.verify(token, { typ: null, audience: client, requiredClaims: ['sub', 'iss', 'aud', 'exp', 'iat'] }),
  );
  if (verdict !== 'valid') return verdict;
  if (claimsOf(token).nonce !== NONCE) return 'nonce';
  return 'valid';
}

async function isSigned(issuer, token) {
  return compactVerify(token, createLocalJWKSet(await issuer.jwks())).then(
    () => true,
    () => false,
  );
}

const faulty = async (fault, spec) => {
  const issuer = await mock.fresh().make(spec);
  await issuer.fault(fault);
  return issuer;
};

/** What a fault changes of the claims; a fault that is not listed changes none. */
const CHANGED = {
  expired: ({ iat, ...claims }) => ({ ...claims, iat: iat - 7200, exp: iat - 3600 }),
  'not-yet-valid': ({ iat, ...claims }) => ({ ...claims, iat, nbf: iat + 3600, exp: iat + 7200 }),
  'wrong-issuer': (claims) => ({ ...claims, iss: 'https://wrong-issuer.example' }),
  'wrong-audience': (claims) => ({ ...claims, aud: 'https://wrong-audience.example' }),
  'wrong-nonce': (claims) => ({ ...claims, nonce: 'wrong-nonce' }),
  tampered: (claims) => ({ ...claims, sub: 'somebody-else' }),
  oversized: (claims) => ({ ...claims, padding: 'x'.repeat(16 * 1024) }),
};
const without = (name) => (claims) => {
  const { [name]: _, ...others } = claims;
  return others;
};
/** What a fault changes of the header. */
const CHANGED_HEADER = {
  'alg-none': (header) => ({ ...header, alg: 'none' }),
  'unknown-kid': (header) => ({ ...header, kid: 'unknown-kid' }),
  'wrong-typ': (header) => ({ ...header, typ: header.typ === 'JWT' ? 'at+jwt' : 'JWT' }),
};
const same = (value) => value;
/** The clock of an issuer two of whose tokens are compared: they are issued in the same second. */
const STANDS = { clock: { freeze: true } };

/** One thing wrong, and no other: `right` is another token of the same issuer, whose clock stands. */
function differsOnlyIn(fault, token, right) {
  const change = fault.startsWith('without-') ? without(fault.slice('without-'.length)) : (CHANGED[fault] ?? same);
  assert.deepEqual(header(token), (CHANGED_HEADER[fault] ?? same)(header(right)));
  // These are drawn anew for each token.
  const { jti, sid, at_hash, ...expected } = change(claimsOf(right));
  const { jti: ownJti, sid: ownSid, at_hash: ownHash, ...found } = claimsOf(token);
  assert.deepEqual(found, expected);
  assert.deepEqual([typeof ownJti, typeof ownSid, typeof ownHash], [typeof jti, typeof sid, typeof at_hash]);
}

describe('token faults: access tokens', { concurrency: 8 }, () => {
  for (const [fault, { verdict, signed }] of Object.entries(TOKEN_FAULTS)) {
    test(`${fault}: jose says ${verdict}`, async () => {
      const issuer = await faulty({ fault, times: 1 }, STANDS);
      const response = ok(await issuer.token({ resource: API }));
      const token = response.json().access_token;
      assert.equal(await asApi(issuer, token), verdict);
      assert.equal(await isSigned(issuer, token), signed, 'the signature');
      assert.deepEqual(faultsOf(response), [fault]);
      assert.deepEqual((await issuer.journal())[0].faults, [fault]);
      const right = (await issuer.granted({ resource: API })).access_token;
      assert.equal(await asApi(issuer, right), 'valid');
      differsOnlyIn(fault, token, right);
    });
  }

  test('expired by the issuer’s own clock: expired now, good before', async () => {
    const issuer = await faulty('expired', { clock: { set: 1_700_000_000, freeze: true } });
    const { access_token } = await issuer.granted({ resource: API });
    assert.equal(await asApi(issuer, access_token, { at: 1_700_000_000 }), 'ERR_JWT_EXPIRED');
    assert.equal(await asApi(issuer, access_token, { at: claimsOf(access_token).exp - 1 }), 'valid');
    // Beyond what verifiers are told to forgive.
    assert.equal(await asApi(issuer, access_token, { at: 1_700_000_000, clockTolerance: 60 }), 'ERR_JWT_EXPIRED');
  });

  test('not-yet-valid by the issuer’s own clock: good later', async () => {
    const issuer = await faulty('not-yet-valid', { clock: { set: 1_700_000_000, freeze: true } });
    const { access_token } = await issuer.granted({ resource: API });
    const { nbf } = claimsOf(access_token);
    assert.equal(
      await asApi(issuer, access_token, { at: 1_700_000_000, clockTolerance: 60 }),
      'ERR_JWT_CLAIM_VALIDATION_FAILED nbf',
    );
    assert.equal(await asApi(issuer, access_token, { at: nbf + 1 }), 'valid');
  });

  test('wrong-key keeps alg and kid: only the signature tells', async () => {
    const issuer = await faulty({ fault: 'wrong-key', times: 1 });
    const [wrong, right] = [(await issuer.granted()).access_token, (await issuer.granted()).access_token];
    assert.deepEqual(header(wrong), header(right));
  });

  test('alg-none: the header says none, and there is no signature', async () => {
    const issuer = await faulty('alg-none');
    const { access_token } = await issuer.granted();
    assert.equal(header(access_token).alg, 'none');
    assert.equal(access_token.split('.').length, 3);
    assert.equal(access_token.split('.')[2], '');
  });

  test('tampered: what was signed is not what it says', async () => {
    const issuer = await faulty('tampered');
    const { access_token } = await issuer.granted();
    assert.ok(claimsOf(access_token), 'still JSON');
    assert.equal(await isSigned(issuer, access_token), false);
  });

  test('unknown-kid: another kid, and no key of that name', async () => {
    const issuer = await faulty('unknown-kid');
    assert.equal(header((await issuer.granted()).access_token).kid, 'unknown-kid');
    assert.ok(!(await issuer.kids()).includes('unknown-kid'));
  });

  test('wrong-typ: typ is JWT, which an ID token has', async () => {
    const issuer = await faulty('wrong-typ');
    assert.equal(header((await issuer.granted()).access_token).typ, 'JWT');
  });

  test('oversized: more than the 8 KiB that a proxy has to take as a header, in a body of less than 64 KiB', async () => {
    const issuer = await faulty('oversized');
    const { access_token } = await issuer.granted();
    assert.ok(access_token.length > 8 * 1024, String(access_token.length));
    assert.ok(access_token.length < 64 * 1024, String(access_token.length));
    await issuer.verify(access_token);
  });

  test('without-CLAIM of a claim of one’s own', async () => {
    const issuer = await faulty('without-tenant', { claims: [{ access_token: { tenant: 'x', other: 'y' } }] });
    const claims = claimsOf((await issuer.granted()).access_token);
    assert.ok(!('tenant' in claims));
    assert.equal(claims.other, 'y');
  });

  test('two token faults at once', async () => {
    const issuer = await faulty('expired');
    await issuer.fault('wrong-audience');
    const response = ok(await issuer.token({ resource: API }));
    const { access_token } = response.json();
    assert.deepEqual(faultsOf(response), ['expired', 'wrong-audience']);
    assert.ok(claimsOf(access_token).exp < Date.now() / 1000);
    assert.equal(claimsOf(access_token).aud, 'https://wrong-audience.example');
  });

  for (const alg of ['ES256', 'RS256', 'EdDSA']) {
    test(`every token fault with ${alg}`, async () => {
      for (const [fault, { verdict, signed }] of Object.entries(TOKEN_FAULTS)) {
        const issuer = await faulty(fault, { signing_algs: [alg] });
        const token = (await issuer.granted({ resource: API })).access_token;
        assert.equal(await asApi(issuer, token), verdict);
        assert.equal(await isSigned(issuer, token), signed, fault);
        assert.equal(header(token).alg, fault === 'alg-none' ? 'none' : alg, fault);
      }
    });
  }

  test('token faults leave errors as they are', async () => {
    const issuer = await faulty('expired');
    isError(await issuer.token({ grant_type: 'bogus' }), 400, 'unsupported_grant_type');
  });

  // What the issuer has signed is its token, for as long as the token says: what else is wrong with it is for
  // the API that it is shown to.
  const INACTIVE = ['expired', 'not-yet-valid', 'wrong-key', 'alg-none', 'tampered'];
  for (const fault of Object.keys(TOKEN_FAULTS)) {
    const active = !INACTIVE.includes(fault);
    test(`${fault}: introspection says active ${active}`, async () => {
      const issuer = await faulty(fault);
      assert.equal(await issuer.active((await issuer.granted()).access_token), active);
    });
  }
});

describe('token faults: ID tokens', { concurrency: 8 }, () => {
  const verdictOf = { 'wrong-typ': 'valid', 'wrong-nonce': 'nonce', 'without-nonce': 'nonce' };
  const faults = { ...TOKEN_FAULTS, 'wrong-nonce': { signed: true }, 'without-nonce': { signed: true } };

  for (const [fault, { verdict, signed }] of Object.entries(faults)) {
    test(`${fault} on the ID token only; the access token is right`, async () => {
      const issuer = await faulty({ fault, tokens: ['id_token'], times: 1 }, STANDS);
      const { id_token, access_token } = await issuer.tokens({ nonce: NONCE, resource: API });
      assert.equal(await asClient(issuer, id_token), verdictOf[fault] ?? verdict);
      assert.equal(await isSigned(issuer, id_token), signed);
      assert.equal(await asApi(issuer, access_token), 'valid');
      const right = (await issuer.tokens({ nonce: NONCE, resource: API })).id_token;
      assert.equal(await asClient(issuer, right), 'valid');
      differsOnlyIn(fault, id_token, right);
    });
  }

  test('without tokens, both are faulty; with tokens: ["access_token"], only that', async () => {
    const issuer = await faulty({ fault: 'expired', times: 1 });
    const both = await issuer.tokens({ nonce: NONCE, resource: API });
    assert.equal(await asClient(issuer, both.id_token), 'ERR_JWT_EXPIRED');
    assert.equal(await asApi(issuer, both.access_token), 'ERR_JWT_EXPIRED');
    await issuer.fault({ fault: 'expired', tokens: ['access_token'], times: 1 });
    const one = await issuer.tokens({ nonce: NONCE, resource: API });
    assert.equal(await asClient(issuer, one.id_token), 'valid');
    assert.equal(await asApi(issuer, one.access_token), 'ERR_JWT_EXPIRED');
  });

  for (const alg of ['ES256', 'RS256', 'EdDSA']) {
    test(`at_hash is of the access token that is delivered, ${alg}`, async () => {
      for (const fault of ['expired', 'alg-none', 'tampered', 'wrong-key', 'oversized']) {
        const issuer = await faulty({ fault, tokens: ['access_token'] }, { signing_algs: [alg] });
        const { access_token, id_token } = await issuer.tokens();
        assert.equal(claimsOf(id_token).at_hash, halfHash(access_token, alg), fault);
        assert.equal(await asClient(issuer, id_token), 'nonce', 'nothing is wrong but that none was asked for');
      }
    });
  }

  test('without-at_hash: the claim is left out', async () => {
    const issuer = await faulty('without-at_hash');
    assert.ok(!('at_hash' in claimsOf((await issuer.tokens()).id_token)));
  });

  test('a fault for the grant refresh_token acts at a refresh', async () => {
    const issuer = await mock.fresh().make();
    const { refresh_token } = await issuer.tokens({ scope: OFFLINE, resource: API });
    await issuer.fault({ fault: 'wrong-issuer', match: { grant_type: 'refresh_token' } });
    const again = ok(await issuer.refresh(refresh_token)).json();
    assert.equal(await asApi(issuer, again.access_token), 'ERR_JWT_CLAIM_VALIDATION_FAILED iss');
  });

  const insecure = { [oauth.allowInsecureRequests]: true };
  for (const [fault, message] of [
    ['expired', /"exp" .* expiration is past/],
    ['wrong-issuer', /unexpected JWT "iss"/],
    ['wrong-audience', /unexpected JWT "aud"/],
    ['wrong-nonce', /unexpected ID Token "nonce"/],
    ['without-sub', /"sub" .* missing/],
    ['without-exp', /"exp" .* missing/],
    ['without-iat', /"iat" .* missing/],
    ['without-nonce', /"nonce" .* missing/],
    ['without-aud', /"aud" .* missing/],
    ['without-iss', /"iss" .* missing/],
    ['alg-none', /unexpected JWT "alg"/],
  ]) {
    test(`${fault}: a client library (oauth4webapi) refuses the login`, async () => {
      const issuer = await faulty({ fault, tokens: ['id_token'] });
      const as = {
        ...(await issuer.metadata()),
        token_endpoint: `${issuer.url}/token`,
        jwks_uri: `${issuer.url}/.well-known/jwks.json`,
      };
      const login = await issuer.login({ nonce: NONCE });
      const client = { client_id: 'web' };
      const params = oauth.validateAuthResponse(as, client, new URLSearchParams(login.params), 'a state');
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        oauth.ClientSecretPost('s'),
        params,
        login.redirect_uri,
        login.verifier,
        insecure,
      );
      await assert.rejects(
        oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: NONCE, requireIdToken: true }),
        { name: 'OperationProcessingError', message },
      );
    });
  }
});

describe('token faults: minted tokens', { concurrency: 8 }, () => {
  for (const [fault, { verdict, signed }] of Object.entries(TOKEN_FAULTS)) {
    test(`mint with ${fault}: jose says ${verdict}`, async () => {
      const issuer = await mock.fresh().make();
      const { token } = await issuer.mint({ claims: { sub: 'x', aud: API }, typ: 'at+jwt', fault });
      assert.equal(await asApi(issuer, token), verdict);
      assert.equal(await isSigned(issuer, token), signed);
    });
  }

  test('mint with wrong-nonce', async () => {
    const issuer = await mock.fresh().make();
    const { token } = await issuer.mint({ claims: { sub: 'x', nonce: NONCE }, fault: 'wrong-nonce' });
    assert.equal(claimsOf(token).nonce, 'wrong-nonce');
  });
});
