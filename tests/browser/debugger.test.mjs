// The home page, and the debugger beneath every issuer.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { loginPage } from './support/pages.mjs';
import { scene } from './support/scene.mjs';

/** The section of the home page about an issuer, opened. */
async function issuerOf(page, name) {
  const summary = page.getByText(`Issuer ${name}`, { exact: true }).first();
  await summary.click();
  return page.locator('details').filter({ has: summary });
}

describe('the home page', () => {
  scene(
    'shows each issuer with its users and endpoints, which are there',
    { seed: { users: [{ sub: 'u1', name: 'Zoë <Admin>' }] } },
    async ({ page, mock, issuer, issuerName }) => {
      await page.goto(`${mock}/`);
      await page.getByRole('heading', { level: 1, name: 'Jeton mock' }).waitFor();
      const own = await issuerOf(page, issuerName);
      assert.ok((await own.innerText()).includes('Zoë <Admin> (u1)'));
      const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
      const shown = await facts(own);
      for (const [title, url] of [
        ['Discovery', `${issuer}/.well-known/openid-configuration`],
        ['Authorization', metadata.authorization_endpoint],
        ['Token', metadata.token_endpoint],
        ['Userinfo', metadata.userinfo_endpoint],
        ['JWKS', metadata.jwks_uri],
        ['Introspection', metadata.introspection_endpoint],
        ['Revocation', metadata.revocation_endpoint],
        ['Device authorization', metadata.device_authorization_endpoint],
        ['Logout', metadata.end_session_endpoint],
      ]) {
        assert.equal(shown[title], url);
      }
      for (const link of await page.getByRole('link').all()) {
        const href = new URL(await link.getAttribute('href'), page.url());
        assert.equal(href.origin, mock);
        assert.equal((await fetch(href)).status, 200, href.href);
      }
      await own.getByRole('link', { name: 'Open its debugger' }).click();
      assert.equal(page.url(), `${issuer}/debugger`);
    },
  );

  scene('what it tells to type works as it is', { seed: {} }, async ({ page, mock, issuerName, issuer }) => {
    await page.goto(`${mock}/`);
    const own = await issuerOf(page, issuerName);
    const snippets = {};
    for (const snippet of await own.locator('details').all()) {
      await snippet.locator('summary').click();
      snippets[await snippet.locator('summary').innerText()] = await snippet.locator('pre').innerText();
    }
    assert.deepEqual(Object.keys(snippets), [
      'curl',
      'JavaScript: openid-client',
      'Java: Spring Boot, application.yml',
      '.NET: OpenID Connect, Program.cs',
      '.NET: an API, appsettings.json',
      'Python: Authlib',
      'Go: go-oidc',
    ]);
    for (const [name, text] of Object.entries(snippets)) assert.ok(text.includes(issuer), name);
    const another = await page.getByRole('region', { name: 'Another issuer' }).locator('pre').innerText();
    for (const command of [snippets.curl, another]) {
      const [, user, form, url] = /^curl -u (\S+) ((?:-d \S+ )+)(\S+)$/.exec(command.trim()) ?? assert.fail(command);
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(user).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: form
          .trim()
          .split(' ')
          .filter((word) => word !== '-d')
          .join('&'),
      });
      assert.equal(response.status, 200, await response.text());
    }
  });

  scene('its table of faults is the one the mock goes by', {}, async ({ page, mock }) => {
    await page.goto(`${mock}/`);
    const faults = page.getByRole('region', { name: 'When something should go wrong' }).first();
    const shown = await faults.getByRole('rowheader').allInnerTexts();
    const refused = await fetch(`${mock}/_mock/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"fault":"no-such-fault"}',
    });
    const said = /one of (.*)$/.exec((await refused.json()).error_description)[1].split(', ');
    assert.deepEqual(shown.map((name) => name.trim()).sort(), said.sort());
    const errors = await faults.getByRole('listitem').allInnerTexts();
    const examples = (await faults.locator('td code').allInnerTexts()).map((text) => text.replace(/^fault:/, ''));
    assert.ok(errors.length >= 20 && examples.length >= 5, [...errors, ...examples].join(' '));
    for (const fault of [...errors, ...examples, ...shown.filter((name) => !/[A-Z]/.test(name))]) {
      const taken = await fetch(`${mock}/_mock/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ fault, match: { client_id: 'nobody' } }),
      });
      assert.equal(taken.status, 201, fault);
      const { id } = await taken.json();
      await fetch(`${mock}/_mock/faults?id=${id}`, { method: 'DELETE' });
    }
  });
});

