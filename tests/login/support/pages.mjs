// What holds of every page that the deployment shows a person.

import assert from 'node:assert/strict';
import { isPage } from '../../suite/support/html.mjs';
import { formsTo, textOf } from './browser.mjs';

/** A page is read over mobile networks. */
export const MOST_BYTES = 15_000;

/** A page of the deployment's, by its headers and its markup: its text. */
export function isOwnPage(page, status = 200) {
  assert.ok(!page.arrived, `at ${page.arrived}`);
  isPage(page.response, status);
  assert.ok(page.response.bytes.length <= MOST_BYTES, `${page.response.bytes.length} bytes at ${page.url}`);
  const { text } = page.response;
  assert.doesNotMatch(text, /<script|<[a-z][^>]*\s(on\w+\s*=|(href|src|action|formaction)="javascript:)/i);
  // Nothing of others is loaded: a style sheet, a picture, a font.
  for (const [, url] of text.matchAll(/<(?:img|link|iframe|source|embed|object)[^>]*(?:src|href|data)="([^"]*)"/g)) {
    assert.match(url, /^(data:|\/(?!\/))/, url);
  }
  assert.match(text, /<html lang="(en|de)">/);
  return textOf(page.response);
}

/** The id by which the log finds a page that says what went wrong. */
export function referenceOf(page) {
  const [, reference] = /<code>([\w-]{8,64})<\/code>/.exec(page.response.text.split(/Refer[ae]n[cz]/)[1] ?? '') ?? [];
  assert.ok(reference, `no reference: ${page.response.text}`);
  return reference;
}

/**
 * A page that says what went wrong: what to do stands there, a reference that the log has, and a way back to the
 * application.
 */
export async function isTrouble(world, page, status) {
  const text = isOwnPage(page, status);
  const reference = referenceOf(page);
  await world.logged(`"request_id":"${reference}"`);
  assert.ok(formsTo(page, '/login/back').length === 1, `no way back: ${text}`);
  return text;
}
