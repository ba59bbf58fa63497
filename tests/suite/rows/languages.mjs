import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  handoff,
  logoutIn,
  postAs,
  requestIn,
  requestOf,
  returnTo,
} from '../support/flow.mjs';
import { formOf, isPage } from '../support/html.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, tv } = clients;
const GERMAN = { 'accept-language': 'de-CH, en;q=0.5' };

/** A page in that language, with that heading. */
function isIn(response, lang, heading, status = 200, options = {}) {
  const text = isPage(response, status, options);
  assert.equal(/<html lang="(.*?)">/.exec(response.text)[1], lang);
  assert.equal(/<h1>(.*?)<\/h1>/.exec(text)[1], heading);
  return text;
}

describe('languages of pages', { concurrency: 8 }, () => {
  test('RFC 9110 §12.5.4: the one that the browser prefers', async () => {
    for (const [preferred, lang] of [
      ['de', 'de'],
      ['fr, de;q=0.8, en;q=0.7', 'de'],
      ['en, de;q=0.9', 'en'],
      ['de;q=0, en', 'en'],
      ['fr', 'en'],
      ['*', 'en'],
      ['', 'en'],
      ['"><script>', 'en'],
    ]) {
      const response = await new Browser().get('/end_session', { 'accept-language': preferred });
      isIn(response, lang, lang === 'de' ? 'Abmelden' : 'Log out');
    }
  });

  test('OpenID Connect Core §3.1.2.1, ui_locales: what the application asks for goes before that', async () => {
    const visit = (ui_locales, headers) =>
      new Browser().get(`/end_session?${new URLSearchParams({ ui_locales })}`, headers);
    isIn(await visit('de-AT'), 'de', 'Abmelden');
    isIn(await visit('en', GERMAN), 'en', 'Log out');
    isIn(await visit('fr en', GERMAN), 'en', 'Log out');
    isIn(await visit('fr', GERMAN), 'de', 'Abmelden');
  });

  test('of a logout they are told to the login application, and are those of its last page', async () => {
    const browser = new Browser();
    const form = formOf((await browser.get('/end_session?ui_locales=fr+de')).text);
    const sent = await browser.post(
      '/end_session',
      { ...form.fields, confirmed: 'yes' },
      { origin: ISSUER, 'accept-language': 'en' },
    );
    const { request } = logoutIn(sent);
    assert.equal((await handoff('request', { request })).json().ui_locales, 'fr de');
    isIn(await browser.get(returnTo(sent), { 'accept-language': 'en' }), 'de', 'Abgemeldet');
  });

  test('of a logout they are left out where they are too long to travel', async () => {
    for (const [ui_locales, expected] of [
      ['d'.repeat(256), 'd'.repeat(256)],
      ['d'.repeat(257), undefined],
    ]) {
      const form = { ui_locales, confirmed: 'yes' };
      const { request } = logoutIn(await new Browser().post('/end_session', form, { origin: ISSUER }));
      assert.equal((await handoff('request', { request })).json().ui_locales, expected);
    }
  });

  test('pages for a person whose request is wrong; codes, and what they say of it, stay English', async () => {
    const browser = new Browser();
    const unknown = requestOf(web, { client_id: 'nobody', ui_locales: 'de' });
    const text = isIn(await authorize(browser, unknown), 'de', 'Diese Anwendung ist hier nicht bekannt', 400);
    assert.match(text, /<span>Fehler 400<\/span><code>invalid_request<\/code>/);
    assert.match(text, /<dt>Parameter<\/dt><dd><code>client_id<\/code><\/dd>/);
    assert.match(text, /<dt>Regel<\/dt><dd>Er nennt einen Client/);
    assert.match(text, /Referenz: <code>/);
    const damaged = await browser.get('/authorize/resume?ticket=jst_x', GERMAN);
    isIn(damaged, 'de', 'Dieser Link funktioniert nicht', 400);
    const twice = await browser.get('/authorize?client_id=a&client_id=a', GERMAN);
    assert.match(isIn(twice, 'de', 'Das hat nicht geklappt', 400), /\(<span lang="en">[^<]+<\/span>\)/);
  });

  test('the page that takes an answer to a client, by the ui_locales of its request', async () => {
    const framed = { framedBy: new URL(web.redirect_uris[0]).origin };
    for (const [ui_locales, headers, lang, heading] of [
      ['fr de-CH en', { 'accept-language': 'en' }, 'de', 'Einen Augenblick'],
      ['en', GERMAN, 'en', 'One moment'],
      [undefined, GERMAN, 'de', 'Einen Augenblick'],
    ]) {
      const browser = new Browser();
      const form = requestOf(web, { response_mode: 'form_post', ui_locales });
      const request = requestIn(await authorize(browser, form));
      const page = await browser.get(await answered('accept', { request, ...ALICE }), headers);
      isIn(page, lang, heading, 200, framed);
      assert.ok(arrival(page).params.code);
      const refused = await authorize(new Browser(), { ...form, scope: 'openid " x' });
      isIn(
        refused,
        ui_locales?.includes('de') ? 'de' : 'en',
        ui_locales?.includes('de') ? heading : 'One moment',
        200,
        framed,
      );
      assert.equal(arrival(refused).params.error, 'invalid_scope');
    }
  });

  test('the pages on which a device is connected', async () => {
    const started = (await postAs(tv, '/device_authorization', { scope: 'openid email' })).json();
    const browser = new Browser();
    const request = requestIn(await browser.get('/device'));
    const back = await answered('accept', { request, ...ALICE });
    const code = await browser.get(back, GERMAN);
    isIn(code, 'de', 'Gerät verbinden');
    const { action, fields } = formOf(code.text);
    const send = (form) => browser.post(action, { ...fields, ...form }, GERMAN);
    assert.match(
      isIn(await send({ user_code: 'BCDF-GHJK' }), 'de', 'Gerät verbinden'),
      /nicht bekannt oder abgelaufen/,
    );
    const confirm = await send({ user_code: started.user_code });
    assert.match(isIn(confirm, 'de', 'Gerät verbinden'), /Ihre E-Mail-Adresse sehen<code>email<\/code>/);
    const confirmed = formOf(confirm.text);
    const decided = await browser.post(confirmed.action, { ...confirmed.fields, decision: 'deny' }, GERMAN);
    assert.match(isIn(decided, 'de', 'Gerät nicht verbunden'), />Von vorn beginnen<\/a>/);
  });
});