/** `dt` → `dd` of a section. */
async function facts(section) {
  await section.waitFor();
  const [names, values] = [await section.locator('dt').allInnerTexts(), await section.locator('dd').allInnerTexts()];
  return Object.fromEntries(names.map((name, index) => [name, values[index].trim()]));
}

const debuggerPage = (page) => {
  const section = (name) => page.getByRole('region', { name, exact: true });
  const read = section('Read a token');
  const login = section('Log somebody in');
  const machine = section('Get a machine token');
  return {
    token: read.getByLabel('Token'),
    read: read.getByRole('button', { name: 'Read' }),
    login: {
      clientId: login.getByLabel('Client ID'),
      clientSecret: login.getByLabel('Client secret'),
      scope: login.getByLabel('Scope'),
      loginHint: login.getByLabel('Login hint'),
      prompt: login.getByLabel('Prompt'),
      parameters: login.getByLabel('More parameters'),
      go: login.getByRole('button', { name: 'Log in' }),
    },
    machine: {
      clientId: machine.getByLabel('Client ID'),
      clientSecret: machine.getByLabel('Client secret'),
      scope: machine.getByLabel('Scope'),
      go: machine.getByRole('button', { name: 'Get token' }),
    },
    section,
    requests: section('Requests').first(),
    alert: page.getByRole('alert'),
    json: async (name, nth) => JSON.parse(await section(name).locator('pre').nth(nth).innerText()),
  };
};

for (const javaScriptEnabled of [true, false]) {
  const options = { seed: {}, browser: { javaScriptEnabled } };
  describe(`the debugger's forms ${javaScriptEnabled ? 'with' : 'without'} scripts`, () => {
    scene('reads a token', options, async ({ page, issuer, control }) => {
      await control('POST', 'clock', { freeze: true });
      const { token, kid } = await control('POST', 'mint', {
        claims: { sub: 'dora', html: '<b>"&amp;' },
        typ: 'at+jwt',
      });
      await page.goto(`${issuer}/debugger`);
      const form = debuggerPage(page);
      for (const pasted of [token, `Bearer ${token}`, ` "${token}", `]) {
        await form.token.fill(pasted);
        await form.read.click();
        const verdicts = await facts(form.section('Access token'));
        assert.ok(verdicts.Signature.includes(`verified with the published key ${kid}`), verdicts.Signature);
        assert.match(verdicts.Issuer, /this one/);
        assert.match(verdicts.Validity, /valid/);
        assert.match(verdicts.Expires, /in 1 hour/);
        assert.equal((await form.json('Access token', 0)).kid, kid);
        const claims = await form.json('Access token', 1);
        assert.equal(claims.sub, 'dora');
        assert.equal(claims.html, '<b>"&amp;');
      }
    });

    scene('logs somebody in', options, async ({ page, issuer, control }) => {
      await page.goto(`${issuer}/debugger`);
      const form = debuggerPage(page);
      await form.login.go.click();
      await loginPage(page).user('alice').click();
      for (const name of ['Access token', 'ID token']) {
        const verdicts = await facts(form.section(name));
        assert.match(verdicts.Signature, /verified/);
        assert.match(verdicts.Issuer, /this one/);
        assert.match(verdicts.Validity, /valid/);
      }
      assert.equal((await form.json('ID token', 1)).sub, 'alice');
      assert.match((await facts(form.section('Answer of /token'))).Status, /^200/);
      assert.equal((await form.json('Answer of /userinfo', 0)).email, 'alice@example.com');
      assert.equal(await form.alert.count(), 0);
      // The requests are listed, without their secrets.
      const requests = await form.requests.innerText();
      for (const endpoint of ['authorize', 'token', 'userinfo']) assert.ok(requests.includes(endpoint), requests);
      const { entries } = await control('GET', 'journal');
      assert.ok(!JSON.stringify(entries).includes('demo-secret'));
      // Reloading the page does not show the answer again.
      await page.reload();
      await form.alert.waitFor();
      assert.equal(await form.section('ID token').count(), 0);
    });

    scene('gets a machine token, or shows why not', options, async ({ page, issuer }) => {
      await page.goto(`${issuer}/debugger`);
      const { machine, section, json, requests } = debuggerPage(page);
      await machine.scope.fill('read write');
      await machine.go.click();
      assert.match((await facts(section('Access token'))).Signature, /verified/);
      assert.equal((await json('Access token', 1)).scope, 'read write');
      for (const [client, status] of [
        ['fail.invalid_client', /^401/],
        ['fail.rate-limit-3', /^429/],
        ['fail.drop', /closed/],
      ]) {
        await machine.clientId.fill(client);
        await machine.go.click();
        assert.match((await facts(section('Answer of /token'))).Status, status);
        await requests.getByText(client).first().waitFor();
      }
    });
  });
}

