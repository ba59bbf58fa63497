// Each language's way from a package's folder to an empty project that has it.

import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = process.env.JETON_DRIVERS ?? fileURLToPath(new URL('../../../', import.meta.url));

/** What a program writes to stdout; rejects with all that it wrote. */
export async function run(program, args, options) {
  try {
    const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 64 << 20, ...options });
    return stdout;
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')}: ${error.message}\n${error.stdout}\n${error.stderr}`);
  }
}

const only = async (folder, end) => {
  const found = (await readdir(folder)).filter((name) => name.endsWith(end));
  if (found.length !== 1) throw new Error(`${folder} has ${found.length} *${end}`);
  return join(folder, found[0]);
};

/**
 * @typedef {{ folder: (name: string) => string, pack: (source: string, to: string, name: string) => Promise<string>,
 *   list: (file: string) => Promise<string[]>, init: (project: string, name: string) => Promise<void>,
 *   installs: RegExp, install: (project: string, words: string[]) => Promise<void>, fence: string,
 *   inPlace: (word: string, name: string, file: string) => string[],
 *   start: (project: string, program: string, port: number) => Promise<[string, string[]]> }} Language
 */

const js = {
  folder: (name) => `packages/js/${name}`,
  fence: 'js',
  installs: /^npm install /,
  async pack(source, to) {
    await run('npm', ['pack', '--pack-destination', to], { cwd: source });
    return only(to, '.tgz');
  },
  list: async (file) => (await run('tar', ['--list', '--file', file])).split('\n').map((name) => name.slice(8)),
  init: (project) => writeFile(join(project, 'package.json'), '{ "type": "module", "private": true }'),
  inPlace: (word, name, file) => [word === name ? file : word],
  install: (cwd, words) => run('npm', [...words.slice(1), '--no-audit', '--no-fund', '--prefer-offline'], { cwd }),
  async start(project, program, port) {
    await writeFile(join(project, 'program.mjs'), program);
    const named = [...program.matchAll(/^import .* from '([^'.]+)'/gm)].map(([, name]) => name);
    const others = named.filter((name) => !/^(node:|jeton-)/.test(name));
    if (others.length > 0) await this.install(project, ['npm', 'install', ...others]);
    if (!/^export default/m.test(program)) return [process.execPath, ['program.mjs']];
    await writeFile(join(project, 'serve.mjs'), SERVE.replaceAll('PORT', String(port)));
    return [process.execPath, ['serve.mjs']];
  },
};

/** What a runtime does with a module whose default export has `fetch`. */
const SERVE = `
  import { createServer } from 'node:http';
  import app from './program.mjs';
  createServer(async ({ method, url, headers }, outgoing) => {
    const response = await app.fetch(new Request(new URL(url, 'http://127.0.0.1:PORT'), { method, headers }));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
  }).listen(PORT, '127.0.0.1');
`;

const python = {
  folder: (name) => `packages/python/${name}`,
  fence: 'python',
  installs: /^pip install /,
  async pack(source, to) {
    const copy = join(to, 'source');
    await run('cp', ['-R', source, copy]);
    await run(PYTHON, ['-m', 'pip', 'wheel', '--quiet', '--no-deps', '--wheel-dir', to, copy]);
    return only(to, '.whl');
  },
  list: async (file) =>
    (await run(PYTHON, ['-c', `import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist(), sep="\\n")`, file]))
      .trim()
      .split('\n'),
  init: (project) => run(PYTHON, ['-m', 'venv', join(project, 'venv')]),
  inPlace(word, name, file) {
    const [, quote, extras] = new RegExp(`^(["']?)${name}(\\[[^\\]]*\\])?\\1$`).exec(word) ?? [];
    return [quote === undefined ? word.replaceAll(/["']/g, '') : `${file}${extras ?? ''}`];
  },
  install: (project, words) =>
    run(join(project, 'venv/bin/pip'), [...words.slice(1), '--quiet', '--disable-pip-version-check']),
  async start(project, program, port) {
    await writeFile(join(project, 'program.py'), program);
    const [, framework] = /^app = (FastAPI|Flask)\b/m.exec(program) ?? [];
    if (!framework) return ['venv/bin/python', ['program.py']];
    const [packages, args] = PYTHON_SERVERS[framework];
    await this.install(project, ['pip', 'install', ...packages]);
    return ['venv/bin/python', ['-m', ...args, '--port', String(port)]];
  },
};

/** How an application is served that does not say so itself. */
const PYTHON_SERVERS = {
  FastAPI: [
    ['fastapi', 'uvicorn'],
    ['uvicorn', 'program:app'],
  ],
  Flask: [['flask'], ['flask', '--app', 'program', 'run']],
};

const PYTHON = process.env.PYTHON ?? 'python3';

const rust = {
  folder: (name) => `crates/${name}`,
  fence: 'rust',
  installs: /^cargo add /,
  async pack(source, to, name) {
    const target = join(to, 'target');
    const args = ['package', '--package', name, '--no-verify', '--allow-dirty', '--target-dir', target];
    await run('cargo', args, { cwd: source });
    return only(join(target, 'package'), '.crate');
  },
  list: async (file) =>
    (await run('tar', ['--list', '--file', file])).split('\n').map((name) => name.replace(/^[^/]*\//, '')),
  async init(project, name) {
    await run('cargo', ['init', '--quiet', '--vcs', 'none', '--name', `uses-${name}`], { cwd: project });
    // Of the same versions, so that what was built already serves here too.
    await run('cp', [join(ROOT, 'Cargo.lock'), project]);
  },
  inPlace: (word, name, file) => (word === name ? ['--path', file.replace(/\.crate$/, '')] : [word]),
  async install(cwd, words) {
    const at = words.indexOf('--path');
    if (at >= 0) {
      const folder = words[at + 1];
      await run('tar', ['--extract', '--file', `${folder}.crate`, '--directory', join(folder, '..')]);
    }
    await run('cargo', [...words.slice(1), '--quiet'], { cwd });
  },
  async start(project, program) {
    await mkdir(join(project, 'src'), { recursive: true });
    await writeFile(join(project, 'src/main.rs'), program);
    const target = fileURLToPath(new URL('../../../target', import.meta.url));
    const [, name] = /name = "(.*)"/.exec(await readFile(join(project, 'Cargo.toml'), 'utf8'));
    // As the workspace builds what others wrote, so that most of it is built already; nobody debugs it here.
    const env = { ...process.env, CARGO_PROFILE_DEV_DEBUG: '0' };
    await run('cargo', ['build', '--quiet', '--target-dir', target], { cwd: project, env });
    return [join(target, 'debug', name), []];
  },
};

/** @type {Record<string, Language>} */
export const LANGUAGES = { rust, js, python };
