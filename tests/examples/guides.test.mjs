// The guides say what the examples do: each block of code is a part of the file that it names, and each block of shell
// runs, in an empty folder, in the order of the page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { executablePath, unless } from '../browser/support/chromium.mjs';
import { blocks } from './support/guide.mjs';
import { Person } from './support/person.mjs';
import { freePort, node, serve, start } from './support/programs.mjs';
import { stranger } from './support/stranger.mjs';
import { REPOSITORY, workplace } from './support/workplace.mjs';

/** `program` is its Rust, `prints` what its commands end with. */
const GUIDES = {
  'get-tokens': { program: 'example-get-tokens', prints: /1 jeton/ },
  'protect-an-api': { program: 'example-protect-an-api', prints: /1 jeton/ },
  'log-people-in': { program: 'example-log-people-in', prints: /1 jeton/ },
  'test-with-the-mock': { prints: /^ +\d+ passed|^ok /m },
};
/** Those that call an API. */
const CALLERS = ['get-tokens', 'log-people-in'];
const CODE = ['js', 'py', 'rust', 'go'];
/** Of what is not run here, and of what is no program. */
const OTHERS = ['java', 'csharp', 'ts', 'yaml', 'toml', 'console'];

for (const guide of Object.keys(GUIDES)) {
  test(`${guide}: its code is that of the examples`, () => {
    for (const { language, text, file } of blocks(guide)) {
      if (language === 'sh' || OTHERS.includes(language)) continue;
      assert.ok(CODE.includes(language), language);
      assert.ok(file, `no file is named above:\n${text}`);
      const source = readFileSync(join(REPOSITORY, 'examples', file), 'utf8');
      assert.ok(source.includes(`${text}\n`), `not a part of ${file}:\n${text}`);
    }
  });
}

describe('followed', { concurrency: true }, () => {
  for (const guide of Object.keys(GUIDES)) describe(guide, { concurrency: 1 }, () => followed(guide));
});

/** Every block of shell, in order; a server goes on until the next on its port. */
function followed(guide) {
  const { program, prints } = GUIDES[guide];
  const { folder, env } = stranger(guide, program);
  const ports = {};
  const running = {};
  const own = (text) => text.replace(/\b(9400|8080|3000)\b/g, (port) => ports[port]);
  // Its stdin is a socket, by which it would take itself for a remote shell, and read what the user's have.
  const bash = (text) => ['bash', '--norc', '-ec', own(text)];
  const shell = blocks(guide).filter(({ language }) => language === 'sh');
  const requests = shell.find(({ text }) => text.includes('curl'))?.text;

  const run = async (text, more) => {
    const program = start(bash(text), folder, { ...env, ...more });
    program.says(/Open (\S+) and enter (\S+)/).then(
      ([, address, code]) => approved(address, code),
      () => {},
    );
    program.says(/Log in at (\S+)/).then(
      ([, address]) => loggedIn(address),
      () => {},
    );
    const { code, out, err } = await program.ended;
    assert.equal(code, 0, `${text}\n${out}${err}`);
    return out;
  };
  const serves = async (text, port, more) => {
    running[port]?.kill();
    await running[port]?.ended;
    running[port] = await serve(bash(text), folder, { ...env, ...more }, ports[port]);
  };

  test('there is an issuer, and where the page needs one an API', async () => {
    for (const port of [9400, 8080, 3000]) ports[port] = await freePort();
    await serves('jeton mock', 9400, { JETON_PORT: String(ports[9400]) });
    if (!CALLERS.includes(guide)) return;
    const api = { ISSUER: own('http://localhost:9400'), API: own('http://localhost:8080'), PORT: String(ports[8080]) };
    await serve(node('hono.mjs'), workplace('protect-an-api'), api);
  });

  for (const { text } of shell) {
    const [, port] = /(?:PORT=|--port |--serve=127\.0\.0\.1:)(\d+)/.exec(text) ?? [];
    test(text.split('\n')[0], text.includes('playwright test') ? unless : {}, async () => {
      if (text === 'jeton mock' || text === requests) return;
      if (/^jeton /.test(text)) return deployed(text);
      if (!port) {
        // A mock of its own: the page's is there already.
        const out = await run(text, { CHROMIUM: executablePath, MOCK_PORT: String(await freePort()) });
        if (!/^(npm|pip|cargo init)/.test(text)) assert.match(out, prints);
        return;
      }
      await serves(text, port);
      if (port === '9400') await issues();
      else if (port === '8080') await answers();
      else await shows();
    });
  }

  /** What "What it answers" says. */
  async function answers() {
    const out = await run(requests);
    const statuses = [...out.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
    assert.deepEqual(statuses, ['401', '200', '403'], out);
  }

  async function issues() {
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'any', client_secret: 'any' });
    const answer = await fetch(own('http://localhost:9400/any/token'), { method: 'POST', body });
    assert.equal((await answer.json()).token_type, 'Bearer');
  }

  async function shows() {
    const person = new Person();
    const page = await person.open(own('http://localhost:3000/'));
    if (page.status === 200) {
      assert.match((await person.open(own('http://localhost:3000/main.js'))).text, /code_challenge/);
      return;
    }
    const login = await person.open(own('http://localhost:3000/login'));
    assert.match((await person.press(login, 'alice')).text, /1 jeton/);
  }

  /** At the file of a deployment that is told nothing but its name and its secret. */
  async function deployed(text) {
    const deployment = { JETON_ISSUER: 'http://localhost:8080', JETON_SECRET: '@jeton.secret' };
    await run('[ -f jeton.secret ] || jeton keys new > jeton.secret');
    const api = 'jeton api new --create https://orders.example.com --replace --scope orders:read=x >/dev/null';
    await run(text.startsWith('jeton api') ? text : `${api}\n${text}`, deployment);
  }
}

async function loggedIn(address) {
  const person = new Person();
  return person.press(await person.open(address), 'alice');
}

async function approved(address, user_code) {
  const person = new Person();
  const asked = await person.press(await person.open(address), 'alice');
  return person.press(await person.press(asked, 'Continue', { user_code }), 'Approve');
}
