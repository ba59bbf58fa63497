// The example that shows the built-in login on one machine, as its reader starts it.

import './support/secrets.mjs';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BINARY, freePort } from '../hosts/native.mjs';
import { Browser, formsTo, textOf } from './support/browser.mjs';
import { be, offers } from './support/login.mjs';

const EXAMPLE = new URL('../../examples/log-people-in/built-in/', import.meta.url);

test('one command: an application, a login by each way, and a logout', async (t) => {
  const { scripts, dependencies } = JSON.parse(readFileSync(new URL('package.json', EXAMPLE), 'utf8'));
  const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  assert.equal(dependencies['openid-client'], devDependencies['openid-client']);
  const [program, ...parameters] = scripts.start.split(' ');

  // What `prestart` installs is here already.
  const parent = fileURLToPath(new URL('../../target/examples/', import.meta.url));
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(`${parent}built-in-`);
  cpSync(EXAMPLE, folder, { recursive: true, filter: (file) => !file.endsWith('node_modules') });
  symlinkSync(fileURLToPath(new URL('../node_modules', import.meta.url)), `${folder}/node_modules`);
  const free = await Promise.all(Array.from({ length: 4 }, freePort));
  const [PORT, JETON_PORT, MOCK_PORT, GITHUB_PORT] = free.map(String);
  const child = spawn(program, parameters, {
    cwd: folder,
    env: { PATH: process.env.PATH, JETON: BINARY, PORT, JETON_PORT, MOCK_PORT, GITHUB_PORT },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill('SIGTERM');
    const [code] = await closed;
    rmSync(folder, { recursive: true, force: true });
    assert.equal(code, 0);
  });
  const said = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    closed.then(([code]) => assert.fail(`it ended with ${code}`)),
  ]);
  const [origin] = /http:\/\/localhost:\d+(?=\/)/.exec(said[0]);
  const issuer = `http://localhost:${JETON_PORT}`;
  const upstreams = { acme: `http://localhost:${MOCK_PORT}/acme`, github: `http://localhost:${GITHUB_PORT}` };

  for (const [provider, sub, name] of [
    ['acme', 'alice', 'alice'],
    ['github', 'octocat', 'The Octocat'],
  ]) {
    const browser = new Browser({
      reaches: [origin, issuer, ...Object.values(upstreams).map((url) => new URL(url).origin)],
    });
    assert.match((await browser.open(`${origin}/`)).response.text, /href="\/login"/);
    let page = await browser.open(`${origin}/login`);
    assert.ok(offers(page, provider), textOf(page.response));
    page = await browser.send(page, '/login', { button: provider });
    assert.ok(page.url.href.startsWith(upstreams[provider]), page.url.href);
    page = await be(browser, page, sub);
    if (formsTo(page, '/login/consent').length > 0) page = await browser.send(page, '/login/consent');
    assert.equal(page.url.href, `${origin}/`);
    assert.ok(textOf(page.response).includes(`Logged in as ${name}`), textOf(page.response));
    assert.ok(
      textOf(await browser.open(`${issuer}/login/account`).then(({ response }) => response)).includes('The Shop'),
    );
    page = await browser.send(await browser.open(`${origin}/`), '/logout');
    for (let step = 0; step < 3 && page.url.origin !== origin; step += 1) {
      page = await browser.send(page, formsTo(page, '/login/logout').length > 0 ? '/login/logout' : '/end_session');
    }
    assert.match(page.response.text, /href="\/login"/);
  }
});
