// Tokens that nobody signs by mistake.

import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { LibraryError } from '../../support/driver.mjs';
import { base64url, now } from '../../support/keys.mjs';
import { AUDIENCE, claimsOf, start } from '../../support/resource-server.mjs';
import { feature } from '../../support/rows.mjs';

/** Refused as a token that is bad, by whatever word; and the driver goes on. */
async function refusedSomehow(api, authorization) {
  const error = await api.verify(authorization).then(
    (claims) => assert.fail(`it was taken: ${JSON.stringify(claims)}`),
    (error) => error,
  );
  if (!(error instanceof LibraryError)) throw error;
  assert.ok(error.fault === 'token' || error.fault === 'caller', error.message);
  assert.ok(error.status === 401 || error.status === 400, String(error.status));
}

/** A JWS of the issuer's own key, whatever its parts are: texts, or what becomes JSON. */
function signed(key, header, claims) {
  const message = `${base64url(header)}.${base64url(claims)}`;
  const about = { key: key.jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' };
  return `${message}.${sign('sha256', Buffer.from(message), about).toString('base64url')}`;
}

/** The issuer has signed it: with this header, or these claims, in the place of good ones. */
const of =
  ({ header, claims }) =>
  async (row) => {
    const { issuer, api, token } = await start(row);
    const good = { alg: 'ES256', typ: 'at+jwt', kid: issuer.key.kid };
    const all = claimsOf(issuer.issuer);
    const text = signed(
      issuer.key,
      typeof header === 'string' ? header : { ...good, ...header },
      typeof claims === 'string' ? claims : { ...all, ...claims },
    );
    await refusedSomehow(api, text);
    assert.equal((await api.verify(await token())).sub, 'alice');
  };

/** A good token, changed like this. */
const changed = (change) => async (row) => {
  const { api, token } = await start(row);
  const text = await token();
  await refusedSomehow(api, change(text));
  assert.equal((await api.verify(text)).sub, 'alice');
};

feature('hostile tokens', {
  'a header nested thousands deep': of({ header: '['.repeat(9_000) }),
  'claims nested thousands deep': of({ claims: '['.repeat(9_000) }),
  'a claim nested thousands deep': of({ claims: `{"a":${'['.repeat(4_000)}${']'.repeat(4_000)}}` }),
  'alg: a list': of({ header: { alg: ['ES256'] } }),
  'alg: an object': of({ header: { alg: {} } }),
  'kid: an object': of({ header: { kid: {} } }),
  'typ: a list': of({ header: { typ: ['at+jwt'] } }),
  'b64: false': of({ header: { b64: false, crit: ['b64'] } }),
  'crit: empty': of({ header: { crit: [] } }),
  'iss: a list': async (row) => {
    const { issuer, api } = await start(row);
    const header = { alg: 'ES256', typ: 'at+jwt', kid: issuer.key.kid };
    await refusedSomehow(api, signed(issuer.key, header, claimsOf(issuer.issuer, { iss: [issuer.issuer] })));
  },
  'aud: an object': of({ claims: { aud: { [AUDIENCE]: true } } }),
  'aud: a list in a list': of({ claims: { aud: [[AUDIENCE]] } }),
  'exp: null': of({ claims: { exp: null } }),
  'exp: a list': of({ claims: { exp: [now() + 60] } }),
  'exp: true': of({ claims: { exp: true } }),
  'exp: below nothing': of({ claims: { exp: -1 } }),
  'nbf: a text': of({ claims: { nbf: 'tomorrow' } }),
  'nbf: in a thousand years': of({ claims: { nbf: now() + 3e10 } }),
  'sub: a number': of({ claims: { sub: 7 } }),
  'scope: an object': of({ claims: { scope: { read: true } } }),
  'cnf: a list': of({ claims: { cnf: ['jkt'] } }),
  'cnf: a key that is no text': of({ claims: { cnf: { jkt: 7 } } }),
  'cnf: null': of({ claims: { cnf: null } }),
  'claims that are no UTF-8': async (row) => {
    const { issuer, api } = await start(row);
    const text = JSON.stringify(claimsOf(issuer.issuer, { sub: '??' }));
    const bytes = Buffer.from(text.replace('??', '\u00ff'), 'latin1');
    const message = `${base64url({ alg: 'ES256', typ: 'at+jwt', kid: issuer.key.kid })}.${bytes.toString('base64url')}`;
    const about = { key: issuer.key.jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' };
    await refusedSomehow(api, `${message}.${sign('sha256', Buffer.from(message), about).toString('base64url')}`);
  },

  'five parts, as an encrypted one': changed((text) => `${text}.AAAA.AAAA`),
  'with padding': changed((text) => `${text}==`),
  'in standard base64': changed((text) => text.replace(/\.[^.]*$/, '.+/+/')),
  'with a space in it': changed((text) => `Bearer ${text.slice(0, 40)} ${text.slice(40)}`),
  'with a comma and a second one': changed((text) => `Bearer ${text}, Bearer ${text}`),
  'with a line break in it': changed((text) => `${text.slice(0, 40)}\n${text.slice(40)}`),
  'without its signature': changed((text) => text.replace(/[^.]*$/, '')),
  'a signature in DER': async (row) => {
    const { issuer, api, token } = await start(row);
    const message = (await token()).replace(/\.[^.]*$/, '');
    const der = sign('sha256', Buffer.from(message), { key: issuer.key.jwk, format: 'jwk' });
    await refusedSomehow(api, `${message}.${der.toString('base64url')}`);
  },
  'a signature of zeros (CVE-2022-21449)': changed((text) =>
    text.replace(/[^.]*$/, Buffer.alloc(64).toString('base64url')),
  ),
  'nothing after the scheme': async (row) => {
    const { api } = await start(row);
    await refusedSomehow(api, 'Bearer ');
  },
});
