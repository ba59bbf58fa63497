// Tokens that are bound to a key or a certificate, and proofs that do not hold: RFC 9449 §4.3, RFC 8705.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { LibraryError } from '../../support/driver.mjs';
import { base64url, keyOf, now, random } from '../../support/keys.mjs';
import { AUDIENCE, challengeOf, proofFor, start } from '../../support/resource-server.mjs';
import { feature, refused } from '../../support/rows.mjs';

async function refusedSomehow(verification) {
  const error = await verification.then(
    () => assert.fail('it was taken'),
    (error) => error,
  );
  if (!(error instanceof LibraryError)) throw error;
  assert.equal(error.fault, 'token', error.message);
  assert.equal(error.status, 401);
}

/** A proof that is changed like this does not hold. */
const broken = (proof) => async (row) => {
  const { api, bound } = await start(row);
  const { authorization, ...sent } = await bound({}, typeof proof === 'function' ? await proof() : proof);
  const error = await refused(api.verify(authorization, sent), 'token', 'invalid_dpop_proof');
  assert.equal(error.status, 401);
  assert.match(challengeOf(error), /DPoP .*error="invalid_dpop_proof"/);
};

/** One that is changed like this does. */
const holding = (proof) => async (row) => {
  const { api, bound } = await start(row);
  const { authorization, ...sent } = await bound({}, typeof proof === 'function' ? await proof() : proof);
  assert.equal((await api.verify(authorization, sent)).sub, 'alice');
};

/** These headers in the place of the one that is there. */
const headers = (change) => async (row) => {
  const { api, bound } = await start(row);
  const { token, authorization, dpop, ...sent } = await bound();
  const verification = api.verify(authorization, { ...sent, dpop: await change(dpop, token, sent) });
  await refused(verification, 'token', 'invalid_dpop_proof');
};

