// What strangers do to `jeton serve`, one thing at a time and then all of it together, while a health
// check and a client ask for an answer on new connections. Fails if one of these takes a second.
//
//   cargo build --release -p jeton-cli && node bench/strangers.mjs [seconds]

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [seconds = 15] = process.argv.slice(2).map(Number);
const binary = process.env.JETON_BIN ?? fileURLToPath(new URL('../target/release/jeton', import.meta.url));
const PORT = 9710;
const CLIENTS = 100;
/** The most open files of the process: fewer than the hostile clients want. */
const FILES = 100;
const LIMIT_MS = 1000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const secret = 'Kq3vX9mB2nL7pR4tY8wZ1cD6fG5hJ0sA9uE3iO7kM2x';
const client_secret = 'wR7tY2uI9oP4aS6dF1gH8jK3lZ5xC0vB-nM4qW2eT6y';
const redirect_uri = 'https://app.test/cb';
const env = {
  JETON_ISSUER: `http://localhost:${PORT}`,
  JETON_SECRET: secret,
  JETON_LOGIN_URL: 'http://localhost:9711/login',
  JETON_CLIENTS: JSON.stringify([
    { client_id: 'm2m', client_secret, grant_types: ['client_credentials'] },
    { client_id: 'spa', token_endpoint_auth_method: 'none', redirect_uris: [redirect_uri] },
  ]),
};

/** Keeps `CLIENTS` connections open that each do what `abuse` says; a new one for each that is closed. */
function crowd(abuse) {
  const sockets = new Set();
  let over = false;
  const open = () => {
    if (over) return;
    const socket = connect(PORT, '127.0.0.1');
    sockets.add(socket);
    socket.once('connect', () => abuse(socket));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      setTimeout(open, 20);
    });
  };
  for (let n = 0; n < CLIENTS; n += 1) open();
  return () => {
    over = true;
    for (const socket of sockets) socket.destroy();
  };
}

/** Sends `text` a byte a second. */
const drip = (socket, text) => {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length]), 1000);
  socket.once('close', () => clearInterval(timer));
};

const head = (path, length) =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${length}\r\n`;

/** The largest form there may be, made of a scope of many different tokens and their repeats. */
const lists = (() => {
  const distinct = Array.from({ length: 1000 }, (_, n) => `t${n}`).join(' ');
  const query = `client_id=spa&response_type=code&redirect_uri=${encodeURIComponent(redirect_uri)}&code_challenge_method=S256&code_challenge=${'a'.repeat(43)}&scope=`;
  const room = 64 * 1024 - query.length - distinct.length;
  return query + (distinct + ' t999'.repeat(room / 5)).replaceAll(' ', '+').slice(0, 64 * 1024 - query.length);
})();

const shapes = {
  'connections that say nothing': () => crowd(() => undefined),
  'clients that pipeline and never read': () =>
    crowd((socket) => {
      socket.pause();
      const more = () => {
        while (socket.write('GET /.well-known/openid-configuration HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(50)));
      };
      socket.on('drain', more);
      more();
    }),
  'headers that never end': () =>
    crowd((socket) => {
      socket.write('POST /token HTTP/1.1\r\nhost: x\r\n');
      drip(socket, 'x-a: b\r\n');
    }),
  'bodies that never end': () =>
    crowd((socket) => {
      socket.write(`${head('/token', 60_000)}\r\n`);
      drip(socket, 'grant_type=client_credentials&');
    }),
  'lists of 64 kB': () => {
    let over = false;
    const worker = async () => {
      while (!over) await ask('POST', '/authorize', lists).catch(() => sleep(50));
    };
    for (let n = 0; n < 4; n += 1) worker();
    return () => {
      over = true;
    };
  },
  'a log that nobody reads': (child) => {
    child.stdout.pause();
    let over = false;
    const worker = async () => {
      // Each is a line, and a pipe holds 64 kB.
      while (!over) await ask('GET', '/nothing').catch(() => sleep(50));
    };
    worker();
    return () => {
      over = true;
      child.stdout.resume();
    };
  },
};

function ask(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const form = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const outgoing = request(
      { host: '127.0.0.1', port: PORT, method, path, agent: false, timeout: 5000, headers: { ...form, ...headers } },
      (incoming) => {
        let text = '';
        incoming.on('data', (chunk) => (text += chunk));
        incoming.on('end', () => resolve({ status: incoming.statusCode, text }));
        incoming.on('error', reject);
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in five seconds')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const authorization = `Basic ${Buffer.from(`m2m:${client_secret}`).toString('base64')}`;
const probes = {
  health: () => ask('GET', '/health'),
  token: () => ask('POST', '/token', 'grant_type=client_credentials', { authorization }),
};

/** Asks for as long as told; the longest answer, in milliseconds, and how many failed. */
async function probe(name, until) {
  const figures = { answers: 0, failed: 0, longest: 0, why: '' };
  while (performance.now() < until) {
    const began = performance.now();
    try {
      const { status, text } = await probes[name]();
      if (status !== 200) throw new Error(`${status} ${text}`);
      figures.answers += 1;
    } catch (error) {
      figures.failed += 1;
      figures.why ||= error.message;
    }
    figures.longest = Math.max(figures.longest, performance.now() - began);
    await sleep(100);
  }
  return figures;
}

const folder = mkdtempSync(join(tmpdir(), 'strangers-'));
let failed = false;
for (const names of [[], ...Object.keys(shapes).map((name) => [name]), Object.keys(shapes)]) {
  const child = spawn(
    'sh',
    ['-c', `ulimit -n ${FILES}; exec "$0" "$@"`, binary, 'serve', '--port', PORT, '--data', join(folder, 'jeton.db')],
    {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  child.stdout.resume();
  while (
    !(await probes.health().then(
      () => true,
      () => false,
    ))
  )
    await sleep(50);
  const stops = names.map((name) => shapes[name](child));
  await sleep(500);
  const until = performance.now() + seconds * 1000;
  const [health, token] = await Promise.all([probe('health', until), probe('token', until)]);
  const resident = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024;
  for (const stop of stops) stop();
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
  const title = names.length === 0 ? 'nobody' : names.length === 1 ? names[0] : 'all of them together';
  const figure = ({ answers, failed: lost, longest, why }) =>
    `${answers} answers, longest ${Math.round(longest)} ms${lost ? `, ${lost} FAILED (${why})` : ''}`;
  console.log(`${title}: health ${figure(health)}; token ${figure(token)}; at most ${resident.toFixed(1)} MB`);
  failed ||= [health, token].some(({ failed: lost, longest }) => lost > 0 || longest > LIMIT_MS);
}
rmSync(folder, { recursive: true });
process.exitCode = failed ? 1 : 0;
