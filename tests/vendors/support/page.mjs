// An application that is a page: an SDK's own bundle, and nothing behind it.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { newPage } from '../../browser/support/chromium.mjs';
import { loginPage } from '../../browser/support/pages.mjs';

const packages = new URL('../node_modules/', import.meta.url);

/** A package that has no bundle of its own, built as its users build it: its exports become a global. */
function built(entry, globalName) {
  const options = { bundle: true, format: 'iife', globalName, write: false, platform: 'browser' };
  const stdin = { contents: `export * from '${entry}'`, resolveDir: fileURLToPath(packages) };
  return buildSync({ ...options, stdin }).outputFiles[0].text;
}

/**
 * A browser at such an application; it ends with `cleanup`.
 *
 * @param {object} options
 * @param {string} [options.bundle] beneath node_modules: a script that sets a global
 * @param {string} [options.module] instead: a module, the default export of which becomes `options.global`
 * @param {string} [options.built] instead: a package, the exports of which become `options.global`
 * @param {Record<string, string>} [options.pages] other pages by their path, as HTML
 */
export async function openPage(mock, cleanup, { bundle, module, built: entry, global, pages = {} }) {
  const library = entry ? built(entry, global) : readFileSync(new URL(bundle ?? module, packages));
  const head = `<!doctype html><meta charset="utf-8"><title>An application</title><link rel="icon" href="data:,">`;
  const importing = `<script type="module">import it from '/sdk.js'; window.${global} = it;</script>`;
  const html = head + (module ? importing : '<script src="/sdk.js"></script>');
  const answer = (pathname) =>
    pathname === '/sdk.js'
      ? { contentType: 'text/javascript', body: library }
      : { contentType: 'text/html', body: pages[pathname] ?? html };
  const server = createServer((request, response) => {
    const { contentType, body } = answer(new URL(request.url, 'http://localhost').pathname);
    response.setHeader('content-type', contentType).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://localhost:${server.address().port}`;
  const browser = await newPage({ origins: [origin, mock.http, mock.https], ignoreHTTPSErrors: true });
  cleanup(browser.close);
  const { page } = browser;
  return {
    origin,
    page,
    /** The application's page, with its SDK there. */
    async open(path = '/') {
      await page.goto(`${origin}${path}`);
      await page.waitForLoadState('load');
    },
    /** Runs what leads away from the page, and logs in where that leads. */
    async logIn(leave, argument, user = 'alice') {
      await leaving(page, leave, argument);
      await loginPage(page).user(user).click();
      await this.back();
    },
    /** The same, for somebody who does not want to. */
    async deny(leave, argument) {
      await leaving(page, leave, argument);
      await loginPage(page).deny.click();
      await this.back();
    },
    /** Runs what leads away from the page, to a question who it is: nobody is logged in. */
    async asksAgain(leave, argument) {
      await leaving(page, leave, argument);
      await loginPage(page).user('alice').waitFor();
    },
    /** Runs what leads away from the page and, without a question, back. */
    async round(leave, argument) {
      await leaving(page, leave, argument);
      await this.back();
    },
    /** Until the browser is back at the application. */
    async back() {
      await page.waitForURL((url) => url.origin === origin && url.pathname !== '/');
      await page.waitForLoadState('load');
    },
    /** The next request to such an address. */
    asked: (pattern) => page.waitForRequest(pattern),
    run: (script, argument) => page.evaluate(script, argument),
    /** Nothing went to anybody else, as to the vendor itself. */
    behaved: browser.behaved,
  };
}

/** Such a script may not end: the page is gone first. */
async function leaving(page, leave, argument) {
  const gone = page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame());
  await Promise.all([gone, page.evaluate(leave, argument).catch(left)]);
}

function left(error) {
  if (!/Execution context was destroyed|navigation/i.test(error.message)) throw error;
}
