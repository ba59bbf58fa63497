// Shows of each check that it matters: builds Jeton without it, and asks the suite's rows, of which one must
// fail. Minutes for each check, so it is run by hand: `node tests/checks/run.mjs [PART OF A NAME…]`. Prints the
// table of docs/checks.md.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

import { checks } from './table.mjs';

const root = new URL('../../', import.meta.url).pathname;
const copy = `${root}target/checks/`;

/** What of the repository a build needs. */
const PARTS = ['Cargo.toml', 'Cargo.lock', 'crates', 'bench', 'clippy.toml', 'rust-toolchain.toml', '.cargo'];

rmSync(copy, { recursive: true, force: true });
for (const part of PARTS) {
  try {
    // With times of now: by older ones cargo would keep what it built last, without a check.
    cpSync(`${root}${part}`, `${copy}${part}`, { recursive: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

/** Builds the copy; the binary. */
function build() {
  execFileSync('cargo', ['build', '--quiet', '-p', 'jeton-cli'], {
    cwd: copy,
    env: { ...process.env, CARGO_TARGET_DIR: `${root}target`, RUSTFLAGS: '-Awarnings' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return `${root}target/debug/jeton`;
}

/** The names of the rows of these files that fail, none that only says that one within it does. */
function failing(binary, files) {
  const paths = files.map((file) => `tests/suite/rows/${file}.mjs`);
  const run = spawnSync('node', ['--test', '--test-reporter=tap', ...paths], {
    cwd: root,
    env: { ...process.env, JETON_BIN: binary, JETON_TARGET: 'serve' },
    encoding: 'utf8',
    timeout: 300_000,
  });
  const lines = run.stdout.split('\n');
  const passed = lines.filter((line) => /^\s*ok /.test(line)).length;
  const failed = lines.flatMap((line, at) => {
    const [, name] = line.match(/^\s*not ok \d+ - (.*)$/) ?? [];
    const about = lines.slice(at, at + 8).join('\n');
    return name && !/subtests? failed/.test(about) && !name.endsWith('.mjs') ? [name.replaceAll('\\#', '#')] : [];
  });
  return { passed, failed };
}

const parts = process.argv.slice(2);
const wanted = checks.filter(({ check }) => parts.length === 0 || parts.some((part) => check.includes(part)));
const files = [...new Set(wanted.flatMap(({ rows }) => rows))];
const whole = failing(build(), files);
if (whole.failed.length > 0 || whole.passed === 0) {
  throw new Error(`with every check ${whole.passed} rows pass and these fail: ${whole.failed.join('; ')}`);
}
console.error(`with every check: ${whole.passed} rows pass`);

console.log('| without the check | rows that fail | the first of them |\n|---|---|---|');
let unproven = 0;
for (const { check, file, without, rows } of wanted) {
  const path = `${copy}crates/jeton/src/${file}`;
  const text = readFileSync(path, 'utf8');
  const [from, to] = without;
  if (text.split(from).length !== 2) throw new Error(`${check}: ${file} does not have it exactly once`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  try {
    const { failed } = failing(build(), rows);
    if (failed.length === 0) unproven += 1;
    console.log(`| ${check} | ${failed.length} | ${failed[0] ?? '**none**'} |`);
  } finally {
    writeFileSync(path, text);
  }
}
process.exitCode = unproven === 0 ? 0 : 1;
