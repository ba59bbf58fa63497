// Rows: what an SDK does with the vendor that the mock plays, a row a step.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

/** What is asked of every SDK: it does each, or says why it does not. */
export const STEPS = ['discovery', 'log in', 'verify', 'userinfo', 'refresh', 'log out', 'client credentials', 'error'];

/** Reasons that several SDKs have. */
export const VERIFIER = 'it verifies tokens and asks for none';
export const IN_A_PAGE = 'a page keeps no secret';

/** How many vendors are asked at once: their rows wait for a browser and for other processes. */
const VENDORS_AT_ONCE = 3;
/** Without it they would be as many at once as the vendors. */
const ONE_BY_ONE = { concurrency: 1 };

/** All that were declared, in that order: `{ vendor, name, place, begin, not, steps }`. */
export const sdks = [];

/**
 * Declares an SDK.
 *
 * @param {string} vendor
 * @param {string} name as its registry has it
 * @param {'Chromium'|'Node'|'Python'} place
 * @param {object} rows
 * @param {(mock: object, cleanup: (end: () => unknown) => void) => Promise<object>} rows.begin what each step is given
 * @param {Record<string, string>} [rows.not] steps that it does not have or cannot be told, and why
 * @param {Record<string, (on: object) => Promise<void>>} rows.steps in their order; each is a step, `STEP: what of
 * it`, or what only this SDK has
 */
export function sdk(vendor, name, place, { begin, not = {}, steps }) {
  const asked = new Set(Object.keys(steps).map(stepOf));
  for (const step of STEPS) {
    assert.notEqual(asked.has(step), step in not, `${name}: ${step} is asked, or a reason says why not`);
  }
  sdks.push({ vendor, name, place, begin, not, steps });
}

/** The step that a row is of. */
const stepOf = (row) => row.split(': ')[0];

/** Asks them: the steps of an SDK and the SDKs of a vendor one after the other. */
export function judge(mock, sdks) {
  const vendors = [...new Set(sdks.map(({ vendor }) => vendor))];
  describe('vendors', { concurrency: VENDORS_AT_ONCE }, () => {
    for (const vendor of vendors) {
      describe(vendor, ONE_BY_ONE, () => {
        for (const declared of sdks.filter((one) => one.vendor === vendor)) judgeSdk(declared, mock);
      });
    }
  });
}

function judgeSdk({ name, place, begin, steps }, mock) {
  describe(`${name} (${place})`, ONE_BY_ONE, () => {
    const ends = [];
    let begun;
    for (const [row, run] of Object.entries(steps)) {
      test(row, { timeout: 40_000 }, async () => {
        begun ??= begin(await mock(), (end) => ends.unshift(end));
        await run(await begun);
      });
    }
    after(async () => {
      for (const end of ends) await end();
    });
  });
}
