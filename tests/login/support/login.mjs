// What a person does: chooses a way, is somebody there, agrees.

import assert from 'node:assert/strict';
import { formsTo } from './browser.mjs';

/** Whether a page lets a person choose this way, or any. */
export const offers = (page, provider) =>
  !page.arrived &&
  formsTo(page, '/login').some(({ buttons }) =>
    buttons.some(({ name, value }) => name === 'provider' && (provider === undefined || value === provider)),
  );

/** Chooses a way: the upstream's page, or wherever it leads. */
export function choose(browser, page, provider) {
  assert.ok(offers(page, provider), `no way ${provider} at ${page.arrived ?? page.url}: ${page.response.text}`);
  return browser.send(page, '/login', { button: provider });
}

/** Is somebody at the mock's login page. */
export function be(browser, page, sub) {
  return browser.send(page, '/login', { button: sub });
}

/** Agrees, to all that is asked for unless `scope` says to what. */
export function agree(browser, page, { scope } = {}) {
  return browser.send(page, '/login/consent', { fields: scope === undefined ? {} : { scope } });
}

/** Whether a page asks for consent. */
export const asksConsent = (page) => !page.arrived && formsTo(page, '/login/consent').length > 0;

/** Goes back to the application, by the page's own button. */
export function goBack(browser, page) {
  return browser.send(page, '/login/back');
}

/** The way from an application to the upstream's own page: `{ asked, page }`. */
export async function toUpstream(browser, application, { provider = 'one', form } = {}) {
  const asked = application.asks(form);
  let page = await browser.open(asked.url);
  if (offers(page, provider)) page = await choose(browser, page, provider);
  return { asked, page };
}

/** A whole login, also where a session or an upstream's goes on without asking: `{ asked, page }`. */
export async function logIn(browser, application, { provider = 'one', as = 'alice', form, scope } = {}) {
  let { asked, page } = await toUpstream(browser, application, { provider, form });
  const upstreams = Object.values(application.world.upstreams).map(({ url }) => url);
  if (!page.arrived && upstreams.some((url) => page.url.href.startsWith(url))) page = await be(browser, page, as);
  if (asksConsent(page)) page = await agree(browser, page, { scope });
  return { asked, page };
}

/** The same, to its tokens. */
export async function loggedIn(browser, application, options) {
  const { asked, page } = await logIn(browser, application, options);
  return application.tokens(page, asked);
}
