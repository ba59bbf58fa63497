// The home page, the page of every issuer, and the debugger, journal and faults beneath it.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { loginPage } from './support/pages.mjs';
import { scene } from './support/scene.mjs';

describe('the home page', () => {
  scene('shows the issuers, and leads to each', { seed: {} }, async ({ page, mock, issuer, issuerName }) => {
    await page.goto(`${mock}/`);
    await page.getByRole('heading', { level: 1, name: 'Jeton mock' }).waitFor();
    for (const link of await page.getByRole('link').all()) {
      const href = new URL(await link.getAttribute('href'), page.url());
      assert.equal(href.origin, mock);
      assert.equal((await fetch(href, { headers: { accept: 'text/html' } })).status, 200, href.href);
    }
    await page.getByRole('region', { name: 'Issuers' }).getByRole('link', { name: issuerName }).click();
    await page.getByRole('heading', { level: 1, name: `Issuer ${issuerName}` }).waitFor();
    assert.equal(page.url(), issuer);
  });
});

describe('the page of an issuer', () => {
  scene(
    'shows its endpoints, which are there, and who is known',
    {
      seed: {
        users: [{ sub: 'u1', name: 'Zoë <Admin>' }],
        clients: [{ client_id: 'shop', client_secret: 'a-secret-of-the-shop', client_name: 'Shop & Co' }],
        apis: [{ identifier: 'https://orders.example', scopes: { 'orders:read': 'Read your orders' } }],
        claims: [{ match: { client_id: 'shop' }, access_token: { tenant: 'acme' } }],
        faults: [{ fault: 'slow-2s' }],
      },
    },
    async ({ page, issuer }) => {
      await page.goto(`${issuer}/`);
      const section = (name) => page.getByRole('region', { name, exact: true });
      const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
      const shown = await facts(section('Endpoints'));
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
      assert.ok((await section('Users').innerText()).includes('Zoë <Admin> (u1)'));
      assert.ok((await section('Clients').innerText()).includes('Shop & Co (shop)'));
      assert.ok((await section('APIs').innerText()).includes('https://orders.example'));
      assert.ok((await section('Claim rules').innerText()).includes('client_id shop'));
      assert.match((await facts(section('Issuer'))).Faults, /1 set/);
      for (const record of await page.getByText('Record').all()) await record.click();
      assert.ok((await section('APIs').locator('pre').innerText()).includes('Read your orders'));
      assert.ok(!(await page.content()).includes('a-secret-of-the-shop'));
      await page.getByRole('link', { name: 'Open its debugger' }).click();
      assert.equal(page.url(), `${issuer}/debugger`);
    },
  );

  scene('programs get what they got, and a browser makes the issuer', {}, async ({ page, mock, issuerName }) => {
    const accept = 'application/json';
    const [asked, any] = [
      await fetch(`${mock}/${issuerName}`, { headers: { accept } }),
      await fetch(`${mock}/${issuerName}`),
    ];
    for (const response of [asked, any]) {
      assert.equal(response.status, 404);
      assert.equal((await response.json()).error, 'not_found');
    }
    const { issuers } = await (await fetch(`${mock}/_mock/issuers`)).json();
    assert.ok(!issuers.some(({ name }) => name === issuerName));
    await page.goto(`${mock}/${issuerName}`);
    await page.getByRole('heading', { level: 1, name: `Issuer ${issuerName}` }).waitFor();
  });

  scene('what it tells to type works as it is', { seed: {} }, async ({ page, mock, issuer }) => {
    await page.goto(issuer);
    const snippets = {};
    for (const snippet of await page.getByRole('region', { name: 'In an application' }).locator('details').all()) {
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
    await page.goto(`${mock}/`);
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
});

describe('the page of faults', () => {
  scene('its tables are what the mock goes by', { seed: {} }, async ({ page, mock, issuer, control }) => {
    await page.goto(`${issuer}/debugger/faults`);
    const faults = page.getByRole('region', { name: 'When something should go wrong' });
    const shown = await faults.getByRole('rowheader').allInnerTexts();
    const refused = await fetch(`${mock}/_mock/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"fault":"no-such-fault"}',
    });
    const said = /one of (.*)$/.exec((await refused.json()).error_description)[1].split(', ');
    assert.deepEqual(shown.map((name) => name.trim()).sort(), said.sort());
    const buttons = await faults.getByRole('button').evaluateAll((all) => all.map(({ value }) => value));
    assert.ok(buttons.length >= 40, buttons.join(' '));
    for (const fault of buttons) await control('POST', 'faults', { fault, match: { client_id: 'nobody' } });
  });

  for (const javaScriptEnabled of [true, false]) {
    const browser = { javaScriptEnabled };
    const script = javaScriptEnabled ? 'with' : 'without';
    scene(`a click sets one, another removes it, ${script} scripts`, { seed: {}, browser }, async (on) => {
      const { page, issuer, control } = on;
      const token = async (client_id) => {
        const body = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret: 'x' });
        return (await fetch(`${issuer}/token`, { method: 'POST', body })).status;
      };
      await page.goto(`${issuer}/debugger/faults`);
      const set = page.getByRole('region', { name: 'Set now' });
      assert.match(await set.innerText(), /all goes as it should/);
      await page.getByRole('button', { name: 'Set status-503', exact: true }).click();
      await set.getByRole('rowheader', { name: 'status-503' }).waitFor();
      assert.equal(await token('a'), 503);
      await page.reload();
      assert.match(await set.innerText(), /1 of 1/);
      await set.getByRole('button', { name: 'Remove status-503', exact: true }).click();
      await set.getByText('all goes as it should').waitFor();
      assert.equal(await token('a'), 200);

      await page.getByLabel('Fault', { exact: true }).fill('rate-limit-7');
      await page.getByLabel('Endpoint').selectOption('token');
      await page.getByLabel('Client', { exact: true }).fill('shop*');
      await page.getByLabel('How often').fill('1');
      await page.getByRole('button', { name: 'Set', exact: true }).click();
      await set.getByRole('rowheader', { name: 'rate-limit-7' }).waitFor();
      assert.deepEqual([await token('other'), await token('shop-1'), await token('shop-1')], [200, 429, 200]);
      await page.getByLabel('Fault', { exact: true }).fill('<b>no-such</b>');
      await page.getByRole('button', { name: 'Set', exact: true }).click();
      assert.match(await page.getByRole('alert').innerText(), /unknown fault "<b>no-such<\/b>"/);
      await page.getByRole('button', { name: 'Remove all', exact: true }).click();
      assert.deepEqual((await control('GET', 'faults')).faults, []);
    });
  }
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
  const field = (name) => page.getByLabel(name, { exact: true });
  const click = (name) => page.getByRole('button', { name, exact: true }).click();
  return {
    token: read.getByLabel('Token'),
    read: read.getByRole('button', { name: 'Read' }),
    /** Opens the form of a grant. */
    open: async (issuer, tab) => {
      await page.goto(`${issuer}/debugger`);
      await page.getByRole('navigation', { name: 'Grants' }).getByRole('link', { name: tab, exact: true }).click();
    },
    field,
    click,
    section,
    alert: page.getByRole('alert'),
    /** The JSON of a section's part. */
    json: async (name, part) =>
      JSON.parse(await section(name).last().getByRole('group', { name: part, exact: true }).first().innerText()),
    text: (name, part) => section(name).last().getByRole('group', { name: part, exact: true }).first().innerText(),
    status: (name) => section(name).last().locator('.chip').first().innerText(),
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
        assert.equal((await form.json('Access token', 'Header')).kid, kid);
        const claims = await form.json('Access token', 'Claims');
        assert.equal(claims.sub, 'dora');
        assert.equal(claims.html, '<b>"&amp;');
      }
    });

    scene('runs a login step by step', options, async ({ page, issuer, control }) => {
      await page.goto(`${issuer}/debugger`);
      const form = debuggerPage(page);
      await form.click('Show the request first');
      const sent = new URL(await form.text('Send the browser to /authorize', 'Request'));
      assert.equal(sent.searchParams.get('code_challenge_method'), 'S256');
      await page.getByRole('link', { name: 'Go to the login' }).click();
      await loginPage(page).user('alice').click();
      const answer = await facts(form.section('Send the browser to /authorize'));
      assert.equal(answer.iss, issuer);
      assert.equal(answer.state, sent.searchParams.get('state'));
      await form.click('Redeem the code');
      const request = await form.text('Redeem the code', 'Request');
      assert.match(request, /^POST \S+\/token HTTP\/1.1\nhost: /);
      assert.ok(request.includes(`code=${answer.code}`), request);
      for (const name of ['Access token', 'ID token']) {
        const verdicts = await facts(form.section(name));
        assert.match(verdicts.Signature, /verified/);
        assert.match(verdicts.Issuer, /this one/);
        assert.match(verdicts.Validity, /valid/);
        assert.match(verdicts.Expires, /UTC, in /);
      }
      const tokens = await form.json('Redeem the code', 'Answer');
      assert.equal(await form.text('ID token', 'ID token'), tokens.id_token, 'whole, to be copied');
      assert.equal((await form.json('ID token', 'Claims')).sub, 'alice');
      await form.click('Ask /userinfo');
      assert.equal((await form.json('Ask /userinfo', 'Answer')).email, 'alice@example.com');
      await form.click('Introspect');
      assert.equal((await form.json('Introspect the access token', 'Answer')).active, true);
      await form.click('Refresh');
      const refreshed = await form.json('Refresh', 'Answer');
      assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
      await form.click('Exchange');
      assert.match(await form.status('Exchange the access token'), /^200/);
      await form.click('Revoke');
      assert.match(await form.status('Revoke the access token'), /^200/);
      assert.equal(await form.alert.count(), 0);
      // A page that can be read again, whose steps are in the journal, without their secrets.
      await page.reload();
      assert.equal((await form.json('ID token', 'Claims')).sub, 'alice');
      const { entries } = await control('GET', 'journal');
      assert.ok(!JSON.stringify(entries).includes(tokens.access_token));
      assert.ok(entries.every(({ parameters }) => (parameters.client_secret ?? '[redacted]') === '[redacted]'));
      const asked = entries.map(({ endpoint }) => endpoint).filter((it) => it !== 'debugger' && it !== 'login');
      for (const endpoint of ['authorize', 'token', 'userinfo', 'introspect', 'revoke'])
        assert.ok(asked.includes(endpoint), asked.join(' '));
    });

    scene('gets a machine token, or shows why not', options, async ({ page, issuer, control }) => {
      const { open, field, click, section, json, text, status } = debuggerPage(page);
      await open(issuer, 'Client credentials');
      await field('Scope').fill('read write');
      await click('Get token');
      assert.match((await facts(section('Access token'))).Signature, /verified/);
      assert.equal((await json('Access token', 'Claims')).scope, 'read write');
      assert.equal(
        await text('Ask for a token', 'As curl'),
        `curl ${issuer}/token \\\n  -u debugger:any \\\n  -d grant_type=client_credentials \\\n  --data-urlencode 'scope=read write'`,
      );
      for (const [client, expected] of [
        ['fail.invalid_client', /^401/],
        ['fail.rate-limit-3', /^429/],
        ['fail.drop', /closed/],
      ]) {
        await open(issuer, 'Client credentials');
        await field('Client ID').fill(client);
        await click('Get token');
        assert.match(await status('Ask for a token'), expected);
        const { count } = await control('GET', 'journal/count', undefined, { client_id: client, endpoint: 'token' });
        assert.equal(count, 1);
      }
    });

    scene('connects a device', options, async ({ page, issuer }) => {
      const { open, click, section, status, json } = debuggerPage(page);
      await open(issuer, 'Device');
      await click('Begin');
      const device = await json('Begin on the device', 'Answer');
      await click('Ask for the tokens');
      assert.match(await status('Ask for the tokens'), /^400/);
      const run = page.url();
      await page.goto(device.verification_uri_complete);
      await loginPage(page).user('bob').click();
      await click('Continue');
      await click('Approve');
      await page.getByRole('heading', { name: 'Device connected' }).waitFor();
      await page.goto(run);
      await page.waitForTimeout(5000);
      await click('Ask for the tokens');
      assert.equal((await json('ID token', 'Claims')).sub, 'bob');
      assert.match((await facts(section('Access token'))).Signature, /verified/);
    });

    scene('exchanges a token, and refreshes one', options, async ({ page, issuer }) => {
      const { open, field, click, json, status } = debuggerPage(page);
      await open(issuer, 'Token exchange');
      await field('Audience').fill('https://api.example');
      await click('Exchange');
      assert.match(await status('Get a token to exchange'), /^200/);
      assert.match(await status('Exchange the token'), /^200/);
      assert.equal((await json('Exchange the token', 'Answer')).token_type, 'Bearer');
      await open(issuer, 'Refresh');
      await field('Refresh token').fill('jrt_wrong');
      await click('Refresh');
      assert.equal((await json('Refresh', 'Answer')).error, 'invalid_grant');
    });

    scene('runs the grants that only a mock has', options, async ({ page, issuer }) => {
      const { open, field, click, section, json, status } = debuggerPage(page);
      await open(issuer, 'Password');
      await click('Log in');
      assert.match(await status('Ask with the password'), /^200/);
      assert.equal((await json('ID token', 'Claims')).sub, 'alice');

      await open(issuer, 'Implicit');
      await field('Login hint').fill('bob');
      await click('Log in');
      if (!javaScriptEnabled) await click('Continue');
      assert.match(await status('Send the browser to /authorize'), /in a form/);
      assert.equal((await json('ID token', 'Claims')).sub, 'bob');
      assert.match((await facts(section('Access token'))).Signature, /verified/);

      await open(issuer, 'Hybrid');
      await field('Login hint').fill('carol');
      await field('Response mode').selectOption('fragment');
      await click('Log in');
      if (!javaScriptEnabled) {
        await page.getByLabel('Address of this page').fill(page.url());
        await click('Read the answer');
      }
      assert.match(await status('Send the browser to /authorize'), /in the fragment/);
      assert.equal((await json('ID token', 'Claims')).sub, 'carol');
      await click('Redeem the code');
      assert.match(await status('Redeem the code'), /^200/);
    });

    scene('presents an assertion', options, async ({ page, issuer }) => {
      const { open, click, text, status } = debuggerPage(page);
      await open(issuer, 'JWT bearer');
      await click('Get token');
      assert.match(await text('Present the assertion', 'Request'), /assertion=eyJ/);
      assert.match(await status('Present the assertion'), /^\d{3} /);
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
    const { field, click, json } = debuggerPage(page);
    await field('Client ID').fill('some & client');
    await field('Client secret').fill('"=%&');
    await field('Scope').fill('openid email read');
    await field('Login hint').fill('bob');
    await field('Response mode').selectOption('form_post');
    await field('More parameters').fill('resource=https://api.example/x&max_age=60');
    await click('Log in');
    await click('Redeem the code');
    const claims = await json('ID token', 'Claims');
    assert.equal(claims.sub, 'bob');
    assert.equal(claims.aud, 'some & client');
    assert.equal((await json('Access token', 'Claims')).aud, 'https://api.example/x');
    const { entries } = await control('GET', 'journal', undefined, { endpoint: 'authorize' });
    assert.equal(entries.at(-1).parameters.max_age, '60');
  });

  scene('logs in without a secret', { seed: {} }, async ({ page, issuer }) => {
    await page.goto(`${issuer}/debugger`);
    const { field, click, section } = debuggerPage(page);
    await field('Client ID').fill('spa');
    await field('Client secret').fill('');
    await field('Login hint').fill('bob');
    await click('Log in');
    await click('Redeem the code');
    assert.match((await facts(section('ID token'))).Signature, /verified/);
  });

  scene('shows how a login failed', { seed: {} }, async ({ page, issuer }) => {
    await page.goto(`${issuer}/debugger`);
    const { field, click, section, alert } = debuggerPage(page);
    await field('Prompt').selectOption('none');
    await click('Log in');
    await alert.waitFor();
    assert.equal((await facts(section('Send the browser to /authorize'))).error, 'login_required');
    await page.goto(`${issuer}/debugger`);
    await click('Log in');
    await loginPage(page).deny.click();
    await alert.waitFor();
    assert.equal((await facts(section('Send the browser to /authorize'))).error, 'access_denied');
  });

  for (const [fault, look] of [
    ['expired', async ({ section }) => assert.match((await facts(section('ID token'))).Validity, /expired/)],
    ['wrong-nonce', async ({ alert }) => assert.match(await alert.first().innerText(), /nonce/)],
    ['tampered', async ({ section }) => assert.match((await facts(section('ID token'))).Signature, /does not verify/)],
  ]) {
    scene(`shows the fault ${fault}`, { seed: {} }, async ({ page, issuer }) => {
      await page.goto(`${issuer}/debugger`);
      const form = debuggerPage(page);
      await form.field('Scope').fill(`openid fault:${fault}`);
      await form.field('Login hint').fill('alice');
      await form.click('Log in');
      await form.click('Redeem the code');
      await look(form);
      assert.equal((await facts(form.section('Redeem the code')))['jeton-mock-fault'], fault);
    });
  }
});

describe('the journal', () => {
  const ask = (issuer, client_id, more) =>
    fetch(`${issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret: 'x', ...more }),
    });
  const requests = (page) => page.getByRole('region', { name: 'Requests' });

  scene('is each issuer’s own, and shows each request', { seed: {} }, async ({ page, mock, issuer }) => {
    await ask(issuer, 'only-here', { scope: 'read' });
    await page.goto(`${mock}/debugger/journal`);
    assert.equal(await requests(page).getByText('only-here').count(), 0);
    await page.goto(`${issuer}/debugger/journal`);
    const row = requests(page).getByRole('row').nth(1);
    assert.match(await row.innerText(), /POST token\s+client_credentials\s+200\s+only-here\s+waived: client/);
    await row.getByRole('link').click();
    await page.getByRole('heading', { level: 1, name: /^POST \/scene-.*\/token$/ }).waitFor();
    const text = await page.getByRole('region', { name: 'Request' }).innerText();
    assert.match(text, /client_secret\s+\[redacted\]/);
    assert.match(text, /scope\s+read/);
    assert.match(await page.getByRole('region', { name: 'Answer' }).innerText(), /client/);
  });

  scene('is live where scripts run', { seed: {} }, async ({ page, issuer, control }) => {
    await page.goto(`${issuer}/debugger/journal`);
    await requests(page).getByText('No requests yet.').waitFor();
    for (const client of ['first', 'second', 'third']) {
      await ask(issuer, client);
      await requests(page).getByText(client).waitFor();
    }
    const shown = await requests(page).getByRole('row').allInnerTexts();
    assert.deepEqual(
      shown.map((row) => /first|second|third/.exec(row)?.[0]),
      [undefined, 'third', 'second', 'first'],
      'the newest first, each once, and nobody who looks on',
    );
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused').waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    await ask(issuer, 'fourth');
    await requests(page).getByText('fourth').waitFor();
    const { entries } = await control('GET', 'journal');
    assert.deepEqual([...new Set(entries.map(({ endpoint }) => endpoint))], ['token'], 'looking on is no request');
    // One that begins anew is shown as it is.
    await control('POST', 'reset');
    await requests(page).getByText('No requests yet.').waitFor();
  });

  scene('works without scripts', { seed: {}, browser: { javaScriptEnabled: false } }, async ({ page, issuer }) => {
    await page.goto(`${issuer}/debugger/journal`);
    await ask(issuer, 'seen');
    await page.getByRole('link', { name: 'Look again' }).click();
    await requests(page).getByText('seen').waitFor();
    await ask(issuer, 'fail.invalid_client');
    await page.getByLabel('Status').fill('401');
    await page.getByRole('button', { name: 'Filter' }).click();
    await requests(page).getByText('fail.invalid_client').waitFor();
    assert.equal(await requests(page).getByText('seen').count(), 0);
    await page.getByLabel('Status').fill('x');
    await page.getByRole('button', { name: 'Filter' }).click();
    assert.match(await page.getByRole('alert').innerText(), /number/);
  });

  scene('has the request that a page refers to, and why it was refused', { seed: {} }, async ({ page, issuer }) => {
    const nowhere = '<b>nowhere</b>';
    await page.goto(`${issuer}/authorize?${new URLSearchParams({ client_id: 'web', redirect_uri: nowhere })}`);
    const shown = await facts(page.getByRole('main'));
    assert.equal(shown.Parameter, 'redirect_uri');
    assert.equal(shown.Value, nowhere);
    assert.match(shown.Rule, /RFC 6749 §3\.1\.2\.3/);
    assert.match(await page.getByRole('main').innerText(), /Error 400\s*invalid_request/);
    const reference = await page.getByText('Reference:').locator('code').innerText();
    await page.getByRole('link', { name: 'See the request in the journal' }).click();
    const asked = await facts(page.getByRole('region', { name: 'Request' }));
    assert.equal(asked.Reference, reference);
    assert.equal(asked.Endpoint, 'authorize');
    const answered = await facts(page.getByRole('region', { name: 'Answer' }));
    assert.match(answered.Why, /redirect_uri is missing or not registered/);
  });

  scene('what was asked is text in it, not markup', { seed: {} }, async ({ page, issuer }) => {
    const nasty = '"><img src=x onerror=alert(1)><b>';
    await fetch(`${issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: nasty, client_id: nasty, [nasty]: nasty }),
    });
    const query = new URLSearchParams({ client_id: nasty, scope: nasty, redirect_uri: `javascript:${nasty}` });
    await page.goto(`${issuer}/debugger/journal`);
    await fetch(`${issuer}/authorize?${query}`);
    await requests(page).getByText('authorize').last().waitFor();
    assert.equal(await page.locator('img, main b').count(), 0);
    assert.ok((await requests(page).innerText()).includes(nasty));
    for (const row of [1, 2]) {
      await requests(page).getByRole('row').nth(row).getByRole('link').click();
      await page.getByRole('region', { name: 'Request' }).waitFor();
      assert.equal(await page.locator('img, main b').count(), 0);
      await page.goto(`${issuer}/debugger/journal`);
    }
  });
});

scene('tokens are copied whole by a button, and by hand without scripts', { seed: {} }, async (on) => {
  const { page, issuer, control } = on;
  const { token } = await control('POST', 'mint', { claims: { sub: 'dora' } });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${issuer}/debugger`);
  const form = debuggerPage(page);
  await form.token.fill(token);
  await form.read.click();
  await page.getByRole('button', { name: 'Copy: Access token' }).click();
  await page.getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
  await page.setViewportSize({ width: 390, height: 844 });
  const box = page.getByRole('group', { name: 'Access token' });
  const [inside, outside] = await box.evaluate((pre) => [pre.scrollWidth, pre.clientWidth]);
  assert.ok(inside <= outside, `a token that is cut: ${inside} px in ${outside} px`);
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
  await debuggerPage(page).click('Log in');
  await loginPage(page).user('alice').click();
  await debuggerPage(page).click('Redeem the code');
  assert.match((await facts(debuggerPage(page).section('ID token'))).Signature, /verified/);
  assert.equal(new URL(page.url()).hostname, '127.0.0.1');
});

scene('two logins side by side in one browser do not disturb each other', { seed: {} }, async ({ page, issuer }) => {
  const other = await page.context().newPage();
  try {
    for (const tab of [page, other]) {
      await tab.goto(`${issuer}/debugger`);
      await debuggerPage(tab).click('Log in');
      await loginPage(tab).user('alice').waitFor();
    }
    for (const [tab, user] of [
      [page, 'alice'],
      [other, 'bob'],
    ]) {
      await loginPage(tab).user(user).click();
      await debuggerPage(tab).click('Redeem the code');
      await debuggerPage(tab).section('ID token').waitFor();
      assert.equal((await debuggerPage(tab).json('ID token', 'Claims')).sub, user);
    }
  } finally {
    await other.close();
  }
});
