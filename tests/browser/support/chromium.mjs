// A real browser, and what it may not do on any page of the mock's.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after } from 'node:test';
import { chromium } from 'playwright-core';

const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));

/** For `test` and `describe`. */
export const unless = { skip: executablePath ? false : 'no Chromium: name one in CHROMIUM' };

let browser;
after(() => browser?.close());

const launched = async () =>
  (browser ??= await chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
    ],
  }));

/** A browser of its own, with no history. `options` are Playwright's of a context. */
export async function newPage(t, { origins = [], ...options } = {}) {
  const context = await (await launched()).newContext(options);
  context.setDefaultTimeout(5_000);
  t.after(() => context.close());
  const seen = { requests: [], violations: [] };
  const page = await context.newPage();
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('pageerror', (error) => seen.violations.push(String(error)));
  page.on('console', (message) => {
    if (/Content.Security.Policy|Refused to|violates/i.test(message.text())) seen.violations.push(message.text());
  });
  return {
    page,
    context,
    /** Nothing went elsewhere, nothing was refused by a page's own policy. */
    behaved(more = []) {
      assert.deepEqual(seen.violations, []);
      const allowed = new Set([...origins, ...more]);
      const foreign = seen.requests.filter((url) => !/^(data|blob|about):/.test(url) && !allowed.has(new URL(url).origin));
      assert.deepEqual(foreign, []);
    },
  };
}
