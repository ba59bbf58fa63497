// Each vendor's own SDKs, as they are published, against one mock.

import { mkdirSync, writeFileSync } from 'node:fs';
import { sdks } from './sdks.mjs';
import { theMock } from './support/mock.mjs';
import { judge, STEPS } from './support/rows.mjs';

// What `table.mjs` makes a table of, beside the results.
const results = new URL('../../target/suite-results/', import.meta.url);
const declared = sdks.map(({ vendor, name, place, not, steps }) => ({
  vendor,
  name,
  place,
  not,
  rows: Object.keys(steps),
}));
mkdirSync(results, { recursive: true });
writeFileSync(new URL('vendors-sdks.json', results), JSON.stringify({ steps: STEPS, sdks: declared }));

const only = process.env.VENDORS?.split(',');
judge(
  theMock,
  sdks.filter(({ vendor }) => !only || only.includes(vendor)),
);
