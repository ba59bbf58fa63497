// A real browser, and what it may not do on any page of the mock's.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after } from 'node:test';
import { chromium } from 'playwright-core';

export const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
);

/** For `test` and `describe`. */
export const unless = { skip: executablePath ? false : 'no Chromium: name one in CHROMIUM' };

let browser;
after(async () => (await browser)?.close());

const launched = () =>
  (browser ??= chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
    ],
  }));

/** Windows that nobody uses, by their options: a new one takes longer than most scenes. */
const idle = new Map();

/** A browser with no history. `options` are Playwright's of a context. */
export async function newPage({ origins, ...options }) {
  const kind = JSON.stringify(options);
  const { page, seen } = idle.get(kind)?.pop() ?? (await open(options));
  await page.context().clearCookies();
  Object.assign(seen, { requests: [], violations: [] });
  return {
    page,
    /** Nothing went elsewhere, and nothing was refused by a page's own policy. */
    behaved() {
      assert.deepEqual(seen.violations, []);
      const foreign = seen.requests.filter(
        (url) => !/^(data|blob|about):/.test(url) && !origins.includes(new URL(url).origin),
      );
      assert.deepEqual(foreign, []);
    },
    /** For the next scene; after a failure nobody knows what it is up to. */
    release() {
      idle.set(kind, [...(idle.get(kind) ?? []), { page, seen }]);
    },
    close: () => page.context().close(),
  };
}

async function open(options) {
  const context = await (await launched()).newContext(options);
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const seen = {};
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('pageerror', (error) => seen.violations.push(String(error)));
  page.on('dialog', (dialog) => {
    seen.violations.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  page.on('console', (message) => {
    if (/Content.Security.Policy|Refused to|violates/i.test(message.text())) seen.violations.push(message.text());
  });
  return { page, seen };
}
