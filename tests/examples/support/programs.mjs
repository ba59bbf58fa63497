// Examples as processes: each is told everything by its environment, which has nothing else.

import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after } from 'node:test';
import { PYTHON, PYTHONPATH, REPOSITORY } from './workplace.mjs';

export const DEBIAN_GO = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '-buildvcs=false' };
const LIMIT = 60_000;

export const node = (file, ...more) => [process.execPath, file, ...more];
export const python = (...more) => [PYTHON, ...more];
/** Built by `cargo build -p NAME`. */
export const rust = (name) => [join(process.env.CARGO_TARGET_DIR ?? join(REPOSITORY, 'target'), 'debug', name)];

/** Builds a Go program with Debian's packages. */
export function go(folder) {
  const program = join(folder, 'program');
  const environment = { PATH: process.env.PATH, HOME: folder, ...DEBIAN_GO };
  const built = spawnSync('go', ['build', '-o', program, 'main.go'], {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`go build: ${built.error ?? built.stderr}`);
  return [program];
}

const started = new Set();
after(() => {
  for (const kill of started) kill();
});

/** Starts one that ends by itself. `says` waits for what it says, `ended` for its exit code and all it said. */
export function start(command, folder, environment) {
  const program = begin(command, folder, environment);
  const timer = setTimeout(program.kill, LIMIT);
  const stopped = () => clearTimeout(timer);
  program.ended.then(stopped, stopped);
  return program;
}

/** Starts one that goes on until it is killed, with all that it started. */
export function begin([program, ...args], folder, environment) {
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, PYTHONPATH, PYTHONDONTWRITEBYTECODE: '1', ...environment },
    // A stdin that stays open: esbuild's server ends with it.
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const kill = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
  started.add(kill);
  const said = { out: '', err: '', waiting: [] };
  const heard = (where) => (chunk) => {
    said[where] += chunk;
    for (const look of said.waiting) look();
  };
  child.stdout.setEncoding('utf8').on('data', heard('out'));
  child.stderr.setEncoding('utf8').on('data', heard('err'));
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      started.delete(kill);
      resolve({ code: code ?? signal, out: said.out, err: said.err });
    });
  });
  return {
    ended,
    kill,
    /** Waits until it has said that; the match. */
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(said.out + said.err);
          if (match) resolve(match);
        };
        said.waiting.push(look);
        look();
        ended.then(({ code }) => reject(new Error(`it ended with ${code}: ${said.out}${said.err}`)), reject);
      }),
  };
}

/** Starts a server, and waits until it answers. */
export async function serve(command, folder, environment, port = environment.PORT) {
  const program = begin(command, folder, environment);
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
  const died = program.ended.then(({ code, out, err }) => {
    throw new Error(`it ended with ${code}: ${out}${err}`);
  });
  died.catch(() => {});
  while (!(await Promise.race([answers(), died]))) await new Promise((resolve) => setTimeout(resolve, 50));
  return program;
}

/** A port that nobody has. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
