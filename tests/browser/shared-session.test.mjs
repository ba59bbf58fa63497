// Tabs of one browser that share a session of packages/js/jeton-client, by Web Locks and IndexedDB.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { newPage, unless } from './support/chromium.mjs';
import { theMock } from './support/scene.mjs';

const MODULES = {
  '/client/': new URL('../../packages/js/jeton-client/', import.meta.url),
  '/oauth4webapi/': new URL('../node_modules/oauth4webapi/build/', import.meta.url),
};
const IMPORTS = {
  'jeton-client': '/client/index.js',
  'jeton-client/browser': '/client/browser.js',
  oauth4webapi: '/oauth4webapi/index.js',
};

const page = (
  issuer,
) => `<!doctype html><meta charset="utf-8"><title>An application</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">
  import { Client } from 'jeton-client';
  import { browserStore } from 'jeton-client/browser';
  const store = browserStore();
  const client = new Client({ issuer: ${JSON.stringify(issuer)}, client_id: 'page', now: () => Date.now() + (window.offset ?? 0) });
  const redirect_uri = location.origin + '/callback';
  window.store = store;
  window.session = client.session({ store, redirect_uri, scope: 'openid offline_access' });
  if (location.pathname === '/callback') {
    const claims = await session.callback(location.href);
    document.title = 'Logged in as ' + claims.sub;
  } else document.title = 'Ready';
</script>`;

/** An application that is modules and a page, on a port of its own, until the test ends. */
async function application(t, issuer) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const place = Object.keys(MODULES).find((place) => pathname.startsWith(place));
    if (!place) return response.writeHead(200, { 'content-type': 'text/html' }).end(page(issuer));
    const file = fileURLToPath(new URL(pathname.slice(place.length), MODULES[place]));
    if (!existsSync(file)) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${server.address().port}`;
}

test('two tabs at expiry: one refresh, and nobody is logged out', { skip: unless.skip }, async (t) => {
  const { origin } = await theMock();
  const issuer = `${origin}/tabs-${process.pid}`;
  const app = await application(t, issuer);
  const { page: first, behaved, close } = await newPage({ origins: [origin, app] });
  t.after(close);

  await first.goto(app);
  await first.waitForFunction(() => document.title === 'Ready');
  const { url } = await first.evaluate(() => window.session.login({ parameters: { login_hint: 'alice' } }));
  await first.goto(url);
  await first.waitForFunction(() => document.title === 'Logged in as alice');

  const second = await first.context().newPage();
  await second.goto(app);
  await second.waitForFunction(() => document.title === 'Ready');
  const tabs = [first, second];
  const tokens = () =>
    Promise.all(
      tabs.map((tab) =>
        tab.evaluate(async () => {
          const all = await Promise.all(Array.from({ length: 50 }, () => window.session.accessToken()));
          return [...new Set(all.map(({ access_token }) => access_token))];
        }),
      ),
    );
  const refreshes = async () => {
    const query = new URLSearchParams({ issuer: issuer.slice(origin.length + 1), grant_type: 'refresh_token' });
    return (await (await fetch(`${origin}/_mock/journal?${query}`)).json()).entries;
  };

  const [[before], [same]] = await tokens();
  assert.equal(same, before);
  for (let round = 1; round <= 3; round += 1) {
    for (const tab of tabs) await tab.evaluate((offset) => (window.offset = offset), round * 3_700_000);
    const [one, other] = await tokens();
    assert.equal(one.length, 1);
    assert.deepEqual(other, one);
    assert.notEqual(one[0], before);
    const asked = await refreshes();
    assert.equal(asked.length, round);
    assert.ok(asked.every(({ status }) => status === 200));
  }

  // Who reads the database learns nothing, its key included.
  const kept = await second.evaluate(async () => {
    const open = indexedDB.open('jeton-client');
    await new Promise((resolve) => (open.onsuccess = resolve));
    const all = (place) =>
      new Promise((resolve) => {
        const request = open.result.transaction(place).objectStore(place).getAll();
        request.onsuccess = () => resolve(request.result);
      });
    const [{ value }] = await all('records');
    const [key] = await all('keys');
    const exported = await crypto.subtle.exportKey('raw', key).catch(({ name }) => name);
    return { text: new TextDecoder('latin1').decode(value), exported };
  });
  assert.doesNotMatch(kept.text, /access_token|refresh_token|alice/);
  assert.equal(kept.exported, 'InvalidAccessError');

  const { url: end, revoked } = await second.evaluate(() => window.session.logout());
  assert.equal(revoked, true);
  assert.ok(end.startsWith(`${issuer}/`), end);
  await first.evaluate(() => (window.offset += 11_000));
  assert.equal(await first.evaluate(() => window.session.accessToken().catch(({ code }) => code)), 'not_logged_in');
  behaved();
});

test('a key for proofs is the same in all tabs, and cannot be exported', { skip: unless.skip }, async (t) => {
  const { origin } = await theMock();
  const app = await application(t, `${origin}/proofs-${process.pid}`);
  const { page: first, close } = await newPage({ origins: [origin, app] });
  t.after(close);
  const second = await first.context().newPage();
  const keyOf = async (tab) => {
    await tab.goto(app);
    await tab.waitForFunction(() => document.title === 'Ready');
    return tab.evaluate(async () => {
      const [{ publicKey, privateKey }] = await Promise.all([window.store.dpopKey(), window.store.dpopKey()]);
      return { x: (await crypto.subtle.exportKey('jwk', publicKey)).x, extractable: privateKey.extractable };
    });
  };
  const [one, other] = await Promise.all([keyOf(first), keyOf(second)]);
  assert.deepEqual(other, one);
  assert.equal(one.extractable, false);
  assert.match(one.x, /^[\w-]{43}$/);
});
