// The two hosts that listen themselves: one process each, on a free port.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
export const BINARY = process.env.JETON_BIN ?? `${REPOSITORY}target/suite/jeton`;

const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts `jeton COMMAND ARGS` and waits until `/health` answers. Rejects with what it printed. */
export async function launch(name, args, env) {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not there: cargo build --profile suite -p jeton-cli`);
  const port = await freePort();
  const child = spawn(BINARY, [...args, '--port', String(port)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const exited = new Promise((resolve) =>
    child.once('close', (code, signal) => {
      children.delete(child);
      resolve(code ?? signal);
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (!children.has(child)) return true;
    return (await fetch(`${url}${pathOf(env)}/health`)).ok;
  });
  if (!children.has(child)) throw new Error(`${name} ended with ${await exited}:\n${lines.join('\n')}`);
  return {
    name,
    url,
    log: () => [...lines],
    async stop() {
      child.kill('SIGTERM');
      return exited;
    },
    /** Ends at once, whatever it is doing. */
    async kill() {
      child.kill('SIGKILL');
      return exited;
    },
  };
}

/** The path of the issuer, without what a proxy would have taken off it. */
function pathOf({ JETON_ISSUER: issuer, JETON_PROXY_STRIPS: stripped = '' }) {
  const path = issuer ? new URL(issuer).pathname : '';
  return path.replace(/\/$/, '').slice(stripped.length);
}

async function until(condition) {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    if (await condition().catch(() => false)) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('no answer within 20 s');
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
