// Issuers and their tokens, against the real mock. What else an issuer can be told is in control.test.js.

import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { decode, MockError, startMock } from 'jeton-mock';
import { bin, get, kidsOf } from './support.js';

const mock = await startMock({ bin });
after(() => mock.stop());

const HOUR = 3600;

describe('issuers', () => {
  test('a random name where none is given', async () => {
    const [one, other] = [await mock.issuer(), await mock.issuer()];
    assert.match(one.name, /^test-[0-9a-f]{12}$/);
    assert.notEqual(one.name, other.name);
  });

  test('every endpoint is where discovery says', async () => {
    const issuer = await mock.issuer('endpoints/nested');
    const metadata = await get(issuer.discoveryUrl);
    assert.equal(metadata.issuer, issuer.url);
    assert.equal(metadata.authorization_endpoint, issuer.authorizationEndpoint);
    assert.equal(metadata.token_endpoint, issuer.tokenEndpoint);
    assert.equal(metadata.device_authorization_endpoint, issuer.deviceAuthorizationEndpoint);
    assert.equal(metadata.introspection_endpoint, issuer.introspectionEndpoint);
    assert.equal(metadata.revocation_endpoint, issuer.revocationEndpoint);
    assert.equal(metadata.userinfo_endpoint, issuer.userinfoEndpoint);
    assert.equal(metadata.end_session_endpoint, issuer.endSessionEndpoint);
    assert.equal(metadata.jwks_uri, issuer.jwksUri);
  });

  test('two are isolated: keys, users, faults, clock and journal', async () => {
    const [one, other] = [await mock.issuer(), await mock.issuer()];
    await one.addUser('only-here');
    await one.addFault('invalid_client');
    await one.clock.advance(HOUR);
    await assert.rejects(one.token(), { error: 'invalid_client' });
    await other.token();
    assert.equal(await one.count(), 1);
    assert.equal(await other.count({ status: 200 }), 1);
    assert.ok(!(await other.users()).some(({ sub }) => sub === 'only-here'));
    assert.ok((await one.clock.now()) - (await other.clock.now()) >= HOUR - 5);
    const { kid } = decode((await other.token()).access_token).header;
    assert.ok((await kidsOf(other)).includes(kid) && !(await kidsOf(one)).includes(kid));
  });

  test('a specification, and info about it', async () => {
    const issuer = await mock.issuer('specified', {
      strictness: 'strict',
      clock: { set: 1_700_000_000, freeze: true },
      clients: [],
    });
    assert.deepEqual(await issuer.info(), {
      name: 'specified',
      issuer: issuer.url,
      strictness: 'strict',
      now: 1_700_000_000,
      journal: 0,
    });
    await assert.rejects(issuer.token(), { name: 'MockError', status: 401, error: 'invalid_client' });
  });

  test('attach takes one as it is, issuers lists it', async () => {
    const issuer = await mock.issuer('there');
    await issuer.addUser('kept');
    const same = await mock.attach('there');
    assert.equal(same.url, issuer.url);
    assert.ok((await same.users()).some(({ sub }) => sub === 'kept'));
    assert.ok((await mock.issuers()).some(({ name }) => name === 'there'));
  });

  test('attach without a name is the default issuer', async () => {
    const issuer = await mock.attach();
    assert.equal(issuer.name, '');
    assert.equal(decode((await issuer.token()).access_token).claims.iss, issuer.url);
  });

  test('an unknown one is an error and is not made', async () => {
    await assert.rejects(mock.attach('nobody'), (error) => {
      assert.ok(error instanceof MockError);
      assert.equal(error.status, 404);
      assert.match(error.message, /nobody/);
      return true;
    });
    assert.ok(!(await mock.issuers()).some(({ name }) => name === 'nobody'));
  });

  test('reset puts back what it was made with', async () => {
    const issuer = await mock.issuer(undefined, { users: [{ sub: 'seed' }] });
    await issuer.addUser('added');
    await issuer.addFault('drop');
    await issuer.clock.advance(HOUR);
    await issuer.reset();
    assert.deepEqual(
      (await issuer.users()).map(({ sub }) => sub),
      ['seed'],
    );
    assert.deepEqual(await issuer.faults(), []);
    assert.equal((await issuer.clock.state()).offset, 0);
  });

  test('deleted it is gone, also at the end of a block', async () => {
    const [one, other] = [await mock.issuer(), await mock.issuer()];
    await one.delete();
    await other[Symbol.asyncDispose]();
    for (const issuer of [one, other]) await assert.rejects(issuer.info(), { status: 404 });
  });

  test('mock.reset leaves only what was configured', async (t) => {
    const own = await startMock({ bin, config: { issuers: { acme: {} } } });
    t.after(() => own.stop());
    await own.issuer('later');
    await own.reset();
    assert.deepEqual((await own.issuers()).map(({ name }) => name).sort(), ['', 'acme']);
  });
});

