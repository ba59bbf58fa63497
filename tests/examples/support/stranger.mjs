// A stranger's machine: an empty folder, and the commands that the guides use. What a registry would give of ours
// comes from this repository, packed as it is published; the rest comes from the registries.

import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { BINARY } from '../../hosts/native.mjs';
import { DEBIAN_GO, rust } from './programs.mjs';
import { OURS, PYTHON, published, REPOSITORY } from './workplace.mjs';

/** Makes one; `folder` to work in, `env` to work with. `program` is what `cargo run` runs, if the page has that. */
export function stranger(guide, program) {
  const home = mkdtempSync(join(tmpdir(), 'jeton-stranger-'));
  after(() => rmSync(home, { recursive: true, force: true }));
  const folder = join(home, 'work');
  const bin = join(home, 'bin');
  const packages = join(home, 'packages');
  for (const path of [bin, packages]) mkdirSync(path);
  copyExamples(guide, folder);
  for (const name of OURS) {
    published(name, join(packages, 'js', name));
    cpSync(join(REPOSITORY, 'packages/python', name), join(packages, 'python', name), { recursive: true });
  }
  symlinkSync(BINARY, join(bin, 'jeton'));
  const command = (name, text) => {
    writeFileSync(join(bin, name), `#!/bin/bash\nset -e\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const path = process.env.PATH;
  /** Our names among the arguments, as where they lie. */
  const places = (kind) => {
    const cases = OURS.map((name) => `${name}) one='${join(packages, kind, name)}' ;;`);
    return `arguments=()
for one; do
  case "$one" in ${cases.join(' ')} esac
  arguments+=("$one")
done`;
  };
  command(
    'npm',
    `arguments=("$@")\n${places('js')}\nPATH=${path} exec npm "\${arguments[@]}" --install-links --no-audit --no-fund`,
  );
  command(
    'pip',
    `[ -d ${home}/venv ] || ${PYTHON} -m venv ${home}/venv
arguments=("$@")\n${places('python')}\nexec ${home}/venv/bin/pip "\${arguments[@]}" --quiet --disable-pip-version-check`,
  );
  command('python', `exec ${home}/venv/bin/python "$@"`);
  // Of a package that the project has not, npx runs what the registry gives.
  command(
    'npx',
    `if [ "$1" = jeton-mock ] && [ ! -e node_modules/.bin/jeton-mock ]; then
  exec node '${join(packages, 'js/jeton-mock/bin/jeton-mock.js')}' "\${@:2}"
fi
exec "$(PATH=${path} command -v npx)" "$@"`,
  );
  // Compiled by the test run, with the same sources.
  command(
    'cargo',
    `case "$1 $2" in
run*) exec ${program ? rust(program)[0] : 'false'} ;;
add\\ jeton-*) PATH=${path} exec cargo add --quiet --path "${REPOSITORY}crates/$2" "\${@:3}" ;;
*) PATH=${path} exec cargo "$@" --quiet ;;
esac`,
  );
  const env = { PATH: `${bin}:${path}`, PYTHONPATH: '', ...DEBIAN_GO };
  const { CARGO_HOME, RUSTUP_HOME, npm_config_cache, PIP_CACHE_DIR, HOME } = process.env;
  return { folder, env: { ...env, CARGO_HOME, RUSTUP_HOME, npm_config_cache, PIP_CACHE_DIR, HOME } };
}

/** All in one folder, as the page has them. */
function copyExamples(guide, folder) {
  const from = join(REPOSITORY, 'examples', guide);
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === 'rust' || entry.name === 'native') continue;
    cpSync(join(from, entry.name), entry.isDirectory() ? folder : join(folder, entry.name), { recursive: true });
  }
}
