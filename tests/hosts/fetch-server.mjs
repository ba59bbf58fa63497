// A server that does what the path of a request tells it: the other side of the contract of `Fetch`,
// whose steps are described at `fetch` in crates/jeton-contracts.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

/** @returns {Promise<{ origin: string, close: () => void }>} */
export async function listen() {
  let connections = 0;
  const sockets = new Set();
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Who has heard enough hangs up.
    socket.on('error', () => socket.destroy());
    answer(socket, () => connections).finally(() => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function answer(socket, connections) {
  const request = await read(socket);
  const script = request.slice(request.indexOf('/') + 1).split(' ', 1)[0];
  for (const [step, ...of] of JSON.parse(Buffer.from(script, 'base64url'))) {
    if (socket.destroyed) return;
    await STEPS[step](socket, { of, request, connections });
  }
}

const STEPS = {
  send: (socket, { of: [text] }) => send(socket, text),
  async repeat(socket, { of: [text, times, pause] }) {
    for (let time = 0; time < times && !socket.destroyed; time += 1) {
      if (pause > 0) await wait(pause);
      await send(socket, text);
    }
  },
  wait: (_, { of: [milliseconds] }) => wait(milliseconds, undefined, { ref: false }),
  spaces: (socket, { of: [count] }) => send(socket, gzipSync(Buffer.alloc(count, ' '))),
  echo: (socket, { request }) => send(socket, whole(request)),
  count: (socket, { connections }) => send(socket, whole(String(connections()))),
};

function whole(body) {
  const head = `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}`;
  return `${head}\r\n\r\n${body}`;
}

const send = (socket, data) => new Promise((resolve) => socket.write(data, () => resolve()));

/** The request, whole. */
async function read(socket) {
  let request = '';
  while (true) {
    const [part] = await once(socket, 'data');
    request += part;
    const end = request.indexOf('\r\n\r\n');
    if (end < 0) continue;
    const [, length = '0'] = request.slice(0, end).match(/\r\ncontent-length: (\d+)/i) ?? [];
    if (request.length - end - 4 >= Number(length)) return request;
  }
}