describe('the debugger', () => {
  for (const [fault, name, expected] of [
    ['expired', 'Validity', /expired/],
    ['not-yet-valid', 'Validity', /not valid yet/],
    ['without-exp', 'Validity', /no exp/],
    ['wrong-issuer', 'Issuer', /, not http/],
    ['wrong-key', 'Signature', /does not verify/],
    ['tampered', 'Signature', /does not verify/],
    ['alg-none', 'Signature', /not signed/],
    ['unknown-kid', 'Signature', /JWKS has no key/],
  ]) {
    scene(`says what is wrong with a token that is ${fault}`, { seed: {} }, async ({ page, issuer, control }) => {
      const { token } = await control('POST', 'mint', { claims: { sub: 'dora' }, typ: 'JWT', fault });
      await page.goto(`${issuer}/debugger`);
      const form = debuggerPage(page);
      await form.token.fill(token);
      await form.read.click();
      assert.match((await facts(form.section('JWT')))[name], expected);
    });
  }

  scene('says what is no token', { seed: {} }, async ({ page, issuer }) => {
    await page.goto(`${issuer}/debugger`);
    const form = debuggerPage(page);
    for (const [pasted, expected] of [
      ['a.b', /three parts/],
      ['a.b.c', /header is no base64url/],
      ['opaque', /no dots/],
      ['jrt_abc', /refresh token/],
      ['<b>.<i>.</i>', /header is no base64url/],
    ]) {
      await form.token.fill(pasted);
      await form.read.click();
      assert.match(await form.section('Token').innerText(), expected);
      assert.equal(await form.token.inputValue(), pasted);
    }
  });

  scene('logs in with everything its form has', { seed: {} }, async ({ page, issuer, control }) => {
    await page.goto(`${issuer}/debugger`);
    const { login, json } = debuggerPage(page);
    await login.clientId.fill('some & client');
    await login.clientSecret.fill('"=%&');
    await login.scope.fill('openid email read');
    await login.loginHint.fill('bob');
    await login.parameters.fill('resource=https://api.example/x&max_age=60');
    await login.go.click();
    const claims = await json('ID token', 1);
    assert.equal(claims.sub, 'bob');
    assert.equal(claims.aud, 'some & client');
    assert.equal((await json('Access token', 1)).aud, 'https://api.example/x');
    const { entries } = await control('GET', 'journal', undefined, { endpoint: 'authorize' });
    assert.equal(entries.at(-1).parameters.max_age, '60');
  });

  scene('logs in without a secret', { seed: {} }, async ({ page, issuer }) => {
    await page.goto(`${issuer}/debugger`);
    const { login, section } = debuggerPage(page);
    await login.clientId.fill('spa');
    await login.clientSecret.fill('');
    await login.loginHint.fill('bob');
    await login.go.click();
    assert.match((await facts(section('ID token'))).Signature, /verified/);
  });

  scene('shows how a login failed', { seed: {} }, async ({ page, issuer }) => {
    await page.goto(`${issuer}/debugger`);
    const { login, section, alert } = debuggerPage(page);
    await login.prompt.selectOption('none');
    await login.go.click();
    await alert.waitFor();
    assert.equal((await facts(section('Answer of /authorize'))).error, 'login_required');
    await login.go.click();
    await loginPage(page).deny.click();
    await alert.waitFor();
    assert.equal((await facts(section('Answer of /authorize'))).error, 'access_denied');
  });

  for (const [fault, look] of [
    ['expired', async ({ section }) => assert.match((await facts(section('ID token'))).Validity, /expired/)],
    ['wrong-nonce', async ({ alert }) => assert.match(await alert.first().innerText(), /nonce/)],
    ['tampered', async ({ section }) => assert.match((await facts(section('ID token'))).Signature, /does not verify/)],
  ]) {
    scene(`shows the fault ${fault}`, { seed: {} }, async ({ page, issuer }) => {
      await page.goto(`${issuer}/debugger`);
      const form = debuggerPage(page);
      await form.login.scope.fill(`openid fault:${fault}`);
      await form.login.loginHint.fill('alice');
      await form.login.go.click();
      await look(form);
      assert.ok((await form.requests.innerText()).includes(`fault: ${fault}`));
    });
  }
});

