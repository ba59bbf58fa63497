// Apps that are no pages: redirect URIs with schemes of their own and on this machine, and origins that
// are no website's.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canRead } from '../support/fetch-standard.mjs';
import { clients } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  exchange,
  logoutIn,
  OFFLINE,
  postAs,
  random,
  requestIn,
  requestOf,
} from '../support/flow.mjs';
import { isPage } from '../support/html.mjs';
import { refusal, unless } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const { phone, editor, native, web } = clients;

/** A login that comes back to `redirect_uri`: the response that leads there, and the verifier. */
async function cameBackTo(client, redirect_uri, call = 'accept', form = {}) {
  const [browser, verifier] = [new Browser(), random()];
  const query = requestOf(client, { ...OFFLINE, redirect_uri, ...form }, verifier);
  const request = requestIn(await authorize(browser, query));
  const answer = call === 'accept' ? { request, ...ALICE } : { request };
  return { response: await browser.get(await answered(call, answer)), verifier };
}

const leadsTo = [
  [phone, 'com.example.app:/cb'],
  [phone, 'com.example.app://auth/cb?keep=1'],
  [editor, 'cursor://anysphere.cursor-retrieval/oauth/cb'],
  [editor, 'vscode://publisher.extension/cb'],
  [editor, 'http://localhost/cb'],
  [editor, 'http://localhost:51234/cb'],
  [native, 'http://127.0.0.1:51234/cb'],
];

describe('RFC 8252: redirect URIs of apps', { concurrency: 8 }, () => {
  for (const [client, uri] of leadsTo) {
    test(`§7: ${client.client_id} is led back to ${uri}, from the login to tokens and out again`, async () => {
      const { response, verifier } = await cameBackTo(client, uri);
      assert.equal(response.status, 303);
      const { uri: led, params } = arrival(response);
      assert.equal(led, uri);
      assert.equal(params.state, 'a state');
      const login = { code: params.code, verifier, redirect_uri: uri };
      const tokens = await exchange(client, login);
      assert.equal(tokens.status, 200, tokens.text);
      for (const bye of client.post_logout_redirect_uris ?? []) {
        const browser = new Browser();
        const query = new URLSearchParams({
          id_token_hint: tokens.json().id_token,
          post_logout_redirect_uri: bye,
          state: 's',
        });
        const { back } = logoutIn(await browser.get(`/end_session?${query}`));
        assert.equal((await browser.get(back)).headers.location, `${bye}?state=s`);
      }
    });

    test(`RFC 6749 §4.1.2.1: ${client.client_id} is told of errors at ${uri}`, async () => {
      const refused = arrival(await authorize(new Browser(), requestOf(client, { redirect_uri: uri, scope: 'root' })));
      assert.deepEqual([refused.uri, refused.params.error], [uri, 'invalid_scope']);
      const rejected = arrival((await cameBackTo(client, uri, 'reject')).response);
      assert.deepEqual([rejected.uri, rejected.params.error], [uri, 'access_denied']);
    });
  }

  test('form_post to an http address is a page, to a scheme of an app an error in its address', async () => {
    const form = { response_mode: 'form_post' };
    const { response } = await cameBackTo(editor, 'http://localhost:51234/cb', 'accept', form);
    assert.equal(response.status, 200);
    const { uri, params } = arrival(response);
    assert.equal(uri, 'http://localhost:51234/cb');
    assert.ok(params.code);
    // What a page may be framed by, send and run; not where its form goes: that is the client's.
    assert.doesNotMatch(response.headers['content-security-policy'], /form-action/);
    for (const [client, uri] of leadsTo.filter(([, uri]) => !uri.startsWith('http'))) {
      const refused = await authorize(new Browser(), requestOf(client, { ...form, redirect_uri: uri }));
      assert.equal(refused.status, 303, 'a form would lose what it brings');
      assert.deepEqual(arrival(refused).params.error, 'invalid_request');
    }
  });

  test('§8.4: what is not registered is a page, and leads nowhere', async () => {
    for (const [client, redirect_uri] of [
      [phone, 'com.example.app:/cb2'],
      [phone, 'com.example.app:cb'],
      [phone, 'COM.example.app:/cb'],
      [phone, 'com.example.app.evil:/cb'],
      [phone, 'cursor://anysphere.cursor-retrieval/oauth/cb'],
      [editor, 'cursor://anysphere.cursor-retrieval/oauth/cb/..'],
      [editor, 'cursor://evil/oauth/cb'],
      [editor, 'http://localhost:51234/cb2'],
      [editor, 'https://localhost:51234/cb'],
      [editor, 'http://localhost.evil.example:51234/cb'],
      [editor, 'http://localhost:1@evil.example/cb'],
      [editor, 'http://127.0.0.1:51234/cb'],
      [editor, 'javascript:alert(1)'],
      [native, 'http://localhost:51234/cb'],
      [web, 'http://localhost:51234/cb'],
    ]) {
      const response = await authorize(new Browser(), requestOf(client, { redirect_uri }));
      isPage(response, 400);
      assert.equal(response.headers.location, undefined, redirect_uri);
    }
  });

  const registered = {
    'a scheme without a dot, unless opted into': [{ redirect_uris: ['cursor://cb'] }, 'any_private_use_scheme'],
    'such a scheme after a logout': [{ post_logout_redirect_uris: ['cursor://bye'] }, 'any_private_use_scheme'],
    'http to elsewhere, whatever it opts into': [
      { redirect_uris: ['http://app.example/cb'], any_private_use_scheme: true, localhost_is_loopback: true },
      'of http on this machine',
    ],
    ...Object.fromEntries(
      ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', 'blob:https://a.example/x', 'file:///x', 'about:blank']
        .concat(['view-source:https://a.example/', 'ws://a.example/cb', 'wss://a.example/cb', 'intent://a/#Intent;end'])
        .concat(['filesystem:https://a.example/x', 'chrome://settings', 'mailto:a@a.example', 'web+a://cb', 'shell:cb'])
        .concat(['microsoft-edge:https://a.example', 'googlechromes://a.example/', 'x-safari-https://a.example/'])
        .concat(['android-app://a/cb', 'content://a/cb', 'ms-msdt:/id', 'search-ms:x', 'firefox://open-url?url=x'])
        .concat(['https:a.example/cb', 'https:///a.example/cb', 'http://2130706433/cb', 'http://0x7f.1/cb'])
        .concat(['https://a.example@b.example/cb', 'http://a.example@127.0.0.1/cb', 'https://a%2eexample/cb'])
        .map((uri) => [`${uri}, whatever it opts into`, [{ redirect_uris: [uri], any_private_use_scheme: true }, uri]]),
    ),
    'null as an origin': [{ allowed_origins: ['null'] }, 'no origin'],
    'any origin': [{ allowed_origins: ['*'] }, 'no origin'],
    'an origin with a wildcard': [{ allowed_origins: ['https://*.app.example'] }, 'no origin'],
    'an origin with a slash': [{ allowed_origins: ['https://app.example/'] }, 'no origin'],
    'an origin with a path': [{ allowed_origins: ['capacitor://localhost/app'] }, 'no origin'],
    'an origin of files': [{ allowed_origins: ['file://'] }, 'no origin'],
    "a cookie for an app's pages": [
      { allowed_origins: ['https://app.example', 'capacitor://localhost'], refresh_token_delivery: 'cookie' },
      'SameSite=Strict',
    ],
  };
  for (const [name, [members, expected]] of Object.entries(registered)) {
    test(`no client registers ${name}`, { skip: unless.startable }, async () => {
      const said = await refusal({ clients: [clients.login, { ...phone, ...members }] });
      assert.ok(said.includes(expected), said);
    });
  }
});

