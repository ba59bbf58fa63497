// The tables of what the libraries promise and what of it was asked, by the results that `cargo xtask test` leaves in
// target/suite-results: role × feature × language, and server × role × language. Printed, and kept in
// target/libraries-table.md.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const target = new URL('../../target/', import.meta.url);
const results = new URL('suite-results/', target);

const LANGUAGES = { rust: 'Rust', js: 'JavaScript', python: 'Python' };
/** How many names lead to a row; what a row asks of each framework or each way is counted as that row. */
const DEPTH = 4;

/** `{ passed, asked }` by the names that lead there. */
class Counts {
  #cells = new Map();

  add(names, outcome) {
    if (outcome === 'skipped') return;
    const key = JSON.stringify(names);
    const cell = this.#cells.get(key) ?? { passed: 0, asked: 0 };
    cell.asked += 1;
    if (outcome === 'passed') cell.passed += 1;
    this.#cells.set(key, cell);
  }

  text(names) {
    const cell = this.#cells.get(JSON.stringify(names));
    if (!cell) return '–';
    return cell.passed === cell.asked ? String(cell.passed) : `**${cell.passed} of ${cell.asked}**`;
  }
}

const features = new Counts();
const servers = new Counts();
/** In the order in which they were asked. */
const [lines, columns] = [new Set(), new Set()];

for (const file of readdirSync(results).filter((name) => /^libraries-.*\.jsonl$/.test(name))) {
  for (const line of readFileSync(new URL(file, results), 'utf8').split('\n').filter(Boolean)) {
    const { outcome, name } = JSON.parse(line);
    const names = name.split(' > ');
    if (names.length !== DEPTH) continue;
    const [first, second, third, fourth] = names;
    if (first === 'servers') {
      columns.add(second);
      servers.add([second, fourth.split(': ')[0], third], outcome);
    } else {
      lines.add(JSON.stringify([first, third]));
      features.add([first, third, second], outcome);
    }
  }
}

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const byLanguage = (counts, names) => Object.keys(LANGUAGES).map((language) => counts.text([...names, language]));

const text = `Rows passed, of each feature and language:

${table(
  ['role', 'feature', ...Object.values(LANGUAGES)],
  [...lines].map((line) => {
    const [role, feature] = JSON.parse(line);
    return [role, feature, ...byLanguage(features, [role, feature])];
  }),
)}

Rows passed on real servers:

${table(
  ['server', 'role', ...Object.values(LANGUAGES)],
  [...columns].flatMap((server) =>
    ['client', 'resource-server'].map((role) => [server, role, ...byLanguage(servers, [server, role])]),
  ),
)}
`;

console.log(text);
writeFileSync(new URL('libraries-table.md', target), text);
