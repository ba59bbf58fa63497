// A server of somebody else’s that says whatever a row tells it to.

import { once } from 'node:events';
import { createServer } from 'node:http';

/** Listens until the test ends. `answers` are functions of the request by path, for `*` where none has it. */
export async function stranger(t, answers) {
  const requests = [];
  const sockets = new Set();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { pathname } = new URL(request.url, 'http://stranger');
    requests.push({ method: request.method, path: pathname, headers: request.headers, body });
    const answer = answers[pathname] ?? answers['*'] ?? (() => ({ status: 404 }));
    const said = await answer({ url: `http://127.0.0.1:${server.address().port}`, request, body });
    if (said === undefined) return;
    const { status = 200, headers = {}, json, text = json === undefined ? '' : JSON.stringify(json) } = said;
    response.writeHead(status, { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers });
    response.end(text);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  t.after(stop);
  return { url: `http://127.0.0.1:${server.address().port}`, requests, stop };
}
