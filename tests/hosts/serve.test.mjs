// What only a process of its own has: its connections, and a log that somebody has to read.

import './production.mjs';

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clients, environment } from '../suite/support/fixtures.mjs';
import { basic, FORM, send } from '../suite/support/http.mjs';
import { BINARY } from './native.mjs';

/** Fewer open files than the clients below want. */
const FILES = 100;
const CROWD = 100;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** `jeton serve` with so few files, whose standard output nobody reads unless `onLine` does. */
async function start(t, { env = {}, onLine } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'jeton-serve-'));
  const port = await freePort();
  const serve = [BINARY, 'serve', '--data', join(folder, 'jeton.db'), '--port', String(port)];
  const child = spawn('sh', ['-c', `ulimit -n ${FILES}; exec "$@"`, 'sh', ...serve], {
    env: { PATH: process.env.PATH, ...environment(env) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true });
  });
  let rest = '';
  if (onLine) {
    child.stdout.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop();
      for (const line of lines) onLine(JSON.parse(line));
    });
  } else {
    child.stdout.pause();
  }
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(20)) {
    if (await send(url, { path: '/health' }).catch(() => undefined)) return { child, exited, url, port };
  }
  throw new Error('no answer within 20 s');
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const token = (url) =>
  send(url, {
    method: 'POST',
    path: '/token',
    headers: { 'content-type': FORM, authorization: basic('m2m', clients.m2m.client_secret) },
    body: 'grant_type=client_credentials',
  });

/** Holds that health and a token are answered within a second each, on new connections. */
async function isServed(url) {
  for (const ask of [() => send(url, { path: '/health' }), () => token(url)]) {
    const begin = performance.now();
    const response = await ask();
    const took = performance.now() - begin;
    assert.equal(response.status, 200, response.text);
    assert.ok(took < 1000, `${Math.round(took)} ms`);
  }
}

/** Keeps a crowd of connections, each of which does what `abuse` says; a new one for each that ends. */
function crowd(t, port, abuse) {
  const sockets = new Set();
  let isOver = false;
  const open = () => {
    if (isOver) return;
    const socket = connect(port, '127.0.0.1');
    sockets.add(socket);
    socket.once('connect', () => abuse(socket));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      setTimeout(open, 20);
    });
  };
  for (let n = 0; n < CROWD; n += 1) open();
  t.after(() => {
    isOver = true;
    for (const socket of sockets) socket.destroy();
  });
}

const HEAD = `POST /token HTTP/1.1\r\nhost: x\r\ncontent-type: ${FORM}\r\n`;
const ABUSE = {
  'say nothing': () => undefined,
  'never end their headers': (socket) => socket.write(HEAD),
  'never end a body': (socket) => socket.write(`${HEAD}content-length: 60000\r\n\r\ngrant_type=`),
  'pipeline and never read': (socket) => {
    socket.pause();
    const more = () => {
      while (socket.write('GET /.well-known/openid-configuration HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(50)));
    };
    socket.on('drain', more);
    more();
  },
};

for (const [what, abuse] of Object.entries(ABUSE)) {
  test(`a hundred clients that ${what} keep nobody out`, async (t) => {
    const { url, port } = await start(t);
    crowd(t, port, abuse);
    await sleep(1000);
    for (let n = 0; n < 5; n += 1) {
      await isServed(url);
      await sleep(500);
    }
  });
}

test('a log that nobody reads holds up nothing, and says later what it lacks', async (t) => {
  const entries = [];
  const { child, url } = await start(t, { onLine: (entry) => entries.push(entry) });
  child.stdout.pause();
  const REQUESTS = 8000;
  for (let sent = 0; sent < REQUESTS; sent += 40) {
    await Promise.all(Array.from({ length: 40 }, () => send(url, { path: '/nothing' })));
  }
  await isServed(url);
  child.stdout.resume();
  await sleep(500);
  await send(url, { path: '/health' });
  await sleep(500);
  const lost = entries.map(({ message }) => Number(/^(\d+) lines of this log were dropped$/.exec(message)?.[1] ?? 0));
  const dropped = lost.reduce((sum, count) => sum + count, 0);
  const written = entries.filter(({ endpoint, status }) => endpoint === undefined && status === 404).length;
  assert.ok(dropped > 0, 'nothing was dropped');
  // Those of `isServed` may be among what was dropped.
  assert.ok(Math.abs(written + dropped - REQUESTS) <= 3, `${written} written, ${dropped} dropped`);
});

test('a log whose reader has gone ends nothing', async (t) => {
  const { child, url } = await start(t);
  child.stdout.destroy();
  for (let n = 0; n < 20; n += 1) await send(url, { path: '/nothing' });
  await isServed(url);
});

test('the last lines are written before the process ends', async (t) => {
  const entries = [];
  const { child, exited, url } = await start(t, { onLine: (entry) => entries.push(entry) });
  for (let n = 0; n < 50; n += 1) await send(url, { path: '/nothing' });
  const closed = new Promise((resolve) => child.stdout.once('close', resolve));
  child.kill('SIGTERM');
  assert.equal(await exited, 0);
  await closed;
  assert.equal(entries.filter(({ status }) => status === 404).length, 50);
});

test('a proxy that is trusted says who calls', async (t) => {
  const entries = [];
  const env = { JETON_TRUSTED_PROXIES: '127.0.0.0/8 10.0.0.0/8' };
  const { url } = await start(t, { env, onLine: (entry) => entries.push(entry) });
  await send(url, { path: '/nothing', headers: { 'x-forwarded-for': '203.0.113.9, 192.0.2.7, 10.1.2.3' } });
  await sleep(200);
  assert.equal(entries.find(({ status }) => status === 404).client_address, '192.0.2.7');
});
