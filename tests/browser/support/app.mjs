// The example application, on a free port, as often as needed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// A package is found from where a file lies, and the examples lie where none are installed.
const folder = new URL('../../node_modules/.examples/', import.meta.url);
mkdirSync(folder, { recursive: true });
const copy = new URL(`${process.pid}.mjs`, folder);
copyFileSync(new URL('../../../examples/app.mjs', import.meta.url), copy);
const APPLICATION = new URL('app.mjs', folder);
renameSync(copy, APPLICATION);
const { application } = await import(APPLICATION);

/** Starts the application as a client of `issuer`; it ends with the test. */
export async function startApplication(t, options) {
  const server = createServer((request, response) => listener(request, response));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${server.address().port}`;
  const listener = application({ ...options, origin });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return origin;
}

/** Starts the example as its user would; it ends with the test. */
export async function runApplication(t, issuer) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  const child = spawn(process.execPath, [fileURLToPath(APPLICATION)], {
    env: { ...process.env, ISSUER: issuer, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill());
  const [said] = await once(createInterface({ input: child.stdout }), 'line');
  return /http:\S+/.exec(said)[0];
}