feature('dpop', {
  'a proof that holds': holding({}),
  'of a POST': holding({ method: 'POST' }),
  'the query is not part of it': holding({ url: `${AUDIENCE}/read?a=b` }),
  'a clock that is half a minute off': holding(() => ({ claims: { iat: now() - 30 } })),
  'and ahead': holding(() => ({ claims: { iat: now() + 30 } })),
  'exp and nbf may stand in it': holding(() => ({ claims: { exp: now() + 60, nbf: now() - 60 } })),
  'htu by other letters (RFC 3986 §6.2.2)': holding({ claims: { htu: 'HTTPS://API.example:443/v1/read' } }),
  'by EdDSA': async (row) => {
    const { api, bound } = await start(row);
    const key = await keyOf('EdDSA', 'holder');
    const { authorization, ...sent } = await bound({ cnf: { jkt: key.jkt } }, { key });
    assert.equal((await api.verify(authorization, sent)).sub, 'alice');
  },

  async 'the scheme, in any case'(row) {
    const { api, bound } = await start(row);
    const { token, authorization, ...sent } = await bound();
    assert.equal((await api.verify(`dpop ${token}`, sent)).sub, 'alice');
  },

  async 'a bound token as Bearer'(row) {
    const { api, bound } = await start(row);
    const { token, authorization, dpop, ...sent } = await bound();
    const error = await refused(api.verify(`Bearer ${token}`, sent), 'token', 'bound_token');
    assert.equal(error.status, 401);
    assert.match(challengeOf(error), /DPoP/);
  },

  async 'a bound token as Bearer, with its proof'(row) {
    const { api, bound } = await start(row);
    const { token, authorization, ...sent } = await bound();
    await refused(api.verify(`Bearer ${token}`, sent), 'token', 'bound_token');
  },

  async 'a token that is bound to nothing, as DPoP'(row) {
    const { api, bound } = await start(row);
    const { authorization, ...sent } = await bound({ cnf: undefined });
    await refusedSomehow(api.verify(authorization, sent));
  },

  'no proof': headers(() => []),
  'two proofs': headers(async (dpop, token, { method, url }) => [...dpop, await proofFor(token, { method, url })]),
  'a proof that is a word': headers(() => ['of-nobody']),
  'an empty proof': headers(() => ['']),
  'a signature that was changed': headers(([proof]) => [`${proof.slice(0, -6)}AAAAAA`]),
  'alg: none': headers(async ([proof]) => {
    const [header, payload] = proof.split('.');
    const own = JSON.parse(Buffer.from(header, 'base64url'));
    return [`${base64url({ ...own, alg: 'none' })}.${payload}.`];
  }),

  'typ: JWT': broken({ header: { typ: 'JWT' } }),
  'typ: none': broken({ header: { typ: undefined } }),
  'no key in it': broken({ header: { jwk: undefined } }),
  'a private key in it': broken(async () => {
    const { jwk } = await keyOf('ES256', 'holder');
    return { header: { jwk } };
  }),
  'another key than the token is bound to': broken(async () => ({ key: await keyOf('ES256', 'thief') })),
  'the key of the holder, signed by a thief': broken(async () => {
    const { alg, kid, ...jwk } = (await keyOf('ES256', 'holder')).publicJwk;
    return { key: await keyOf('ES256', 'thief'), header: { jwk } };
  }),
  'htm: another method': broken({ claims: { htm: 'POST' } }),
  'htm: in small letters': broken({ claims: { htm: 'get' } }),
  'htm: none': broken({ claims: { htm: undefined } }),
  'htu: another path': broken({ claims: { htu: `${AUDIENCE}/write` } }),
  'htu: another host': broken({ claims: { htu: 'https://other.example/v1/read' } }),
  'htu: by http': broken({ claims: { htu: 'http://api.example/v1/read' } }),
  'htu: none': broken({ claims: { htu: undefined } }),
  'iat: an hour ago': broken(() => ({ claims: { iat: now() - 3_600 } })),
  'iat: an hour ahead': broken(() => ({ claims: { iat: now() + 3_600 } })),
  'iat: none': broken({ claims: { iat: undefined } }),
  'jti: none': broken({ claims: { jti: undefined } }),
  'ath: of another token': broken({ claims: { ath: random(32) } }),
  'ath: none': broken({ claims: { ath: undefined } }),

  async 'a proof counts once'(row) {
    const { api, bound } = await start(row);
    const { authorization, ...sent } = await bound();
    await api.verify(authorization, sent);
    await refused(api.verify(authorization, sent), 'token', 'invalid_dpop_proof');
  },

  async 'a proof counts once, also when it is sent twice at once'(row) {
    const { api, bound } = await start(row);
    const { authorization, ...sent } = await bound();
    const asked = Array.from({ length: 20 }, () => api.verify(authorization, sent).catch((error) => error));
    const answers = await Promise.all(asked);
    assert.equal(answers.filter((answer) => answer.sub === 'alice').length, 1);
  },

  async 'behind a proxy: the address that is configured counts'(row) {
    const { api, bound } = await start(row);
    const inner = 'http://10.0.0.1:8080/v1/read';
    const { authorization, ...sent } = await bound();
    assert.equal((await api.verify(authorization, { ...sent, url: inner })).sub, 'alice');
    const other = await bound({}, { url: inner });
    const verification = api.verify(other.authorization, { method: 'GET', url: inner, dpop: other.dpop });
    await refused(verification, 'token', 'invalid_dpop_proof');
  },

  async 'a bad token is told before its proof'(row) {
    const { api, bound } = await start(row);
    const { authorization, ...sent } = await bound({ aud: 'https://other.example' });
    await refused(api.verify(authorization, sent), 'token', 'wrong_audience');
  },

  async 'a nonce, where they are wanted'(row) {
    const { api, bound } = await start(row, { dpop_nonce_secret: random(32) });
    const { authorization, ...sent } = await bound();
    const error = await refused(api.verify(authorization, sent), 'token', 'use_dpop_nonce');
    assert.equal(error.status, 401);
    assert.match(challengeOf(error), /DPoP .*error="use_dpop_nonce"/);
    const nonce = nonceOf(error);
    const again = await bound({}, { claims: { nonce } });
    assert.equal((await api.verify(again.authorization, sentOf(again))).sub, 'alice');
    const wrong = await bound({}, { claims: { nonce: random() } });
    await refused(api.verify(wrong.authorization, sentOf(wrong)), 'token', 'use_dpop_nonce');
  },

  async 'a nonce is good for minutes, and not for ever'(row) {
    const driver = row.process();
    const { api, bound } = await start(row, { dpop_nonce_secret: random(32), driver });
    const first = await bound();
    const nonce = nonceOf(await api.verify(first.authorization, sentOf(first)).catch((error) => error));
    const at = async (offset) => {
      await driver.ask('clock', { offset });
      const sent = await bound({ exp: now() + 2_000 }, { claims: { nonce, iat: now() + offset } });
      return api.verify(sent.authorization, sentOf(sent));
    };
    assert.equal((await at(115)).sub, 'alice');
    await refused(at(250), 'token', 'use_dpop_nonce');
  },

  async 'two instances with one secret take each other’s nonces'(row) {
    const { about, api, bound } = await start(row, { dpop_nonce_secret: random(32) });
    const other = await row.resourceServer(about);
    const first = await bound();
    const nonce = nonceOf(await api.verify(first.authorization, sentOf(first)).catch((error) => error));
    const again = await bound({}, { claims: { nonce } });
    assert.equal((await other.verify(again.authorization, sentOf(again))).sub, 'alice');
  },
});

