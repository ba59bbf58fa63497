// A session that processes share, and a network that loses answers after the server has acted.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, none } from 'jeton-client';
import { folderStore } from 'jeton-client/node';
import { listen, mock } from './support.js';

const REDIRECT = 'http://localhost:1/callback';
const KEY = 'sixteen random bytes, or more';

/** A proxy before a token endpoint, which loses every `nth` answer to a refresh after it was made. */
async function lossy(t, endpoint, nth) {
  const lost = { refreshes: 0, answers: 0, redeemed: [], underWay: 0, atOnce: 0 };
  const origin = await listen(t, async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const refresh_token = new URLSearchParams(body.toString()).get('refresh_token');
    lost.underWay += 1;
    lost.atOnce = Math.max(lost.atOnce, lost.underWay);
    const headers = { 'content-type': request.headers['content-type'] };
    const answer = await fetch(endpoint, { method: 'POST', headers, body });
    const text = await answer.text();
    lost.underWay -= 1;
    if (refresh_token) {
      if (lost.redeemed.at(-1) !== refresh_token) lost.redeemed.push(refresh_token);
      lost.refreshes += 1;
      if (lost.refreshes % nth === 0) {
        lost.answers += 1;
        request.socket.destroy();
        return;
      }
    }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') }).end(text);
  });
  return { token_endpoint: origin, lost };
}

/** A session in a folder, of somebody who has logged in. */
async function loggedIn(t, { lifetime, nth }) {
  const running = await mock();
  t.after(() => running.stop());
  const issuer = await running.issuer(undefined, { access_token_lifetime: lifetime });
  const { token_endpoint, lost } = await lossy(t, issuer.tokenEndpoint, nth);
  const metadata = { ...(await (await fetch(issuer.discoveryUrl)).json()), token_endpoint };
  const folder = await mkdtemp(join(tmpdir(), 'jeton-client-'));
  t.after(() => rm(folder, { recursive: true }));
  const client = new Client({ issuer: issuer.url, client_id: 'app', authentication: none(), metadata });
  const session = client.session({
    store: folderStore(folder),
    key: KEY,
    scope: 'openid offline_access',
    redirect_uri: REDIRECT,
  });
  const { url } = await session.login({ parameters: { login_hint: 'alice' } });
  assert.equal((await session.callback(await arrival(url))).sub, 'alice');
  return { issuer, session, client, folder, metadata, lost };
}

/** Where a browser ends up. */
async function arrival(url) {
  const cookies = new Map();
  while (!url.startsWith(REDIRECT)) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url, { headers: { cookie }, redirect: 'manual' });
    for (const set of response.headers.getSetCookie()) cookies.set(...set.split(';')[0].split(/=(.*)/s));
    url = new URL(response.headers.get('location') ?? assert.fail(await response.text()), url).href;
  }
  return url;
}

test('eight processes, every third answer lost: nobody is logged out', { timeout: 120_000 }, async (t) => {
  // Tokens of a second have to be refreshed each second; a superseded refresh token is good for ten.
  const { issuer, session, folder, metadata, lost } = await loggedIn(t, { lifetime: 1, nth: 3 });
  const tokens = new Set();
  const sharing = Array.from({ length: 8 }, async () => {
    const args = [JSON.stringify(metadata), folder, KEY, '13'];
    const child = spawn(process.execPath, [fileURLToPath(new URL('sharer.js', import.meta.url)), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const token of createInterface({ input: child.stdout })) tokens.add(token);
    assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0);
  });
  await Promise.all(sharing);
  assert.ok((await session.accessToken()).access_token);
  assert.ok(lost.answers > 3, `${lost.answers} answers lost`);
  // One at a time, and none that had a successor: the server's patience with superseded ones is for lost answers alone.
  assert.equal(lost.atOnce, 1);
  assert.equal(new Set(lost.redeemed).size, lost.redeemed.length);
  const refused = await issuer.journal({ endpoint: 'token', status: 400 });
  assert.deepEqual(refused, []);
  t.diagnostic(`${lost.refreshes} refreshes, ${lost.answers} answers lost, ${tokens.size} tokens`);
});