describe('tokens', () => {
  test('client credentials: client, scope, audience', async () => {
    const issuer = await mock.issuer();
    const { access_token, token_type, expires_in, scope } = await issuer.token({
      client_id: 'bill:ing',
      client_secret: 'ü %+',
      scope: 'read write',
      audience: 'https://api.example',
    });
    assert.deepEqual([token_type, expires_in, scope], ['Bearer', HOUR, 'read write']);
    const { claims } = decode(access_token);
    assert.equal(claims.iss, issuer.url);
    assert.equal(claims.client_id, 'bill:ing');
    assert.equal(claims.aud, 'https://api.example');
  });

  test('a list is a parameter several times, other parameters go along', async () => {
    const issuer = await mock.issuer();
    await issuer.addClaimRule({
      match: { parameters: { tenant: '*' } },
      access_token: { tenant: '${parameters.tenant}' },
    });
    const { claims } = decode(
      (
        await issuer.token({
          resource: ['https://a.example', 'https://b.example'],
          tenant: 'acme',
          left_out: undefined,
        })
      ).access_token,
    );
    assert.deepEqual(claims.aud, ['https://a.example', 'https://b.example']);
    assert.equal(claims.tenant, 'acme');
    assert.ok(!('left_out' in (await issuer.take({ endpoint: 'token' })).parameters));
  });

  test('a login: whoever is named, with an ID token', async () => {
    const issuer = await mock.issuer();
    await issuer.addUser({ sub: 'dora', claims: { email: 'dora@example.com' }, id_token: { roles: ['admin'] } });
    const { access_token, id_token } = await issuer.login({
      client_id: 'web',
      subject: 'dora',
      scope: 'openid email',
      nonce: 'n-1',
    });
    const { claims } = decode(id_token);
    assert.deepEqual(
      [claims.iss, claims.aud, claims.sub, claims.nonce, claims.roles],
      [issuer.url, 'web', 'dora', 'n-1', ['admin']],
    );
    const info = await get(issuer.userinfoEndpoint, { authorization: `Bearer ${access_token}` });
    assert.deepEqual([info.sub, info.email], ['dora', 'dora@example.com']);
  });

  test('a login of nobody in particular is whoever auto_login says', async () => {
    const issuer = await mock.issuer(undefined, { auto_login: 'bob' });
    assert.equal(decode((await issuer.login({ subject: null })).id_token).claims.sub, 'bob');
  });

  test('a refresh is a token by another grant', async () => {
    const issuer = await mock.issuer();
    const { refresh_token } = await issuer.login({ client_id: 'web', scope: 'openid offline_access' });
    const { access_token } = await issuer.token({ client_id: 'web', grant_type: 'refresh_token', refresh_token });
    assert.equal(decode(access_token).claims.sub, 'alice');
  });

  test('a public client, known and strict, with a redirect of its own', async () => {
    const redirect_uri = 'com.example.app:/callback';
    const issuer = await mock.issuer(undefined, { strictness: 'strict' });
    await issuer.addClient({
      client_id: 'app',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      redirect_uris: [redirect_uri],
      scope: 'openid',
    });
    const { id_token } = await issuer.login({ client_id: 'app', client_secret: null, redirect_uri });
    assert.equal(decode(id_token).claims.aud, 'app');
  });

  test('a login over addresses that lead elsewhere from here', async (t) => {
    const elsewhere = await startMock({
      bin,
      args: [
        '--issuer',
        'http://idp.example',
        '--browser-url',
        'http://browser.example',
        '--backend-url',
        'http://backend.example',
      ],
    });
    t.after(() => elsewhere.stop());
    const issuer = await elsewhere.issuer('acme');
    assert.equal(issuer.url, 'http://idp.example/acme');
    assert.equal(decode((await issuer.login()).id_token).claims.iss, issuer.url);
  });

  test('a login that is denied', async () => {
    const issuer = await mock.issuer();
    await issuer.addFault({ fault: 'access_denied', match: { endpoint: 'authorize' } });
    await assert.rejects(issuer.login(), { name: 'MockError', error: 'access_denied' });
  });

  test('a login that ends at a page says what it says', async () => {
    const issuer = await mock.issuer(undefined, { strictness: 'strict' });
    await assert.rejects(
      issuer.login({ client_id: 'nobody' }),
      /login: GET \S+\/authorize: 400 in place of a redirect: text\/html/,
    );
  });

  test("a name of JavaScript's is refused, not sent", async () => {
    const issuer = await mock.issuer();
    await assert.rejects(issuer.token({ clientId: 'web' }), /clientId: expected client_id/);
    await assert.rejects(issuer.login({ redirectUri: 'https://a' }), /redirectUri: expected redirect_uri/);
    assert.equal(await issuer.count(), 0);
  });

  test('minted: any claims, signed with a key of JWKS', async () => {
    const issuer = await mock.issuer(undefined, { signing_algs: ['ES256', 'RS256', 'EdDSA'] });
    for (const alg of ['ES256', 'RS256', 'EdDSA']) {
      const token = await issuer.mint({ sub: 'x', jti: null, roles: ['admin'] }, { typ: 'at+jwt', alg });
      const { header, claims } = decode(token);
      assert.deepEqual([header.alg, header.typ], [alg, 'at+jwt']);
      assert.deepEqual([claims.iss, claims.sub, claims.roles, 'jti' in claims], [issuer.url, 'x', ['admin'], false]);
      assert.equal(claims.exp - claims.iat, HOUR);
      assert.ok(await isSigned(issuer, token), alg);
    }
  });

  test('minted wrong on purpose', async () => {
    const issuer = await mock.issuer();
    const { claims } = decode(await issuer.mint({ sub: 'x' }, { fault: 'expired' }));
    assert.ok(claims.exp < (await issuer.clock.now()));
    assert.equal(await isSigned(issuer, await issuer.mint({}, { fault: 'wrong-key' })), false);
    assert.equal(decode(await issuer.mint({}, { fault: 'alg-none' })).header.alg, 'none');
  });
});

/** Whether the key that the token names, as JWKS has it, made the signature. */
async function isSigned(issuer, token) {
  const [header, claims, signature] = token.split('.');
  const { alg, kid } = decode(token).header;
  const { keys } = await get(issuer.jwksUri);
  const key = createPublicKey({ key: keys.find((one) => one.kid === kid), format: 'jwk' });
  return verify(
    alg === 'EdDSA' ? null : 'sha256',
    Buffer.from(`${header}.${claims}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
}