const sentOf = ({ method, url, dpop }) => ({ method, url, dpop });

/** The nonce that a refusal hands out. */
function nonceOf({ headers = {} }) {
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === 'dpop-nonce');
  assert.ok(found, `no DPoP-Nonce in ${JSON.stringify(headers)}`);
  return found[1];
}

const certificate = randomBytes(700);
const thumbprint = createHash('sha256').update(certificate).digest('base64url');
const ofCertificate = { cnf: { 'x5t#S256': thumbprint } };

feature('certificates', {
  async 'the certificate that the token is bound to'(row) {
    const { api, token } = await start(row);
    const found = await api.verify(await token(ofCertificate), { certificate: certificate.toString('base64') });
    assert.equal(found.sub, 'alice');
  },

  async another(row) {
    const { api, token } = await start(row);
    const verification = api.verify(await token(ofCertificate), { certificate: randomBytes(700).toString('base64') });
    const error = await refused(verification, 'token', 'wrong_certificate');
    assert.equal(error.status, 401);
  },

  async none(row) {
    const { api, token } = await start(row);
    await refused(api.verify(await token(ofCertificate)), 'token', 'wrong_certificate');
  },

  async 'a token that is bound to nothing, by whoever has a certificate'(row) {
    const { api, token } = await start(row);
    const found = await api.verify(await token(), { certificate: certificate.toString('base64') });
    assert.equal(found.sub, 'alice');
  },

  async 'bound to a key and a certificate: both are wanted'(row) {
    const { api, bound } = await start(row);
    const { jkt } = await keyOf('ES256', 'holder');
    const sent = await bound({ cnf: { jkt, 'x5t#S256': thumbprint } });
    await refused(api.verify(sent.authorization, sentOf(sent)), 'token', 'wrong_certificate');
    const again = await bound({ cnf: { jkt, 'x5t#S256': thumbprint } });
    const all = { ...sentOf(again), certificate: certificate.toString('base64') };
    assert.equal((await api.verify(again.authorization, all)).sub, 'alice');
  },

  async 'bound by what nobody here knows'(row) {
    const { api, token } = await start(row);
    await refusedSomehow(api.verify(await token({ cnf: { kid: 'a' } })));
    await refusedSomehow(api.verify(await token({ cnf: {} })));
    await refusedSomehow(api.verify(await token({ cnf: 'a' })));
  },
});
