// The example application, on a free port, as often as needed.

import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { createServer } from 'node:http';

// A package is found from where a file lies, and the examples lie where none are installed.
const folder = new URL('../../node_modules/.examples/', import.meta.url);
mkdirSync(folder, { recursive: true });
const copy = new URL(`${process.pid}.mjs`, folder);
copyFileSync(new URL('../../../examples/app.mjs', import.meta.url), copy);
renameSync(copy, new URL('app.mjs', folder));
const { application } = await import(new URL('app.mjs', folder));

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
