// Every package as whoever installs it has it: packed, installed into an empty project by the README's line, and run
// by the README's programs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort, launch } from '../hosts/native.mjs';
import { api } from './support/api.mjs';
import { languages } from './support/driver.mjs';
import { decoded, random } from './support/keys.mjs';
import { LANGUAGES, ROOT } from './support/packages.mjs';
import { until } from './support/rows.mjs';

const ISSUER = 'https://tokens.example.com';
const AUDIENCE = 'https://api.example.com';
/** Which blocks of a README are whole programs that can be judged here: the others are pieces, or tests. */
const IS_PROGRAM = {
  'jeton-client':
    /^(?![\s\S]*\blocation\.)(?=[\s\S]*(tokens\.example\.com|import os[\s\S]*"ISSUER"))(?=[\s\S]*(api\.example\.com|"API"))/,
  'jeton-resource-server': /^(?=[\s\S]*orders:read)(?=[\s\S]*(\b(8080|8000|5000|3000|export default)\b|^app = ))/m,
};

/** What each package must have, as it is called in its language. */
const CONTENTS = {
  rust: ['Cargo.toml', 'README.md', 'LICENSE-MIT', 'LICENSE-APACHE', 'src/lib.rs'],
  js: ['package.json', 'README.md', 'LICENSE-MIT', 'LICENSE-APACHE', 'index.js', 'index.d.ts'],
  python: ['/METADATA', '/licenses/LICENSE-MIT', '/licenses/LICENSE-APACHE', '/__init__.py', '/py.typed'],
};
/** What is nobody's business who installs it. */
const STRAYS = /(^|\/)(tests?|node_modules|\.env|__pycache__)\//;

let folder;
let mock;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jeton-packed-'));
  mock = await launch('mock', ['mock'], {});
});
after(async () => {
  await mock?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The blocks of a README in that language. */
const blocks = (text, fence) =>
  [...text.matchAll(/^```(\w+)[^\n]*\n([\s\S]*?)^```$/gm)]
    .filter(([, language]) => language === fence)
    .map(([, , code]) => code);

/** An empty project that has the package, as its README says; and the README's programs. */
async function installed(language, name) {
  const { folder: at, pack, init, install, installs, inPlace, fence } = LANGUAGES[language];
  const source = join(ROOT, at(name));
  const readme = await readFile(join(source, 'README.md'), 'utf8');
  const [to, project] = ['packed', 'project'].map((part) => join(folder, `${language}-${name}`, part));
  for (const path of [to, project]) await mkdir(path, { recursive: true });
  const file = await pack(source, to, name);
  await init(project, name);
  const lines = blocks(readme, 'sh')
    .flatMap((block) => block.split('\n'))
    .filter((line) => installs.test(line));
  assert.ok(
    lines.some((line) => line.includes(name)),
    `${name}: no line of its README installs it`,
  );
  for (const line of lines) {
    await install(
      project,
      line.split(/\s+/).flatMap((word) => inPlace(word, name, file)),
    );
  }
  return { project, file, programs: blocks(readme, fence).filter((block) => IS_PROGRAM[name].test(block)) };
}

/** Starts it; `ended` is what became of it, `output` what it wrote. */
async function begin(t, language, project, program, { port, ...variables }) {
  const [binary, args] = await LANGUAGES[language].start(project, program, port);
  const env = { ...process.env, CLIENT_ID: 'billing', CLIENT_SECRET: random(32), ...variables };
  const child = spawn(binary.startsWith('/') ? binary : join(project, binary), args, { cwd: project, env });
  t.after(() => child.kill('SIGKILL'));
  const about = {
    output: '',
    ended: new Promise((resolve) => child.once('close', (code) => resolve(code ?? 'killed'))),
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      about.output += text;
    });
  }
  return about;
}

const urlOf = async () => (await (await fetch(`${mock.url}/.well-known/openid-configuration`)).json()).issuer;

const PROGRAMS = {
  /** It gets a token and calls the API. */
  async 'jeton-client'(t, language, project, program) {
    const orders = await api(t);
    const issuer = await urlOf();
    const here = program.replaceAll(ISSUER, issuer).replaceAll(AUDIENCE, orders.origin);
    const about = await begin(t, language, project, here, { ISSUER: issuer, API: orders.origin });
    assert.equal(await about.ended, 0, about.output);
    assert.ok(orders.requests.length > 0, 'the API was asked');
    const { payload } = decoded(orders.tokens[0]);
    assert.equal(payload.client_id, 'billing');
    assert.match(payload.scope, /^\w+:read$/);
  },

  /** It stands in front of an API. */
  async 'jeton-resource-server'(t, language, project, program) {
    const port = await freePort();
    const issuer = await urlOf();
    const here = program.replaceAll(ISSUER, issuer).replaceAll(/\b(8080|8000|5000|3000)\b/g, String(port));
    const about = await begin(t, language, project, here, { port, ISSUER: issuer });
    const ask = (token) =>
      fetch(`http://127.0.0.1:${port}/orders`, { headers: token && { authorization: `Bearer ${token}` } });
    await until(async () => {
      const early = await Promise.race([about.ended, new Promise((resolve) => setTimeout(resolve, 20))]);
      assert.equal(early, undefined, about.output);
      return ask().then(
        () => true,
        () => false,
      );
    }, 20_000);
    const bare = await ask();
    assert.equal(bare.status, 401);
    assert.match(bare.headers.get('www-authenticate'), /^Bearer/);
    const token = async (scope) => {
      const form = { grant_type: 'client_credentials', client_id: 'billing', client_secret: 'any', scope };
      const body = new URLSearchParams({ ...form, resource: AUDIENCE });
      return (await (await fetch(`${issuer}/token`, { method: 'POST', body })).json()).access_token;
    };
    assert.equal((await ask(await token('orders:read'))).status, 200);
    assert.equal((await ask(await token('orders:write'))).status, 403);
  },
};

const ROLES = { client: 'jeton-client', 'resource-server': 'jeton-resource-server' };

for (const [role, name] of Object.entries(ROLES)) {
  describe(role, () => {
    for (const language of languages) {
      describe(language, () => {
        describe('packed', () => {
          let about;

          test('installed into an empty project', { timeout: 300_000 }, async () => {
            about = await installed(language, name);
          });

          test('licences, types, README, and nothing that is ours alone', { timeout: 60_000 }, async () => {
            assert.ok(about, 'it is installed');
            const files = await LANGUAGES[language].list(about.file);
            for (const wanted of CONTENTS[language]) {
              assert.ok(
                files.some((file) => (wanted.startsWith('/') ? file.endsWith(wanted) : file === wanted)),
                `no ${wanted} among ${files.join(' ')}`,
              );
            }
            assert.deepEqual(
              files.filter((file) => STRAYS.test(file)),
              [],
            );
          });

          test("the README's programs", { timeout: 300_000 }, async (t) => {
            assert.ok(about, 'it is installed');
            const { project, programs } = about;
            assert.ok(programs.length > 0, `the README of ${name} has no program`);
            for (const [at, program] of programs.entries()) {
              await t.test(`program ${at + 1}`, (t) => PROGRAMS[name](t, language, project, program));
            }
          });
        });
      });
    }
  });
}
