// The libraries as they are judged: a program for each language and role, which does what it is told by lines of
// JSON. ../README.md has the protocol.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { holdsNoSecret } from './secrets.mjs';

const HERE = fileURLToPath(new URL('../../../', import.meta.url));
/** The checkout whose drivers are judged. */
const ROOT = process.env.JETON_DRIVERS ? `${process.env.JETON_DRIVERS.replace(/\/$/, '')}/` : HERE;
/** Longer than anything that a row waits for. */
const LIMIT = 120_000;

const firstOf = (...paths) => paths.find((path) => existsSync(path)) ?? paths[0];

const python = () => {
  const own = ['', HERE].map((root) => `${root || ROOT}target/tools/python/bin/python`);
  return process.env.PYTHON ?? own.find((path) => existsSync(path)) ?? 'python3';
};

/** How each language's driver of a role is started: `client` or `resource-server`. */
const COMMANDS = {
  rust: (role) => [firstOf(`${ROOT}target/debug/jeton-${role}-driver`, `${ROOT}target/suite/jeton-${role}-driver`)],
  js: (role) => [process.execPath, `${ROOT}tests/libraries/drivers/js-${role}.mjs`],
  python: (role) => [python(), `${ROOT}tests/libraries/drivers/python_${role.replace('-', '_')}.py`],
};

/** The languages that are judged: all, or those of `JETON_LIBRARY`. */
export const languages = (process.env.JETON_LIBRARY ?? Object.keys(COMMANDS).join()).split(',');
for (const language of languages) assert.ok(language in COMMANDS, `JETON_LIBRARY=${language}: rust, js or python`);

/** What a library says is wrong. */
export class LibraryError extends Error {
  constructor(op, { fault, code, message, ...more }) {
    super(`${op}: ${fault}/${code}: ${message}`);
    Object.assign(this, { fault, code, said: String(message), ...more });
  }
}

const drivers = new Set();
process.on('exit', () => {
  for (const driver of drivers) driver.kill();
});

export class Driver {
  #process;
  #waiting = new Map();
  #last = 0;
  #errors = '';
  #ended;

  /** @param {Record<string, string>} env besides what every process has */
  constructor(language, role, env = {}) {
    this.language = language;
    this.role = role;
    const [program, ...args] = COMMANDS[language](role);
    this.#process = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    drivers.add(this);
    this.#process.stderr.on('data', (text) => {
      this.#errors = `${this.#errors}${text}`.slice(-20_000);
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#receive(line));
    // A request to a process that has ended fails by its end.
    this.#process.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      const end = (how) => {
        drivers.delete(this);
        resolve();
        this.#end(new Error(`the ${language} driver of the ${role} ended (${how}): ${this.#errors.slice(-2000)}`));
      };
      this.#process.once('error', (error) => end(error.message));
      this.#process.once('close', (code, signal) => end(code ?? signal));
    });
  }

  /** The answer of an operation; rejects with a `LibraryError`. */
  ask(op, options = {}) {
    if (!drivers.has(this)) return Promise.reject(new Error(`the driver has ended: ${this.#errors.slice(-2000)}`));
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${op}: no answer of the ${this.language} driver within ${LIMIT / 1000} s`));
      }, LIMIT);
      this.#waiting.set(id, { op, resolve, reject, timer });
      this.#process.stdin.write(`${JSON.stringify({ id, op, ...options })}\n`);
    });
  }

  /** A name that no other object of the driver has. */
  fresh(kind) {
    this.#last += 1;
    return `${kind}-${this.#last}`;
  }

  #receive(line) {
    let answer;
    try {
      answer = JSON.parse(line);
    } catch {
      return this.#end(new Error(`the ${this.language} driver wrote what is no JSON: ${line.slice(0, 200)}`));
    }
    const { resolve, reject, op, timer } = this.#waiting.get(answer.id) ?? {};
    if (!resolve) return;
    this.#waiting.delete(answer.id);
    clearTimeout(timer);
    if (answer.error === undefined) return resolve(answer.ok);
    try {
      holdsNoSecret(line, `an error of ${op}`);
      reject(new LibraryError(op, answer.error));
    } catch (error) {
      reject(error);
    }
  }

  #end(error) {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }

  kill() {
    this.#process.kill('SIGKILL');
  }

  /** Ends it as a program ends, and holds that it has logged no secret. */
  async stop() {
    this.#process.stdin.end();
    const timer = setTimeout(() => this.kill(), 5_000);
    await this.#ended;
    clearTimeout(timer);
    holdsNoSecret(this.#errors, `what the ${this.language} driver logged`);
  }
}
