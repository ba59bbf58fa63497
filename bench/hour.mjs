// What an hour of strangers leaves behind in `jeton serve`: 36,000 requests, ten a second compressed into as
// little time as they take, from as many addresses. Then the same process two hours later, where `faketime`
// is installed. Prints memory, rows and the size of the store.
//
//   cargo build --release -p jeton-cli && node bench/hour.mjs

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const binary = process.env.JETON_BIN ?? fileURLToPath(new URL('../target/release/jeton', import.meta.url));
const PORT = 9712;
const REQUESTS = 36_000;
const AT_ONCE = 32;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const random = () => Math.random().toString(36).slice(2);
const redirect_uri = 'https://app.test/cb';
const env = {
  JETON_ISSUER: `http://localhost:${PORT}`,
  JETON_SECRET: 'Kq3vX9mB2nL7pR4tY8wZ1cD6fG5hJ0sA9uE3iO7kM2x',
  JETON_LOGIN_URL: 'http://localhost:9711/login',
  JETON_TRUSTED_PROXIES: '127.0.0.1',
  JETON_CLIENTS: JSON.stringify([
    { client_id: 'spa', token_endpoint_auth_method: 'none', redirect_uris: [redirect_uri] },
    {
      client_id: 'tv',
      token_endpoint_auth_method: 'none',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    },
  ]),
};
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const authorization = `client_id=spa&response_type=code&redirect_uri=${encodeURIComponent(redirect_uri)}&code_challenge=${challenge}&code_challenge_method=S256`;
const KINDS = [
  () => ['POST', '/device_authorization', 'client_id=tv'],
  () => ['GET', `/authorize?${authorization}&state=${random()}`],
  () => ['POST', '/token', `grant_type=client_credentials&client_id=${random()}&client_secret=${random()}`],
  () => ['POST', '/token', `grant_type=refresh_token&client_id=spa&refresh_token=jrt_${random()}`],
  () => ['POST', '/token', `grant_type=authorization_code&client_id=spa&code=jac_${random()}`],
  () => ['POST', '/introspect', `token=${random()}`],
  () => ['GET', `/${random()}`],
  () => ['GET', `/device?user_code=${random()}`],
];
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

function ask([method, path, body], address) {
  return new Promise((resolve, reject) => {
    const form = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const outgoing = request(
      { host: '127.0.0.1', port: PORT, method, path, agent, headers: { ...form, 'x-forwarded-for': address } },
      (incoming) => incoming.resume().on('end', () => resolve(incoming.statusCode)),
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const folder = mkdtempSync(join(tmpdir(), 'hour-'));
const data = join(folder, 'jeton.db');

async function start(before = []) {
  const [command, ...args] = [...before, binary, 'serve', '--port', String(PORT), '--data', data];
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' });
  while (!(await ask(['GET', '/health'], '192.0.2.1').catch(() => false))) await sleep(20);
  return child;
}

function report(when, pid) {
  const count =
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*[f'{t} {c.execute(f\"SELECT count(*) FROM {t}\").fetchone()[0]}' for (t,) in c.execute(\"SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name\").fetchall()], sep=', ')";
  const rows = execFileSync('python3', ['-c', count, data]).toString().trim();
  const size = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  console.log(`${when}: ${resident.toFixed(1)} MB resident; ${rows}; ${(size / 1e6).toFixed(1)} MB on disk`);
}

const child = await start();
report('at first', child.pid);
const statuses = {};
for (let sent = 0; sent < REQUESTS; ) {
  const some = Array.from({ length: Math.min(AT_ONCE, REQUESTS - sent) }, (_, n) => {
    const number = sent + n;
    return ask(KINDS[number % KINDS.length](), `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`);
  });
  for (const status of await Promise.all(some)) statuses[status] = (statuses[status] ?? 0) + 1;
  sent += some.length;
  if (sent % 12_000 < AT_ONCE) report(`after ${sent}`, child.pid);
}
console.log(statuses);
report('after an hour', child.pid);
child.kill();
await new Promise((resolve) => child.once('close', resolve));
if (spawnSync('faketime', ['--version']).status === 0) {
  const later = await start(['faketime', '-f', '+2h']);
  await sleep(5000);
  const [pid] = execFileSync('pgrep', ['-f', `^${binary} serve --port ${PORT}`])
    .toString()
    .trim()
    .split('\n');
  report('two hours later', pid);
  process.kill(Number(pid));
  later.kill();
}
agent.destroy();
rmSync(folder, { recursive: true });
