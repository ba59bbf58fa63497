// The sums of docs/cost.md, computed again.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const page = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');
const sums = [...page.matchAll(/`([\d.+* ]+) = ([\d.]+)`/g)].map(([, terms, sum]) => ({ terms, sum }));

/** The sum of products that `terms` says. */
const computed = (terms) =>
  terms
    .split('+')
    .map((term) => term.split('*').reduce((product, factor) => product * Number(factor), 1))
    .reduce((sum, term) => sum + term, 0);

test('docs/cost.md: every sum is the sum of its terms', () => {
  assert.ok(sums.length >= 18, `${sums.length} sums`);
  for (const { terms, sum } of sums) {
    const decimals = sum.split('.')[1]?.length ?? 0;
    const off = Math.abs(computed(terms) - Number(sum));
    assert.ok(off <= 0.5 / 10 ** decimals + 1e-9, `${terms} = ${computed(terms)}, and not ${sum}`);
  }
});
