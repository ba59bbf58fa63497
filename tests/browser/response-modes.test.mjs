// Where the answer to an authorization request goes, as a browser sees it: to a page’s fragment, or in a form.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { loginPage } from './support/pages.mjs';
import { scene } from './support/scene.mjs';

const PAGE = `<!doctype html><html lang="en"><title>A page</title><link rel="icon" href="data:,"><h1>A page</h1><pre></pre>
<script>document.querySelector('pre').textContent = location.hash.slice(1)</script>`;

/** An application that shows what came back to it: its address. */
async function application(t) {
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const sent = Buffer.concat(chunks).toString().replaceAll('&', '&amp;');
      const posted = `<!doctype html><html lang="en"><title>A form</title><h1>A form</h1><pre>${sent}</pre>`;
      response.writeHead(200, { 'content-type': 'text/html' }).end(request.method === 'POST' ? posted : PAGE);
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

/** Logs in to an application; its origin. */
async function logIn({ t, page, issuer, mayReach }, asked) {
  const origin = await application(t);
  mayReach(origin);
  const query = new URLSearchParams({
    client_id: 'spa',
    redirect_uri: `${origin}/cb`,
    state: 's',
    nonce: 'n',
    ...asked,
  });
  await page.goto(`${issuer}/authorize?${query}`);
  await loginPage(page).user('alice').click();
  return origin;
}

/** What a login brings a page of the application. */
async function arrived(it, asked) {
  const { page } = it;
  await page.waitForURL(`${await logIn(it, asked)}/**`);
  return {
    heading: await page.getByRole('heading', { level: 1 }).innerText(),
    params: Object.fromEntries(new URLSearchParams(await page.locator('pre').textContent())),
    page,
  };
}

const CHALLENGE = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };

scene('fragment: a page reads its code, which no server sees', {}, async (it) => {
  const { heading, params, page } = await arrived(it, {
    response_type: 'code',
    response_mode: 'fragment',
    scope: 'openid',
    ...CHALLENGE,
  });
  assert.deepEqual([heading, Object.keys(params)], ['A page', ['code', 'state', 'iss']]);
  assert.equal(new URL(page.url()).search, '');
});

scene('implicit: a page reads its tokens, and asks /userinfo with them', {}, async (it) => {
  const { params, page } = await arrived(it, { response_type: 'id_token token', scope: 'openid email' });
  assert.equal(params.state, 's');
  const email = await page.evaluate(
    async ([issuer, token]) => {
      const response = await fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } });
      return (await response.json()).email;
    },
    [it.issuer, params.access_token],
  );
  assert.equal(email, 'alice@example.com');
});

for (const javaScriptEnabled of [true, false]) {
  scene(
    `form_post, scripts ${javaScriptEnabled ? 'on' : 'off'}: the server is posted code and ID token`,
    {
      browser: { javaScriptEnabled },
    },
    async (it) => {
      const asked = { response_type: 'code id_token', response_mode: 'form_post', scope: 'openid', ...CHALLENGE };
      const { page } = it;
      await logIn(it, { client_id: 'web', ...asked });
      if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('heading', { name: 'A form' }).waitFor();
      const params = new URLSearchParams(await page.locator('pre').textContent());
      assert.deepEqual([...params.keys()], ['code', 'id_token', 'state', 'iss']);
    },
  );
}
