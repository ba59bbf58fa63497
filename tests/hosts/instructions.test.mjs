// How many instructions `jeton serve` takes for a token, with its log written to a file, as callgrind counts
// them: times say more about the machine than about the code, and this number is the same on each. What a
// run takes besides tokens is in both of two runs, and drops out of their difference.
//
//   JETON_BIN=target/release/jeton node --test tests/hosts/instructions.test.mjs

import './production.mjs';

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { environment } from '../suite/support/fixtures.mjs';
import { secretOf } from '../suite/support/grant-clients.mjs';
import { basic } from '../suite/support/http.mjs';
import { BINARY, freePort } from './native.mjs';

/**
 * What a token may take: as it is released, and as the suite builds it, which is quicker built. Counted of the static
 * binary, which is the one that is shipped and tested.
 */
const BUDGET = BINARY.includes('/release/') ? 275_000 : 296_000;

const CLIENT = {
  client_id: 'bench',
  client_secret: secretOf('bench'),
  grant_types: ['client_credentials'],
  scope: 'read write',
  audiences: ['https://api.example'],
};

/** Why nothing can be counted here. */
function missing() {
  if (process.arch !== 'x64') return 'another processor has other instructions';
  return spawnSync('valgrind', ['--version']).error && 'no valgrind';
}

test(`a token takes at most ${BUDGET} instructions`, { skip: missing(), timeout: 120_000 }, async (t) => {
  const few = await instructions(100);
  const many = await instructions(600);
  const each = Math.round((many - few) / 500);
  t.diagnostic(`${each} instructions a token`);
  assert.ok(each > 200_000, `${each}: fewer than one signature`);
  assert.ok(each <= BUDGET, `${each} instructions a token`);
});

/** What a run takes that makes so many tokens on one connection. */
async function instructions(tokens) {
  const folder = mkdtempSync(join(tmpdir(), 'jeton-'));
  const port = await freePort();
  const counted = ['--tool=callgrind', `--callgrind-out-file=${folder}/counts`, BINARY, 'serve', '--port', port];
  const server = spawn('valgrind', [...counted, '--data', `${folder}/jeton.db`], {
    // One thread answers: how several share work is another thing in each run.
    env: { PATH: process.env.PATH, TOKIO_WORKER_THREADS: '1', ...environment({ clients: [CLIENT] }) },
    stdio: ['ignore', openSync(`${folder}/log`, 'w'), 'ignore'],
  });
  const ended = new Promise((resolve) => server.once('close', resolve));
  try {
    await untilServed(port);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let made = 0; made < tokens; made += 1) await token(port, agent);
    agent.destroy();
    server.kill('SIGTERM');
    await ended;
    const lines = readFileSync(`${folder}/log`, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"jti"'));
    assert.equal(lines.length, tokens, 'each token is logged');
    return Number(readFileSync(`${folder}/counts`, 'utf8').match(/^(?:summary|totals): (\d+)/m)[1]);
  } finally {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

/** Looked at rarely: each look counts. */
async function untilServed(port) {
  for (let tries = 0; tries < 100; tries += 1) {
    const served = await fetch(`http://127.0.0.1:${port}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (served) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('no answer within 20 s');
}

function token(port, agent) {
  const body = 'grant_type=client_credentials';
  const headers = {
    authorization: basic(CLIENT.client_id, CLIENT.client_secret),
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': body.length,
  };
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method: 'POST', path: '/token', headers, agent }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => (text.includes('"access_token":"ey') ? resolve() : reject(new Error(text))));
    });
    asked.on('error', reject).end(body);
  });
}