describe('RFC 6454: origins of apps and extensions', { concurrency: 8 }, () => {
  const ask = (client, origin, form = { grant_type: 'refresh_token', refresh_token: 'jrt_x' }) =>
    postAs(client, '/token', form, { headers: { origin } });

  for (const client of [phone, editor]) {
    for (const origin of client.allowed_origins) {
      test(`${origin} reads the tokens of ${client.client_id}, without cookies`, async () => {
        const { response, verifier } = await cameBackTo(client, client.redirect_uris[0]);
        const { code } = arrival(response).params;
        const redemption = {
          grant_type: 'authorization_code',
          code,
          code_verifier: verifier,
          redirect_uri: client.redirect_uris[0],
        };
        const tokens = await ask(client, origin, redemption);
        assert.equal(tokens.status, 200, tokens.text);
        assert.ok(canRead(tokens, origin));
        assert.equal(tokens.headers['access-control-allow-credentials'], undefined);
        const form = { grant_type: 'refresh_token', refresh_token: tokens.json().refresh_token };
        assert.ok(canRead(await ask(client, origin, form), origin));
        const others = [origin.toUpperCase(), `${origin}/`, `${origin}.evil`, `${origin}:1`, 'null', '*'];
        for (const other of others) {
          const { refresh_token } = (await ask(client, origin, form)).json();
          const response = await ask(client, other, { ...form, refresh_token });
          assert.equal(response.status, 200, response.text);
          assert.equal(response.headers['access-control-allow-origin'], undefined, other);
        }
      });
    }
  }

  test('a preflight and a refusal are for them as for any page', async () => {
    for (const origin of ['capacitor://localhost', 'chrome-extension://abcdefghijklmnop']) {
      const response = await ask(phone, origin);
      assert.equal(response.status, 400);
      assert.ok(canRead(response, origin));
    }
  });
});
