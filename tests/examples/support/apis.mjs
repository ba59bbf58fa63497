// The APIs of the examples, each on a port of its own, which is its identifier.

import { join } from 'node:path';
import { after } from 'node:test';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { freePort, go, node, python, rust, serve } from './programs.mjs';
import { workplace } from './workplace.mjs';

export const SCOPES = { 'orders:read': 'Read orders', 'orders:write': 'Write orders' };

const uvicorn = (port) => python('-m', 'uvicorn', 'fastapi_app:app', '--port', String(port), '--log-level', 'warning');
const flask = (port) => python('-m', 'flask', '--app', 'flask_app', 'run', '--port', String(port));

const COMMANDS = {
  'express.mjs': () => node('express.mjs'),
  'fastify.mjs': () => node('fastify.mjs'),
  'hono.mjs': () => node('hono.mjs'),
  'fastapi_app.py': uvicorn,
  'flask_app.py': flask,
  'rust/src/main.rs': () => rust('example-protect-an-api'),
  'go/main.go': (_port, folder) => go(join(folder, 'go')),
};

export const NAMES = [...Object.keys(COMMANDS), 'worker.mjs'];

const workers = [];
after(() => Promise.all(workers.map((worker) => worker.dispose())));

/** Ports for those of these names; the URL of an API is its identifier. */
export async function addresses(names = NAMES) {
  const urls = {};
  for (const name of names) urls[name] = `http://127.0.0.1:${await freePort()}`;
  return urls;
}

/** Starts those of these addresses as APIs of that issuer. */
export async function startApis(ISSUER, urls) {
  const folder = workplace('protect-an-api');
  await Promise.all(
    Object.entries(urls).map(async ([name, API]) => {
      const { port } = new URL(API);
      if (name === 'worker.mjs') return startWorker(folder, { ISSUER, API }, Number(port));
      const command = COMMANDS[name](port, folder);
      return serve(command, folder, { ISSUER, API, PORT: port });
    }),
  );
}

async function startWorker(folder, bindings, port) {
  const entryPoints = [join(folder, 'worker.mjs')];
  const { outputFiles } = await build({ entryPoints, bundle: true, format: 'esm', write: false });
  const worker = new Miniflare({
    modules: true,
    script: outputFiles[0].text,
    compatibilityDate: '2025-04-01',
    bindings,
    host: '127.0.0.1',
    port,
  });
  workers.push(worker);
  await worker.ready;
}
