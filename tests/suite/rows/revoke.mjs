import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients, OLDER_SECRET } from '../support/fixtures.mjs';
import {
  codeFor,
  exchange,
  isActive,
  isEnded,
  loggedIn,
  postAs,
  refreshed,
  revoke,
  userinfo,
} from '../support/flow.mjs';
import { send } from '../support/http.mjs';
import { clientCredentials, host, post } from '../support/target.mjs';
import { bent, remint } from '../support/tokens.mjs';

const { web, other, native, opaque, api, m2m, page } = clients;

/** RFC 7009 §2.2: 200, whatever the token was. */
function isDone(response, name) {
  assert.equal(response.status, 200, `${name}: ${response.text}`);
  assert.equal(response.text, '', name);
  assert.equal(response.headers['cache-control'], 'no-store');
}

describe('/revoke', { concurrency: 8 }, () => {
  for (const client of [web, native, opaque]) {
    test(`RFC 7009 §2.1: the refresh token of ${client.client_id} takes the whole login with it`, async () => {
      const first = await loggedIn(client);
      const second = await refreshed(client, first.refresh_token);
      isDone(await revoke(client, second.refresh_token));
      await isEnded(client, second);
      await isEnded(client, first);
    });

    test(`RFC 7009 §2.1: an access token of ${client.client_id} takes the whole login with it`, async () => {
      const tokens = await loggedIn(client);
      isDone(await revoke(client, tokens.access_token));
      await isEnded(client, tokens);
    });
  }

  test('a superseded refresh token takes the whole login with it', async () => {
    const first = await loggedIn(web);
    const second = await refreshed(web, first.refresh_token);
    isDone(await revoke(web, first.refresh_token));
    await isEnded(web, second);
  });

  test('a login that has no refresh token ends by its access token', async () => {
    const { access_token } = await loggedIn(web, { scope: 'openid' });
    isDone(await revoke(web, access_token));
    assert.equal((await userinfo(access_token)).status, 401);
  });

  for (const client of [m2m, opaque]) {
    test(`RFC 7009 §2.1: a machine's access token of ${client.client_id} becomes inactive, and no other`, async () => {
      const token = async () => (await clientCredentials(client, { scope: 'read' })).json().access_token;
      const [revoked, kept] = [await token(), await token()];
      isDone(await revoke(client, revoked));
      isDone(await revoke(client, revoked), 'again');
      assert.equal(await isActive(client, revoked), false);
      assert.equal(await isActive(api, revoked), false, 'for its audience too');
      assert.equal(await isActive(client, kept), true);
    });
  }

  test("RFC 7009 §2.1: another client's tokens are not touched: 200, and they live on", async () => {
    const tokens = await loggedIn(web);
    const machine = (await clientCredentials(m2m)).json().access_token;
    for (const caller of [other, native, api]) {
      for (const token of [tokens.refresh_token, tokens.access_token, machine]) isDone(await revoke(caller, token));
    }
    assert.equal((await userinfo(tokens.access_token)).status, 200);
    assert.equal(await isActive(m2m, machine), true);
    await refreshed(web, tokens.refresh_token);
  });

  test('RFC 7009 §2.2: what is no token, or none any more: 200', async () => {
    const tokens = await loggedIn(web);
    const foreign = [
      ['garbage', 'x'],
      ['of another secret', remint(tokens.refresh_token, web, { secret: OLDER_SECRET })],
      ['of no grant', remint(tokens.refresh_token, web, { grant: Buffer.alloc(16, 9) })],
    ];
    for (const [name, token] of [...foreign, ...bent(tokens.refresh_token)]) isDone(await revoke(web, token), name);
    assert.equal((await userinfo(tokens.access_token)).status, 200, 'and nothing happened');
    isDone(await revoke(web, tokens.refresh_token));
    isDone(await revoke(web, tokens.refresh_token), 'again');
    isDone(await revoke(web, tokens.access_token), 'of an ended login');
  });

  test('a code is not revoked here, and stays usable', async () => {
    const login = await codeFor(web);
    isDone(await revoke(web, login.code));
    assert.equal((await exchange(web, login)).status, 200);
  });

  test('RFC 7009 §2.1: token_type_hint is a hint', async () => {
    for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
      const tokens = await loggedIn(web);
      isDone(await postAs(web, '/revoke', { token: tokens.refresh_token, token_type_hint }));
      await isEnded(web, tokens);
    }
  });

  test('RFC 7009 §2.1: no token: invalid_request', async () => {
    isError(await postAs(web, '/revoke', {}), 400, 'invalid_request');
  });

  test('RFC 7009 §2.1: wrong client authentication: invalid_client, and nothing happens', async () => {
    const tokens = await loggedIn(web);
    isError(await revoke({ ...web, client_secret: 'wrong' }, tokens.refresh_token), 401, 'invalid_client');
    isError(await revoke({ client_id: 'web' }, tokens.refresh_token), 401, 'invalid_client');
    isError(await post('/revoke', { token: tokens.refresh_token }), 401, 'invalid_client');
    await refreshed(web, tokens.refresh_token);
  });

  test('RFC 7009 §2: GET: 405 with Allow', async () => {
    const response = await send((await host()).url, { path: '/revoke?token=x' });
    isError(response, 405, 'invalid_request');
    assert.equal(response.headers.allow, 'POST, OPTIONS');
  });

  test('RFC 7009 §2.3: a page of an allowed origin may read the answer', async () => {
    const tokens = await loggedIn(page);
    const origin = 'https://app.example';
    const response = await revoke(page, tokens.refresh_token, { headers: { origin } });
    isDone(response);
    await isEnded(page, tokens);
    assert.equal(response.headers['access-control-allow-origin'], origin);
  });
});
