// Every state of every page of the built-in login application, without a server: as `cargo test -p jeton-login`
// writes them where JETON_GALLERY says, served with their own headers. What they looked like is in
// target/screenshots/.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fits, isAccessible, isWellFormed, tabThrough } from './support/accessibility.mjs';
import { newPage, unless } from './support/chromium.mjs';

const SCREENSHOTS = fileURLToPath(new URL('../../target/screenshots/', import.meta.url));
mkdirSync(SCREENSHOTS, { recursive: true });

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
/** What a desktop's page has at a zoom of 400 % (WCAG 2.2, 1.4.10). */
const ZOOMED = { width: 320, height: 256 };

/** Nobody listens here: every request is answered from the gallery. */
const ORIGIN = 'http://localhost:1';

const path = process.env.JETON_GALLERY;
const gallery = path ? JSON.parse(readFileSync(path, 'utf8')) : { none: {} };
const skip = unless.skip || (path ? false : 'no pages: name the file with them in JETON_GALLERY');

async function open(page, name) {
  await page.unrouteAll();
  await page.route(`${ORIGIN}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/favicon.ico') return route.fulfill({ status: 404 });
    const { status, headers, body } = pathname === '/login' ? gallery[name] : gallery[pathname];
    return route.fulfill({ status, headers, body });
  });
  await page.goto(`${ORIGIN}/login`);
}

/** What the page has that a person can use or has to read is large enough, and forms stay here. */
async function isSound(page) {
  const { small, foreign } = await page.evaluate(() => {
    const controls = [...document.querySelectorAll('button, input:not([type=hidden]), a.button')];
    const box = (element) => element.getBoundingClientRect();
    return {
      small: controls
        .filter((element) => box(element).width < 24 || box(element).height < 24)
        .map(({ outerHTML }) => outerHTML),
      foreign: [...document.querySelectorAll('form, button')]
        .map((element) => element.formAction ?? element.action)
        .filter((action) => action && new URL(action).origin !== location.origin),
    };
  });
  assert.deepEqual(small, [], 'smaller than 24 px');
  assert.deepEqual(foreign, [], 'forms that lead elsewhere');
}

describe('login pages', () => {
  for (const [name, { lang }] of Object.entries(gallery).filter(([name]) => !name.startsWith('/'))) {
    test(name, { skip }, async () => {
      const { page, behaved, release, close } = await newPage({ origins: [ORIGIN], viewport: DESKTOP });
      try {
        await open(page, name);
        await isWellFormed(page, lang);
        // First everything is photographed, so that a failure can be looked at.
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          for (const [window, size] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
            await page.setViewportSize(size);
            await page.screenshot({
              path: `${SCREENSHOTS}login-${name}-${window}-${colorScheme}.png`,
              fullPage: true,
            });
          }
        }
        for (const colorScheme of ['light', 'dark']) await isAccessible(page, colorScheme);
        await fits(page, 'phone');
        await isSound(page);
        await page.setViewportSize(ZOOMED);
        await fits(page, 'zoomed');
        await page.setViewportSize(DESKTOP);
        await fits(page, 'desktop');
        await tabThrough(page);
        behaved();
      } catch (error) {
        await close();
        throw error;
      }
      release();
    });
  }
});
