// What many clients cost beside 100, on `jeton serve` with SQLite and on the Lambda function with DynamoDB Local.
// Two processes of each, asked in turn: for tokens of clients that were never asked for (cold) and of one that
// was (warm), for a client by its id, and for all of them by pages.
//
//   cargo build --release -p jeton-cli -p jeton-lambda && node bench/clients.mjs [clients]

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [many = 100_000] = process.argv.slice(2).map(Number);
const FEW = 100;
/** How often each thing is asked for. Colder than all of the few clients nothing can be. */
const TIMES = FEW;
const built = (name) => fileURLToPath(new URL(`../target/release/${name}`, import.meta.url));
const binary = process.env.JETON_BIN ?? built('jeton');
process.env.JETON_LAMBDA_BIN ??= built('jeton-lambda');
const { start: startLambda } = await import('../tests/hosts/lambda.mjs');
const { freePort } = await import('../tests/hosts/native.mjs');

const SECRET = 'jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy';
const sha256 = createHash('sha256').update(SECRET).digest('base64url');
const env = {
  JETON_ISSUER: 'https://issuer.example',
  JETON_SECRET: 'Kq3vX9mB2nL7pR4tY8wZ1cD6fG5hJ0sA9uE3iO7kM2x',
  JETON_CLIENTS: JSON.stringify([
    { client_id: 'manager', client_secret: SECRET, grant_types: ['client_credentials'], scope: 'jeton:clients' },
  ]),
};
const idOf = (number) => `jc-${createHash('sha256').update(String(number)).digest('base64url').slice(0, 22)}`;
const recordOf = (number) => ({
  client_id: idOf(number),
  client_secrets: [{ sha256, created_at: 1_800_000_000 }],
  client_name: `Machine ${number}`,
  grant_types: ['client_credentials'],
  scope: 'read write',
  audiences: ['https://api.example'],
});
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** `jeton serve` on a file with so many clients, written past it: one process, one commit. */
async function serve(clients) {
  const folder = mkdtempSync(join(tmpdir(), 'jeton-clients-'));
  const data = join(folder, 'jeton.db');
  const port = await freePort();
  const launch = async () => {
    const child = spawn(binary, ['serve', '--data', data, '--port', String(port)], { env, stdio: 'ignore' });
    const answers = async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok;
    while (!(await answers().catch(() => false))) await sleep(10);
    return child;
  };
  const end = async (child) => {
    child.kill('SIGTERM');
    await once(child, 'close');
  };
  await end(await launch());
  const fill = [
    'import json, sqlite3, sys',
    'c = sqlite3.connect(sys.argv[1])',
    'rows = ((json.loads(line)["client_id"], line.rstrip()) for line in sys.stdin)',
    "c.executemany(\"INSERT INTO document (realm, kind, name, record) VALUES ('', 'client', ?, ?)\", rows)",
    'c.commit()',
    'c.execute("PRAGMA wal_checkpoint(TRUNCATE)")',
  ];
  const input = Array.from({ length: clients }, (_, number) => JSON.stringify(recordOf(number))).join('\n');
  execFileSync('python3', ['-c', fill.join('\n'), data], { input });
  const child = await launch();
  return {
    url: `http://127.0.0.1:${port}`,
    clients,
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024,
    size: () => statSync(data).size / 2 ** 20,
    async stop() {
      await end(child);
      rmSync(folder, { recursive: true });
    },
  };
}

/** The function on a table with so many clients. */
async function lambda(clients) {
  const host = await startLambda({ env, instances: 1 });
  let next = 0;
  const put = async () => {
    while (next < clients) await host.putClient(recordOf(next++));
  };
  await Promise.all(Array.from({ length: 16 }, put));
  return { url: host.url, clients, stop: () => host.stop() };
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** The body of a good answer, and how long it took in milliseconds. */
function ask(host, method, path, headers, body) {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(`${host.url}${path}`, { method, agent, headers }, (incoming) => {
      const chunks = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('end', () => {
        const took = performance.now() - begin;
        const text = Buffer.concat(chunks).toString();
        if (incoming.statusCode !== 200) return reject(new Error(`${method} ${path}: ${incoming.statusCode} ${text}`));
        resolve({ took, body: JSON.parse(text) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const token = (host, client_id) =>
  ask(
    host,
    'POST',
    '/token',
    {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${client_id}:${SECRET}`).toString('base64')}`,
    },
    'grant_type=client_credentials',
  );

async function measure(host) {
  const { body } = await token(host, 'manager');
  host.headers = { authorization: `Bearer ${body.access_token}` };
  host.took = { 'a token, cold': [], 'a token, warm': [], 'a client by its id': [], 'a page': [] };
  host.after = '';
  host.listed = 0;
}

/** Asks both hosts in turn, so that whatever else the machine does is shared. */
async function compare(few, lots) {
  const hosts = [few, lots];
  for (const host of hosts) await measure(host);
  const note = async (host, what, asked) => {
    const { took, body } = await asked;
    host.took[what].push(took);
    return body;
  };
  const stride = Math.floor(lots.clients / TIMES);
  for (let time = 0; time < TIMES; time++) {
    for (const host of hosts) {
      const number = host === few ? time : time * stride;
      await note(host, 'a token, cold', token(host, idOf(number)));
      await note(host, 'a token, warm', token(host, idOf(0)));
      await note(host, 'a client by its id', ask(host, 'GET', `/manage/clients/${idOf(number)}`, host.headers));
    }
  }
  while (lots.after !== undefined) {
    for (const host of hosts) {
      const query = host.after ? `?after=${encodeURIComponent(host.after)}` : '';
      const page = await note(host, 'a page', ask(host, 'GET', `/manage/clients${query}`, host.headers));
      host.listed += page.items.length;
      host.after = page.next;
      // The few are listed again and again; a page at their end has fewer.
      if (host === few && page.next === undefined) host.after = '';
    }
  }
  if (lots.listed !== lots.clients) throw new Error(`${lots.listed} clients were listed of ${lots.clients}`);
}

const rounded = (number) => Number(number.toPrecision(3));

for (const [name, start] of Object.entries({ 'serve, SQLite': serve, 'Lambda, DynamoDB Local': lambda })) {
  const few = await start(FEW);
  const lots = await start(many);
  await compare(few, lots);
  console.log(`${name}: ${many} clients beside ${FEW}`);
  for (const [what, values] of Object.entries(lots.took)) {
    const [a, b] = [median(few.took[what]), median(values)];
    console.log(`  ${what}: ${rounded(b)} ms, ${rounded(b / a)} times as long (median of ${values.length})`);
  }
  const pages = lots.took['a page'].length;
  console.log(`  all of them: ${pages} pages`);
  if (lots.memory) {
    console.log(
      `  memory ${rounded(lots.memory())} MB beside ${rounded(few.memory())}, file ${rounded(lots.size())} MB`,
    );
  }
  await few.stop();
  await lots.stop();
}
agent.destroy();
