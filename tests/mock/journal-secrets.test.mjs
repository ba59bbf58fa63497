// The journal shows no secret: none of a request, of a flow, or of a control call.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from './support/check.mjs';
import { basic, FORM, send } from './support/http.mjs';
import { DEVICE_GRANT, OFFLINE, ok, random } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const made = () => mock.fresh('journal').make();

describe('the journal: redaction of secrets', { concurrency: 4 }, () => {
  /** A secret that can be looked for, whatever encoding it went through. */
  const secret = (name) => `SECRET-${name}-${random().slice(0, 12)}`;
  const NAMES = [
    'client_secret',
    'code',
    'refresh_token',
    'access_token',
    'token',
    'code_verifier',
    'device_code',
    'password',
    'assertion',
    'client_assertion',
    'subject_token',
    'actor_token',
    'id_token_hint',
    'ticket',
    'request',
  ];
  const ENDPOINTS = [
    '/token',
    '/introspect',
    '/revoke',
    '/revoke_grants',
    '/device_authorization',
    '/userinfo',
    '/authorize',
    '/authorize/request',
    '/authorize/accept',
    '/authorize/reject',
    '/end_session',
    '/device',
    '/login',
  ];

  /** No answer about the journal, and no line of the log, has one of `secrets`, in whatever encoding. */
  async function isClean(issuer, secrets) {
    const texts = [(await issuer.control('GET', '/journal')).text];
    for (;;) {
      const taken = await issuer.take({ timeout_ms: 0 });
      if (taken.status === 204) break;
      texts.push(taken.text);
    }
    const debuggers = await issuer.get('/debugger');
    texts.push(debuggers.text, ...mock.log());
    for (const one of secrets) {
      for (const form of [
        one,
        encodeURIComponent(one),
        Buffer.from(one).toString('base64').slice(0, -4),
        Buffer.from(one).toString('base64url').slice(0, -4),
      ]) {
        for (const text of texts)
          assert.ok(
            !text.includes(form),
            `${one} as ${form} in ${text.slice(Math.max(0, text.indexOf(form) - 200), text.indexOf(form) + 60)}`,
          );
      }
    }
  }

  const REDACTED = Object.fromEntries(NAMES.map((name) => [name, '[redacted]']));
  for (const [where, listed, ask] of [
    ['in the body', REDACTED, (issuer, path, form) => issuer.post(path, form)],
    ['in the query', REDACTED, (issuer, path, form) => issuer.get(`${path}?${new URLSearchParams(form)}`)],
    ['in query and body', REDACTED, (issuer, path, form) => issuer.post(`${path}?${new URLSearchParams(form)}`, form)],
    [
      'in a body of another type',
      {},
      (issuer, path, form) =>
        send(`${issuer.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(form),
        }),
    ],
    [
      'in a body without a type',
      {},
      (issuer, path, form) =>
        send(`${issuer.url}${path}`, { method: 'POST', body: new URLSearchParams(form).toString() }),
    ],
  ]) {
    test(`every secret parameter at every endpoint, ${where}`, async () => {
      const issuer = await made();
      const form = Object.fromEntries(NAMES.map((name) => [name, secret(name)]));
      for (const path of ENDPOINTS)
        await ask(issuer, path, { grant_type: 'authorization_code', client_id: 'web', ...form });
      await isClean(issuer, Object.values(form));
      const [{ parameters }] = await issuer.journal({ endpoint: 'token' });
      const { grant_type, client_id, ...secrets } = parameters;
      assert.deepEqual(secrets, listed);
    });
  }

  test('Authorization, well formed or not, and cookies', async () => {
    const issuer = await made();
    const secrets = [];
    const hide = (name) => {
      secrets.push(secret(name));
      return secrets.at(-1);
    };
    const headers = [
      { authorization: basic('client', hide('basic')) },
      { authorization: `Bearer ${hide('bearer')}` },
      { authorization: hide('bare') },
      { authorization: `Basic ${hide('notbase64')}` },
      { authorization: `DPoP ${hide('dpop')}` },
      { cookie: `jeton-mock-session=${hide('cookie')}; x=${hide('cookie2')}` },
      { dpop: hide('dpop-header') },
      { 'proxy-authorization': hide('proxy') },
    ];
    for (const path of ENDPOINTS) {
      for (const one of headers) await issuer.post(path, { grant_type: 'client_credentials' }, one);
      for (const one of headers) await issuer.get(path, one);
    }
    await isClean(issuer, secrets);
  });

  test('the real codes, tokens and tickets of whole flows', async () => {
    const issuer = await made();
    const login = await issuer.login({ scope: OFFLINE, client: ['web', 'web-very-secret-value'] });
    const tokens = ok(await issuer.redeem(login)).json();
    const again = ok(await issuer.refresh(tokens.refresh_token, { client: login.client })).json();
    const device = ok(await issuer.device()).json();
    await issuer.poll(device.device_code);
    await issuer.userinfo(again.access_token);
    await issuer.as(login.client, '/introspect', { token: again.access_token });
    await issuer.as(login.client, '/revoke', { token: again.refresh_token });
    await issuer.get(`/end_session?${new URLSearchParams({ id_token_hint: again.id_token })}`);
    const sealed = login.browser.visited.flatMap((url) =>
      [...new URL(url).searchParams]
        .filter(([name]) => ['request', 'ticket', 'accepted', 'answer'].includes(name))
        .map(([, value]) => value),
    );
    const cookies = login.browser.cookies.map(({ value }) => value);
    await isClean(issuer, [
      'web-very-secret-value',
      login.code,
      login.verifier,
      tokens.access_token,
      tokens.refresh_token,
      tokens.id_token,
      again.access_token,
      again.refresh_token,
      again.id_token,
      device.device_code,
      ...sealed,
      ...cookies,
    ]);
    assert.ok(sealed.length > 0 && cookies.length > 0, 'there was something to look for');
  });

  test('secrets of requests that a fault answered', async () => {
    const issuer = await made();
    const secrets = [];
    for (const fault of ['drop', 'status-500', 'invalid_client', 'html']) {
      await issuer.fault({ fault, times: 1 });
      secrets.push(secret(fault));
      const asked = issuer.token({ code: secrets.at(-1) }, { client: ['x', secrets.at(-1)] });
      await (fault === 'drop' ? assert.rejects(asked, { code: 'ECONNRESET' }) : asked);
    }
    assert.equal(await issuer.count(), 4);
    await isClean(issuer, secrets);
  });

  test('secrets of control calls', async () => {
    const issuer = await made();
    const [one, other] = [secret('client'), secret('wrong')];
    await issuer.client({ client_id: 'c', client_secret: one });
    const refused = await issuer.control('POST', '/clients', { client_id: 'c', client_secret: other, oops: 1 });
    assert.ok(!refused.text.includes(other));
    for (const path of ['/clients', '/issuer', '/issuers', '/journal']) {
      const { text } = await issuer.control('GET', path);
      assert.ok(!text.includes(one) && !text.includes(other), path);
    }
    await isClean(issuer, [one, other]);
  });

  test('a secret is redacted where its parameter’s name is percent-encoded, too', async () => {
    const issuer = await made();
    const value = secret('spelt');
    await issuer.post('/token', `client%5Fsecret=${value}&grant_type=client_credentials`);
    await isClean(issuer, [value]);
  });

  test('what is no secret stays to be read', async () => {
    const issuer = await made();
    await issuer.arrive({ nonce: 'my-nonce', state: 'my-state' });
    const { parameters } = (await issuer.journal({ endpoint: 'authorize' }))[0];
    assert.equal(parameters.nonce, 'my-nonce');
    assert.equal(parameters.state, 'my-state');
    assert.equal(parameters.code_challenge_method, 'S256');
    assert.equal(parameters.response_type, 'code');
  });

  test('the device grant is named, its code is not', async () => {
    const issuer = await made();
    isError(await issuer.poll('jdc_some-device-code'), 400, 'invalid_grant');
    const [entry] = await issuer.journal();
    assert.equal(entry.grant_type, DEVICE_GRANT);
    assert.equal(entry.parameters.device_code, '[redacted]');
  });

  test('a form whose content type has a charset is read as a form', async () => {
    const issuer = await made();
    await send(`${issuer.url}/token`, {
      method: 'POST',
      headers: { 'content-type': `${FORM}; charset=utf-8` },
      body: 'grant_type=client_credentials&client_id=x&client_secret=y',
    });
    assert.equal((await issuer.journal())[0].client_id, 'x');
  });
});
