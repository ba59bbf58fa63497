// Tokens with exactly one thing wrong, judged by jose.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { compactVerify, createLocalJWKSet } from 'jose';
import * as oauth from 'oauth4webapi';
import { claimsOf } from '../suite/support/tokens.mjs';
import { faultsOf, judged } from './support/check.mjs';
import { OVERSIZED, TOKEN_FAULTS } from './support/faults.mjs';
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

const same = (verdict, expected) =>
  expected instanceof RegExp ? assert.match(verdict, expected) : assert.equal(verdict, expected);

const faulty = async (fault, spec) => {
  const issuer = await mock.fresh().make(spec);
  await issuer.fault(fault);
  return issuer;
};

/** One thing wrong, and no other: the claims of a right token, but for what the fault is about. */
function differsOnlyIn(fault, token, right) {
  const about =
    {
      expired: ['exp', 'iat', 'nbf', 'auth_time'],
      'not-yet-valid': ['nbf', 'iat', 'exp'],
      'wrong-issuer': ['iss'],
      'wrong-audience': ['aud'],
      'wrong-nonce': ['nonce'],
      tampered: undefined,
    }[fault] ?? (fault.startsWith('without-') ? [fault.slice('without-'.length)] : []);
  if (fault === 'tampered') return;
  const changing = ['jti', 'sid', 'iat', 'exp', 'auth_time', 'at_hash'];
  const [found, expected] = [claimsOf(token), claimsOf(right)];
  for (const [name, value] of Object.entries(expected)) {
    if (about.includes(name) || changing.includes(name)) continue;
    assert.deepEqual(found[name], value, name);
  }
  for (const name of changing)
    if (name in expected && !about.includes(name)) assert.ok(name in found, `${name} is missing, too`);
  if (fault !== 'oversized')
    for (const name of Object.keys(found)) assert.ok(name in expected || about.includes(name), `${name} is new`);
}

describe('token faults: access tokens', { concurrency: 8 }, () => {
  for (const [fault, { verdict, signed }] of Object.entries(TOKEN_FAULTS)) {
    test(`${fault}: jose says ${verdict}`, async () => {
      const issuer = await faulty({ fault, times: 1 });
      const response = ok(await issuer.token({ resource: API }));
      const token = response.json().access_token;
      same(await asApi(issuer, token), verdict);
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
    const { kid } = header((await issuer.granted()).access_token);
    assert.ok(kid);
    assert.ok(!(await issuer.kids()).includes(kid));
  });

  test('wrong-typ: typ is JWT, which an ID token has', async () => {
    const issuer = await faulty('wrong-typ');
    const { typ } = header((await issuer.granted()).access_token);
    assert.notEqual(typ?.toLowerCase(), 'at+jwt');
    assert.notEqual(typ?.toLowerCase(), 'application/at+jwt');
  });

  test('oversized: more than a header may well hold', async () => {
    const issuer = await faulty('oversized');
    const { access_token } = await issuer.granted();
    assert.ok(access_token.length > OVERSIZED, String(access_token.length));
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
    assert.notDeepEqual([claimsOf(access_token).aud].flat(), [API]);
  });

  for (const alg of ['ES256', 'RS256', 'EdDSA']) {
    test(`every token fault with ${alg}`, async () => {
      for (const [fault, { verdict, signed }] of Object.entries(TOKEN_FAULTS)) {
        const issuer = await faulty(fault, { signing_algs: [alg] });
        const token = (await issuer.granted({ resource: API })).access_token;
        same(await asApi(issuer, token), verdict);
        assert.equal(await isSigned(issuer, token), signed, fault);
        if (fault !== 'alg-none') assert.equal(header(token).alg, alg);
      }
    });
  }

  test('token faults leave errors as they are', async () => {
    const issuer = await faulty('expired');
    const response = await issuer.token({ grant_type: 'bogus' });
    assert.equal(response.status, 400);
    assert.equal(response.json().error, 'unsupported_grant_type');
  });

  test('what the fault is about is wrong for introspection, too, or at least does not break it', async () => {
    for (const fault of Object.keys(TOKEN_FAULTS)) {
      const issuer = await faulty(fault);
      const { access_token } = await issuer.granted();
      const active = await issuer.active(access_token);
      if (['expired', 'wrong-key', 'alg-none', 'tampered', 'unknown-kid'].includes(fault))
        assert.equal(active, false, fault);
    }
  });
});

describe('token faults: ID tokens', { concurrency: 8 }, () => {
  const verdictOf = { 'wrong-typ': 'valid', 'wrong-nonce': 'nonce', 'without-nonce': 'nonce' };
  const faults = { ...TOKEN_FAULTS, 'wrong-nonce': { signed: true }, 'without-nonce': { signed: true } };

  for (const [fault, { verdict, signed }] of Object.entries(faults)) {
    test(`${fault} on the ID token only; the access token is right`, async () => {
      const issuer = await faulty({ fault, tokens: ['id_token'], times: 1 });
      const { id_token, access_token } = await issuer.tokens({ nonce: NONCE, resource: API });
      same(await asClient(issuer, id_token), verdictOf[fault] ?? verdict);
      assert.equal(await isSigned(issuer, id_token), signed);
      assert.equal(await asApi(issuer, access_token), 'valid');
      const right = (await issuer.tokens({ nonce: NONCE, resource: API })).id_token;
      assert.equal(await asClient(issuer, right), 'valid');
      differsOnlyIn(fault, id_token, right);
      if (fault === 'wrong-typ') assert.notEqual(header(id_token).typ, header(right).typ);
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
        const digest = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256')
          .update(access_token)
          .digest();
        assert.equal(claimsOf(id_token).at_hash, digest.subarray(0, digest.length / 2).toString('base64url'), fault);
        assert.equal(await asClient(issuer, id_token), 'nonce');
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
  for (const fault of [
    'expired',
    'wrong-issuer',
    'wrong-audience',
    'wrong-nonce',
    'without-sub',
    'without-exp',
    'without-iat',
    'without-nonce',
    'without-aud',
    'without-iss',
    'alg-none',
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
      );
    });
  }
});

describe('token faults: minted tokens', { concurrency: 8 }, () => {
  for (const [fault, { verdict, signed }] of Object.entries(TOKEN_FAULTS)) {
    test(`mint with ${fault}: jose says ${verdict}`, async () => {
      const issuer = await mock.fresh().make();
      const { token } = await issuer.mint({ claims: { sub: 'x', aud: API }, typ: 'at+jwt', fault });
      same(await asApi(issuer, token), verdict);
      assert.equal(await isSigned(issuer, token), signed);
    });
  }

  test('mint with wrong-nonce', async () => {
    const issuer = await mock.fresh().make();
    const { token } = await issuer.mint({ claims: { sub: 'x', nonce: NONCE }, fault: 'wrong-nonce' });
    assert.notEqual(claimsOf(token).nonce, NONCE);
    assert.ok(claimsOf(token).nonce);
  });
});
