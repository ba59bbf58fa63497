// A deployment as a real client library meets it: its issuer is the address it answers at, and
// people log in through the sample login application.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { record } from './record.mjs';
import { startFor } from './target.mjs';

const LOGIN = fileURLToPath(new URL('../../../examples/login.mjs', import.meta.url));
const SECRET = 'jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy';

/**
 * Listens on a free port and passes everything on to `target.url`, once that is known: what is beneath the path
 * `strips` without it, what is in front of an issuer's path as it is, and nothing else where it strips.
 */
async function front(t, strips) {
  const target = {};
  const server = createServer((incoming, outgoing) => {
    const { hostname, port } = new URL(target.url);
    const isBeneath = incoming.url.startsWith(`${strips}/`);
    if (!isBeneath && !incoming.url.startsWith('/.well-known/')) return outgoing.writeHead(404).end('not of Jeton');
    const path = isBeneath ? incoming.url.slice(strips.length) : incoming.url;
    const onward = request(
      { hostname, port, path, method: incoming.method, headers: incoming.headers, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(outgoing);
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          record(
            { method: incoming.method, path: incoming.url },
            { status: answer.statusCode, headers: answer.headers, text },
          );
        });
      },
    );
    onward.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { target, url: `http://127.0.0.1:${server.address().port}` };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A host with these clients, and the login application beside it. A proxy in front of it strips the issuer's path. */
export async function deployment(t, clients, variables = {}, { strips = '' } = {}) {
  const { target, url: origin } = await front(t, strips);
  const url = `${origin}${strips}`;
  const port = await freePort();
  const child = spawn(process.execPath, [LOGIN], {
    env: { JETON: url, LOGIN_CLIENT_ID: 'login', LOGIN_CLIENT_SECRET: SECRET, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill());
  await once(child.stdout, 'data');
  const login = { client_id: 'login', client_secret: SECRET, grant_types: [], login: true };
  const host = await startFor(t, {
    changes: {
      JETON_ISSUER: url,
      JETON_LOGIN_URL: `http://localhost:${port}/login`,
      JETON_LOGOUT_URL: `http://localhost:${port}/logout`,
      clients: [login, ...clients],
      ...(strips && { JETON_PROXY_STRIPS: strips }),
      ...variables,
    },
  });
  target.url = host.url;
  return url;
}
