// What a fuzzer that has read the OpenAPI documents finds: answers that they do not describe, what they forbid
// and is accepted, and failures.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { PYTHON } from '../suite/support/check.mjs';
import { basic, FORM, send } from '../suite/support/http.mjs';
import * as mock from './mock.mjs';
import * as serve from './serve.mjs';

const SCHEMATHESIS = join(dirname(PYTHON), 'schemathesis');
const ISSUER = 'https://issuer.example';
const SECRET = 'manager-8hVq2Zr5Yw7Kp4Nx1Td6Lb3Gm9Cs0Fj';
const SCOPE = 'jeton:clients jeton:apis jeton:trust jeton:grants';
const environment = {
  JETON_ISSUER: ISSUER,
  JETON_LOGIN_URL: 'https://login.example',
  JETON_LOGOUT_URL: 'https://login.example/logout',
  JETON_CLIENTS: JSON.stringify([
    {
      client_id: 'manager',
      client_secret: SECRET,
      grant_types: ['client_credentials', 'urn:ietf:params:oauth:grant-type:device_code'],
      scope: SCOPE,
      login: true,
    },
  ]),
};
/** Open registration: the fuzzer cannot ask for a token first. */
const REGISTRATION = JSON.stringify({ scope: 'read', grant_types: ['client_credentials'], client_lifetime: 600 });

const HOSTS = {
  serve: () =>
    serve.start({
      env: {
        ...environment,
        JETON_SECRET: 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj',
        JETON_REGISTRATION: REGISTRATION,
      },
    }),
  mock: () => mock.start({ env: environment }),
};

/** What is not to be had of a document: whether a redirect URI, a key or a grant is good, no schema says. */
const LEFT_OUT = 'positive_data_acceptance';

/** Runs Schemathesis; what it printed, if it found something. */
async function findings(url, document, credentials) {
  const folder = mkdtempSync(join(tmpdir(), 'jeton-schemathesis-'));
  const child = spawn(
    SCHEMATHESIS,
    [
      ...['run', `${url}${document}`, '--url', url, ...credentials],
      ...['--checks', 'all', '--exclude-checks', LEFT_OUT, '--continue-on-failure', '--max-redirects', '0'],
      ...['--max-examples', '20', '--generation-deterministic', '--no-shrink'],
      ...['--warnings', 'off', '--no-color'],
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 },
  );
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => said.push(data));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  rmSync(folder, { recursive: true });
  const text = Buffer.concat(said).toString();
  assert.match(text, /Test cases:\n +\d{2,} generated/, text);
  return code === 0 ? '' : text;
}

const skip = existsSync(SCHEMATHESIS) ? false : `${SCHEMATHESIS} is not there: cargo xtask tools`;

for (const [name, start] of Object.entries(HOSTS)) {
  test(`${name}: Schemathesis finds nothing in what the documents describe`, { skip }, async (t) => {
    const host = await start();
    t.after(() => host.stop());

    await t.test('/openapi.json', async () => {
      const found = await findings(host.url, '/openapi.json', ['--auth', `manager:${SECRET}`]);
      assert.ok(found === '', found);
    });

    await t.test('/manage/openapi.json', async () => {
      const answer = await send(host.url, {
        method: 'POST',
        path: '/token',
        headers: { authorization: basic('manager', SECRET), 'content-type': FORM },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: SCOPE }).toString(),
      });
      assert.equal(answer.status, 200, answer.text);
      const header = `Authorization: Bearer ${answer.json().access_token}`;
      const found = await findings(host.url, '/manage/openapi.json', ['--header', header]);
      assert.ok(found === '', found);
      // It has done things, and not only been refused.
      for (const done of [
        '"manage_clients","status":201',
        '"manage_secret","status":204',
        '"manage_trust","status":201',
      ])
        assert.ok(
          host.log().some((line) => line.includes(`"endpoint":${done}`)),
          done,
        );
    });
  });
}
