// What every page of the mock's owes to whoever uses it without a mouse, a screen or a script.

import assert from 'node:assert/strict';
import axe from 'axe-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export async function isWellFormed(page, lang = 'en') {
  assert.equal(await page.locator('html').getAttribute('lang'), lang);
  assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
  assert.equal(await page.getByRole('main').count(), 1);
  assert.notEqual(await page.title(), '');
  const inline = await page.evaluate(() =>
    [...document.querySelectorAll('*')].flatMap((element) =>
      [...element.attributes]
        .filter(({ name, value }) => name.startsWith('on') || name === 'style' || /^\s*javascript:/i.test(value))
        .map(({ name }) => `${element.localName} ${name}`),
    ),
  );
  assert.deepEqual(inline, [], 'handlers or styles in attributes');
  const ids = await page.evaluate(() => [...document.querySelectorAll('[id]')].map(({ id }) => id));
  assert.deepEqual(ids, [...new Set(ids)], 'an id twice');
}

/** No violation of WCAG 2.2 AA that a machine finds. In the dark only the colours differ. */
export async function isAccessible(page, colorScheme) {
  await page.emulateMedia({ colorScheme });
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const runOnly = colorScheme === 'dark' ? ['color-contrast'] : TAGS;
  const { violations } = await page.evaluate(
    (runOnly) => axe.run(document, { runOnly, preload: false, resultTypes: ['violations'] }),
    runOnly,
  );
  const found = violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map(({ html, any }) => `${html} ${any[0]?.message ?? ''}`).join(' | ')}`,
  );
  assert.deepEqual(found, [], colorScheme);
}

/** Nothing is wider than the window. */
export async function fits(page, when) {
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(content <= window, `${when}: ${content} px in ${window} px`);
}

/** Tabs once round the page: each control is reached, and shows that it is. */
export async function tabThrough(page) {
  const controls = await page.evaluate(() => {
    const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')];
    window.unreached = new Set(all.filter((element) => element.checkVisibility() && !element.disabled));
    return window.unreached.size;
  });
  // Scrolling regions are stops as well, and one step leaves the page.
  for (let step = 0; step < 2 * controls + 10; step += 1) {
    await page.keyboard.press('Tab');
    const { unseen, left } = await page.evaluate(() => {
      const { activeElement } = document;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(activeElement);
      const seen = (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1) || boxShadow !== 'none';
      window.unreached.delete(activeElement);
      return {
        unseen: seen || activeElement === document.body ? undefined : activeElement.outerHTML,
        left: window.unreached.size,
      };
    });
    assert.equal(unseen, undefined, 'no focus to be seen');
    if (left === 0) return;
  }
  assert.deepEqual(
    await page.evaluate(() => [...window.unreached].map(({ outerHTML }) => outerHTML)),
    [],
    'never reached',
  );
}
