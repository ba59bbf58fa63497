// The first token of a fresh Lambda process, from its spawn to its answer to the Runtime API: without
// a table, with one that is not asked, and with a client read from DynamoDB Local, beside a bare
// `lambda_http` function that makes one ES256 signature.
//
//   cargo build --release -p jeton-lambda -p bench-lambda && node bench/lambda/first.mjs [rounds] [folder of the binaries]

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTable, endpoint } from '../../tests/hosts/aws-dynamodb.mjs';
import { httpApi } from '../../tests/hosts/aws-gateway.mjs';
import { fleet } from '../../tests/hosts/aws-runtime.mjs';
import { putClient } from '../../tests/hosts/lambda.mjs';
import { turns } from '../turns.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [rounds = 25, folder = `${root}target/release`] = process.argv.slice(2);

const SECRET = 'jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy';
const client = {
  client_id: 'bench',
  grant_types: ['client_credentials'],
  scope: 'read write',
  audiences: ['https://api.example'],
};
const TABLE = 'bench';
await createTable(TABLE);
await putClient(TABLE, {
  ...client,
  client_secrets: [{ sha256: createHash('sha256').update(SECRET).digest('base64url'), created_at: 1795254449 }],
});

const jeton = {
  JETON_ISSUER: 'https://issuer.example',
  JETON_SECRET: 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj',
};
const configured = { ...jeton, JETON_CLIENTS: JSON.stringify([{ ...client, client_secret: SECRET }]) };
const table = { JETON_TABLE: TABLE, AWS_ENDPOINT_URL_DYNAMODB: await endpoint() };
const subjects = {
  lambda: { binary: 'jeton-lambda', env: configured },
  'lambda with a table': { binary: 'jeton-lambda', env: { ...configured, ...table } },
  'lambda that reads its table': { binary: 'jeton-lambda', env: { ...jeton, ...table } },
  bare: { binary: 'bench-lambda', env: {} },
};
const event = JSON.stringify(
  httpApi().event({
    method: 'POST',
    target: '/token',
    rawHeaders: [
      'content-type',
      'application/x-www-form-urlencoded',
      'authorization',
      `Basic ${Buffer.from(`bench:${SECRET}`).toString('base64')}`,
    ],
    body: Buffer.from('grant_type=client_credentials'),
    sourceIp: '127.0.0.1',
  }),
);

/** Milliseconds from the spawn to the answer. */
async function first({ binary, env }) {
  const began = performance.now();
  const environment = await fleet({
    binary: resolve(folder, binary),
    cwd: root,
    env,
    instances: 1,
    timeoutSeconds: 10,
    onLine() {},
  });
  try {
    const { payload, error } = await environment.invoke(event);
    const took = performance.now() - began;
    if (!payload?.includes('access_token\\":\\"ey')) throw new Error(payload ?? JSON.stringify(error));
    return took;
  } finally {
    await environment.stop();
  }
}

await turns('spawn to first token', {
  names: Object.keys(subjects),
  measured: ['lambda', 'lambda with a table', 'lambda that reads its table'],
  rounds: Number(rounds),
  time: (name) => first(subjects[name]),
});
process.exit();