scene('each issuer has a debugger of its own', { seed: {} }, async ({ page, mock, issuer }) => {
  await page.goto(`${issuer}/debugger`);
  const form = debuggerPage(page);
  await form.machine.clientId.fill('only-here');
  await form.machine.go.click();
  await form.requests.getByText('only-here').first().waitFor();
  await page.goto(`${mock}/debugger`);
  assert.equal(await form.requests.getByText('only-here').count(), 0);
  await page.goto(`${issuer}/debugger`);
  assert.ok((await form.requests.innerText()).includes('only-here'));
  await form.requests.getByRole('link', { name: 'Look again' }).click();
  assert.ok((await form.requests.innerText()).includes('only-here'));
});

scene('what was asked is text in the journal, not markup', { seed: {} }, async ({ page, issuer }) => {
  const nasty = '"><img src=x onerror=alert(1)><b>';
  await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: nasty, client_id: nasty, [nasty]: nasty }),
  });
  const query = new URLSearchParams({ client_id: nasty, scope: nasty, redirect_uri: `javascript:${nasty}` });
  await fetch(`${issuer}/authorize?${query}`);
  await page.goto(`${issuer}/debugger`);
  assert.equal(await page.locator('img, b').count(), 0);
  assert.ok((await debuggerPage(page).requests.innerText()).includes(nasty));
});

scene('a form on another site does nothing here', { seed: {} }, async ({ page, app, issuer, control }) => {
  await page.goto(app);
  await page.evaluate((action) => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action });
    for (const [name, value] of [
      ['do', 'client_credentials'],
      ['client_id', 'foreign'],
    ])
      form.append(Object.assign(document.createElement('input'), { name, value }));
    document.body.append(form);
    form.submit();
  }, `${issuer}/debugger`);
  await page.getByRole('alert').waitFor();
  const { count } = await control('GET', 'journal/count', undefined, { client_id: 'foreign', endpoint: 'token' });
  assert.equal(count, 0);
});

scene('the debugger works on the address it was opened at', { seed: {} }, async ({ page, issuer, mayReach }) => {
  const there = new URL(issuer);
  there.hostname = '127.0.0.1';
  mayReach(there.origin);
  await page.goto(`${there}/debugger`);
  await debuggerPage(page).login.go.click();
  await loginPage(page).user('alice').click();
  assert.match((await facts(debuggerPage(page).section('ID token'))).Signature, /verified/);
  assert.equal(new URL(page.url()).hostname, '127.0.0.1');
});

scene('two logins side by side in one browser do not disturb each other', { seed: {} }, async ({ page, issuer }) => {
  const other = await page.context().newPage();
  try {
    for (const tab of [page, other]) {
      await tab.goto(`${issuer}/debugger`);
      await debuggerPage(tab).login.go.click();
      await loginPage(tab).user('alice').waitFor();
    }
    for (const [tab, user] of [
      [page, 'alice'],
      [other, 'bob'],
    ]) {
      await loginPage(tab).user(user).click();
      await debuggerPage(tab).section('ID token').waitFor();
      assert.equal((await debuggerPage(tab).json('ID token', 1)).sub, user);
    }
  } finally {
    await other.close();
  }
});
