// The table of vendor × SDK × step, by the results that `cargo xtask test` leaves in target/suite-results: printed, and
// kept in target/vendors-table.md. What an SDK was not asked stands beneath it with the reason.

import { readFileSync, writeFileSync } from 'node:fs';

const target = new URL('../../target/', import.meta.url);
const read = (name) => readFileSync(new URL(`suite-results/${name}`, target), 'utf8');
const { steps: STEPS, sdks } = JSON.parse(read('vendors-sdks.json'));
const results = read('vendors.jsonl').split('\n').filter(Boolean);
const outcomes = new Map(results.map((line) => JSON.parse(line)).map(({ name, outcome }) => [name, outcome]));

const stepOf = (row) => row.split(': ')[0];

const reasons = [];
/** The number of a reason beneath the table. */
function noteOf(reason) {
  if (!reasons.includes(reason)) reasons.push(reason);
  return `[${reasons.indexOf(reason) + 1}]`;
}

/** How many of these rows passed, where not all of them did of how many. */
function counted({ vendor, name, place }, rows) {
  const passed = rows.filter((row) => outcomes.get(`vendors > ${vendor} > ${name} (${place}) > ${row}`) === 'passed');
  return passed.length === rows.length ? String(rows.length) : `**${passed.length} of ${rows.length}**`;
}

const lines = sdks.map((sdk) => {
  const { rows } = sdk;
  const cells = STEPS.map((step) => {
    const of = rows.filter((row) => stepOf(row) === step);
    return of.length > 0 ? counted(sdk, of) : noteOf(sdk.not[step]);
  });
  const others = rows.filter((row) => !STEPS.includes(stepOf(row)));
  const more = others.map((row) => (counted(sdk, [row]) === '1' ? row : `**${row}: failed**`));
  return [sdk.vendor, sdk.name, sdk.place, ...cells, more.join(', ')];
});

const table = [['vendor', 'SDK', 'in', ...STEPS, 'and'], STEPS.map(() => '---'), ...lines];
table[1].push('---', '---', '---', '---');
const text = `Rows passed, of each vendor’s SDKs and each step:

${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

${reasons.map((reason, index) => `${index + 1}. ${reason}`).join('\n')}
`;

console.log(text);
writeFileSync(new URL('vendors-table.md', target), text);
