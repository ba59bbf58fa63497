// `jeton mock` as a process of its own, on a free port that it names itself.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { BINARY } from '../../hosts/native.mjs';
import { send } from './http.mjs';
import { Issuer } from './issuer.mjs';

export { BINARY };

const FIRST_LINE = /^jeton mock: (\S+) on (https?:\/\/\S+)$/;

const folder = mkdtempSync(join(tmpdir(), 'jeton-mock-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;

/** A file with that text; its path. */
export function file(text, extension = 'toml') {
  files += 1;
  const path = join(folder, `config-${files}.${extension}`);
  writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text, null, 2));
  return path;
}

/** A configuration as arguments: an object becomes a JSON file, a text a TOML file. */
const configured = (config) =>
  config === undefined ? [] : ['--config', file(config, typeof config === 'string' ? 'toml' : 'json')];

/** Runs `jeton ARGS` until it ends, or until it has said where it listens. */
export function launch(args, { env = {}, cwd, within = 20_000 } = {}) {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not there: cargo build --profile suite -p jeton-cli`);
  const child = spawn(BINARY, args, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const lines = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${args.join(' ')}: neither listens nor ends:\n${lines.join('\n')}`));
    }, within);
    const ended = new Promise((done) =>
      child.once('close', (code, signal) => {
        children.delete(child);
        clearTimeout(timer);
        done(code ?? signal);
      }),
    );
    ended.then((code) => resolve({ code, text: lines.join('\n') }));
    createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const [, issuer, url] = FIRST_LINE.exec(line) ?? [];
      if (!url) return;
      clearTimeout(timer);
      resolve({ issuer, url, child, ended, lines });
    });
  });
}

/** Starts a mock; with `port` null it chooses by itself. It is stopped after the test `t`, else after the file. */
export async function start({ args = [], env, cwd, config, port = 0, t } = {}) {
  const started = await launch(
    ['mock', ...configured(config), ...(port === null ? [] : ['--port', String(port)]), ...args],
    { env, cwd },
  );
  if (!started.url) throw new Error(`jeton mock ended with ${started.code}:\n${started.text}`);
  const { child, ended, lines, issuer, url } = started;
  const mock = {
    /** The default issuer's identifier, as the first line has it. */
    issuer,
    /** Where the process is reached. */
    url: url.replace('//0.0.0.0:', '//127.0.0.1:'),
    port: Number(new URL(url).port),
    pid: child.pid,
    log: () => [...lines],
    at: (name = '') => new Issuer(mock, name),
    fresh(label = 'i') {
      count += 1;
      return new Issuer(mock, `${label}-${count}`);
    },
    send: (path, options) => send(`${mock.url}${path}`, options),
    issuers: async () => (await mock.send('/_mock/issuers')).json().issuers,
    names: async () => (await mock.issuers()).map((issuer) => issuer.name),
    async stop() {
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 3000);
      const code = await ended;
      clearTimeout(hard);
      return code;
    },
  };
  if (t) t.after(() => mock.stop());
  else after(() => mock.stop());
  return mock;
}

let count = 0;

/** What a mock that must not start said: `{ code, text }`. */
export async function refused({ args = [], env, config, command = 'mock' }) {
  const ended = await launch([command, ...configured(config), ...args], { env });
  if (ended.url === undefined) return ended;
  ended.child.kill('SIGKILL');
  throw new Error(`${command} started: ${ended.lines[0]}`);
}
