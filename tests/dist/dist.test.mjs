// The mock as people get it: packed for this platform, installed into empty places where no `jeton` is on the PATH, and
// run by each package's command and each helper.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../libraries/support/packages.mjs';
import { until } from '../libraries/support/rows.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DIST = process.env.DIST ?? join(ROOT, 'target/dist');
const PYTHON = process.env.PYTHON ?? 'python3';
const HERE = `${process.platform}-${process.arch}`;

/** With nothing but what the system has: no JETON_BIN, no `jeton`. */
const ENV = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: process.env.HOME };

let folder;
let packed;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jeton-dist-'));
  packed = (await readdir(DIST)).sort();
});
after(() => rm(folder, { recursive: true, force: true }));

const only = (pattern) => {
  const found = packed.filter((name) => pattern.test(name));
  assert.equal(found.length, 1, `${pattern} among ${packed}`);
  return join(DIST, found[0]);
};

/** A mock by that command: it says where it listens, gives a token, and ends when it is told to. */
async function serves(program, args, cwd) {
  const options = { cwd, env: ENV, stdio: ['ignore', 'pipe', 'pipe'], detached: true };
  const child = spawn(program, [...args, '--port', '0'], options);
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const said = [];
  let port;
  try {
    const url = await new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        createInterface({ input: stream }).on('line', (line) => {
          said.push(line);
          const address = /^jeton mock: (\S+) on /.exec(line)?.[1];
          if (address) resolve(address);
        });
      child.once('error', reject);
      ended.then((how) => reject(new Error(`it ended with ${how}: ${said.join('\n')}`)));
    });
    port = new URL(said.find((line) => / on http/.test(line)).split(' on ')[1]).port;
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'a', client_secret: 'b' });
    const answer = await fetch(`http://127.0.0.1:${port}/token`, { method: 'POST', body });
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).token_type, 'Bearer');
    assert.ok(url);
  } finally {
    // As a terminal does, to all of them: npm does not pass on what it alone is sent.
    process.kill(-child.pid, 'SIGTERM');
  }
  await until(() =>
    fetch(`http://127.0.0.1:${port}/health`).then(
      () => false,
      () => true,
    ),
  );
  return ended;
}

describe('npm', () => {
  let project;
  before(async () => {
    project = join(folder, 'npm');
    await mkdir(project);
    await writeFile(join(project, 'package.json'), '{ "type": "module", "private": true }');
    const files = [only(/^jeton-mock-\d/), only(new RegExp(`^jeton-mock-${HERE}-\\d.*\\.tgz$`))];
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...files];
    await run('npm', args, { cwd: project, env: { ...process.env, npm_config_fetch_retries: '0' } });
  });

  test('the helper asks for the binary of each platform, by its own version', async () => {
    const read = async (name) =>
      JSON.parse(await readFile(join(project, 'node_modules', name, 'package.json'), 'utf8'));
    const { version, optionalDependencies } = await read('jeton-mock');
    const names = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'win32-x64'];
    assert.deepEqual(optionalDependencies, Object.fromEntries(names.map((name) => [`jeton-mock-${name}`, version])));
    const binary = await read(`jeton-mock-${HERE}`);
    assert.equal(binary.version, version);
    assert.deepEqual([binary.os, binary.cpu], [[process.platform], [process.arch]]);
  });

  test('npx jeton-mock', async () => {
    // How npx itself ends is npm's affair.
    await serves('npx', ['--no-install', 'jeton-mock'], project);
  });

  test('startMock', async () => {
    const program = `
      import { startMock } from 'jeton-mock';
      const mock = await startMock();
      const issuer = await mock.issuer();
      console.log((await issuer.token({ client_id: 'a' })).token_type);
      await mock.stop();
    `;
    await writeFile(join(project, 'program.mjs'), program);
    assert.equal(await run(process.execPath, ['program.mjs'], { cwd: project, env: ENV }), 'Bearer\n');
  });

  test('a platform without a package is told what to do', async () => {
    const bare = join(folder, 'bare');
    await mkdir(bare);
    await writeFile(join(bare, 'package.json'), '{ "private": true }');
    const args = ['install', '--no-audit', '--no-fund', '--omit=optional', only(/^jeton-mock-\d/)];
    await run('npm', args, { cwd: bare });
    await assert.rejects(
      run('npx', ['--no-install', 'jeton-mock'], { cwd: bare, env: ENV }),
      /jeton-mock: there is no jeton: set JETON_BIN, or put jeton on the PATH/,
    );
  });
});

describe('PyPI', () => {
  let bin;
  before(async () => {
    const venv = join(folder, 'venv');
    bin = join(venv, 'bin');
    await run(PYTHON, ['-m', 'venv', venv]);
    const args = [
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-index',
      '--find-links',
      DIST,
      'jeton-mock',
    ];
    await run(join(bin, 'pip'), args);
  });

  test('jeton-mock', async () => {
    assert.equal(await serves(join(bin, 'jeton-mock'), [], folder), 0);
  });

  test('python -m jeton_mock', async () => {
    assert.equal(await serves(join(bin, 'python'), ['-m', 'jeton_mock'], folder), 0);
  });

  test('start_mock', async () => {
    const program = [
      'from jeton_mock import start_mock',
      'with start_mock() as mock, mock.issuer() as issuer:',
      '    print(issuer.token(client_id="a")["token_type"])',
    ].join('\n');
    assert.equal(await run(join(bin, 'python'), ['-c', program], { env: ENV }), 'Bearer\n');
  });
});

describe('crates.io', () => {
  test('cargo install', async () => {
    const root = join(folder, 'cargo');
    // By the profile, and for the target in CARGO_BUILD_TARGET, of the tests' binaries, which are built already.
    const args = ['install', '--locked', '--path', 'crates/jeton-cli', '--profile', 'suite', '--root', root];
    await run('cargo', [...args, '--quiet', '--target-dir', join(ROOT, 'target')], { cwd: ROOT });
    assert.equal(await serves(join(root, 'bin/jeton'), ['mock'], folder), 0);
  });
});
