// The Lambda host: the real binary in N execution environments, behind a real gateway's events,
// on Amazon's DynamoDB Local.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { call, createTable, endpoint } from './aws-dynamodb.mjs';
import { alb, functionUrl, httpApi, listen } from './aws-gateway.mjs';
import { fleet } from './aws-runtime.mjs';
import { properties } from './aws-template.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const GATEWAYS = { 'http-api': httpApi, 'function-url': functionUrl, alb };
/** The discard port: nobody listens. */
const NOBODY = 'http://127.0.0.1:9';

/**
 * @param {object} options
 * @param {Record<string, string>} options.env the function's own variables, exactly
 * @param {'ok'|'broken'|'silent'|'slow'} options.store `broken`: an endpoint nobody listens on; `silent`:
 *   one that takes requests and never answers; `slow`: one that takes as long as the host's `slow` was told
 * @param {'http-api'|'function-url'|'alb'} options.gateway
 * @param {boolean} options.multiValueHeaders of an `alb`: its target group's attribute
 * @param {number} options.instances how many requests are served at the same time
 *
 * Rejects with what the function printed when it refuses to start.
 */
export async function start({
  env = {},
  store = 'ok',
  gateway = 'http-api',
  multiValueHeaders = false,
  instances = 2,
} = {}) {
  const binary = process.env.JETON_LAMBDA_BIN ?? `${REPOSITORY}target/suite/jeton-lambda`;
  if (!existsSync(binary)) throw new Error(`${binary} is not there: cargo build --profile suite -p jeton-lambda`);
  if (!(gateway in GATEWAYS)) throw new Error(`no gateway '${gateway}': one of ${Object.keys(GATEWAYS).join(', ')}`);

  const table = `jeton-${randomUUID()}`;
  const behind =
    store === 'silent' ? await listenSilently() : store === 'slow' ? await proxy(await endpoint()) : undefined;
  if (store === 'ok' || store === 'slow') await createTable(table);

  const lines = [];
  const environments = await fleet({
    binary,
    cwd: REPOSITORY,
    env: {
      JETON_TABLE: table,
      AWS_ENDPOINT_URL_DYNAMODB: behind?.url ?? (store === 'ok' ? await endpoint() : NOBODY),
      ...env,
    },
    instances,
    timeoutSeconds: Number(properties('Function').Timeout),
    onLine: (line) => lines.push(line),
  }).catch((error) => {
    behind?.close();
    throw error;
  });
  const front = await listen(GATEWAYS[gateway]({ multiValueHeaders }), environments.invoke);

  return {
    name: 'lambda',
    url: front.url,
    log: () => [...lines],
    putClient: (record) => putClient(table, record),
    slow: (delays) => behind.slow(delays),
    crash: () => environments.crash(),
    removeClient: (id) => call('DeleteItem', { TableName: table, Key: { pk: { S: 'client' }, sk: { S: id } } }),
    /** Any event at all, past the gateway: `{ payload: string }` or `{ error }`. */
    invoke: (event) => environments.invoke(typeof event === 'string' ? event : JSON.stringify(event)),
    async stop() {
      await front.close();
      await environments.stop();
      behind?.close();
    },
  };
}

/** Writes a client by hand, past all checks: `aws dynamodb put-item …`. */
export async function putClient(table, record) {
  await call('PutItem', {
    TableName: table,
    Item: { pk: { S: 'client' }, sk: { S: record.client_id }, record: { S: JSON.stringify(record) } },
  });
}

async function listenSilently() {
  const sockets = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** What DynamoDB answers when it is asked for too much. */
const THROTTLED = [
  'HTTP/1.1 400 Bad Request',
  'content-type: application/x-amz-json-1.0',
  'content-length: 98',
  '',
  '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"-"}',
];

/**
 * A proxy that holds back what it hands on, in milliseconds: `taking` there, `answering` back; or that
 * refuses everything, as a throttled table does.
 */
async function proxy(address) {
  const { hostname, port } = new URL(address);
  const sockets = new Set();
  let delays = { taking: 0, answering: 0 };
  let refusing = false;
  const handOn = (from, to, delay) => {
    sockets.add(from.on('error', () => undefined));
    from.on('data', (bytes) => refusing || setTimeout(() => to.destroyed || to.write(bytes), delays[delay]));
    // Whoever gives a request up closes its connection: what is still held back then never comes.
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    const table = connect(Number(port), hostname);
    client.on('data', () => refusing && client.write(THROTTLED.join('\r\n')));
    handOn(client, table, 'taking');
    handOn(table, client, 'answering');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    slow(told) {
      delays = { taking: 0, answering: 0, ...told };
      refusing = told.refusing ?? false;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
