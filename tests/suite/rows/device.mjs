import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { clients, ISSUER, OLDER_SECRET } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  handedBack,
  handoff,
  introspect,
  isEnded,
  now,
  OFFLINE,
  postAs,
  random,
  refreshed,
  requestIn,
  sleep,
  userinfo,
} from '../support/flow.mjs';
import { DEVICE_GRANT } from '../support/grant-clients.mjs';
import { formOf, isPage, policyOf, withoutReference } from '../support/html.mjs';
import { send } from '../support/http.mjs';
import { get, host, post } from '../support/target.mjs';
import { bent, claimsOf, generationOf, mint, parse, reseal } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { tv, console: box, web } = clients;
const USER_CODE = /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/;

const start = (client, form = OFFLINE) => postAs(client, '/device_authorization', form);

async function started(client, form) {
  const response = await start(client, form);
  assert.equal(response.status, 200, response.text);
  return response.json();
}

const poll = (client, { device_code }) => postAs(client, '/token', { grant_type: DEVICE_GRANT, device_code });

/** A person who has logged in at `address`, before the form that asks for the code. */
async function atForm(address, answer = {}) {
  const browser = new Browser();
  const request = requestIn(await browser.get(address));
  const page = await browser.get(await answered('accept', { request, ...ALICE, subject: random(), ...answer }));
  isPage(page);
  return { browser, page, form: formOf(page.text) };
}

const submit = ({ browser, form }, fields) => browser.post(form.action, { ...form.fields, ...fields });

/** The page that asks whether to approve. */
async function atConfirmation(user_code, answer) {
  const person = await atForm('/device', answer);
  const page = await submit(person, { user_code });
  isPage(page);
  return { browser: person.browser, page, form: formOf(page.text) };
}

async function decided(user_code, decision, answer) {
  const page = await submit(await atConfirmation(user_code, answer), { decision });
  return isPage(page);
}

describe('device grant', { concurrency: 8 }, () => {
  for (const client of [tv, box]) {
    test(`RFC 8628 §3.2: the answer to ${client.client_id}`, async () => {
      const response = await start(client);
      assert.equal(response.status, 200, response.text);
      assert.equal(response.headers['content-type'], 'application/json');
      assert.equal(response.headers['cache-control'], 'no-store');
      const { device_code, user_code, ...rest } = response.json();
      assert.match(device_code, /^jdc_[\w-]{76}$/);
      assert.match(user_code, USER_CODE, '§6.1: no vowels, nothing that looks like a digit');
      assert.deepEqual(rest, {
        verification_uri: `${ISSUER}/device`,
        verification_uri_complete: `${ISSUER}/device?user_code=${user_code}`,
        expires_in: 600,
        interval: 5,
      });
    });
  }

  test('/device/, as it is typed by hand: led to /device, with the code', async () => {
    for (const query of ['', '?user_code=WDJB-MJHT']) {
      const response = await new Browser().get(`/device/${query}`);
      assert.equal(response.status, 303, response.text);
      assert.equal(response.headers.location, `/device${query}`);
    }
    for (const path of ['/device//', '/devices/', '/authorize/']) assert.equal((await get(path)).status, 404, path);
    assert.equal((await post('/device/', {})).status, 404);
  });

  test('RFC 8628 §5.1: user codes are drawn, evenly', async () => {
    const codes = (await Promise.all(Array.from({ length: 60 }, () => started(tv)))).map((body) => body.user_code);
    assert.equal(new Set(codes).size, 60);
    const letters = codes.join('').replaceAll('-', '');
    assert.equal(new Set(letters).size, 20, 'every letter of the alphabet among 480');
  });

  test('RFC 8628 §3.4: from the code on the screen to tokens', async () => {
    const device = await started(tv);
    isError(await poll(tv, device), 400, 'authorization_pending');
    const typed = device.user_code.toLowerCase().replace('-', ' ');
    const confirmation = await atConfirmation(typed, { subject: 'alice' });
    const asked = [...confirmation.page.text.matchAll(/<li>([^<]*)<code>([^<]*)<\/code>/g)].map(([, ...it]) => it);
    assert.deepEqual(asked, [
      ['Know who you are', 'openid'],
      ['See your name and profile', 'profile'],
      ['See your email address', 'email'],
      ['Keep access while you are away', 'offline_access'],
      ['', 'read'],
      ['', 'write'],
    ]);
    assert.deepEqual(
      confirmation.form.buttons.map((button) => button.value),
      ['approve', 'deny'],
    );
    assert.match(isPage(await submit(confirmation, { decision: 'approve' })), /connected/i);
    const { body, payload } = await isToken(await poll(tv, device), { audience: 'https://api.example' });
    assert.deepEqual(Object.keys(body), [
      'access_token',
      'token_type',
      'expires_in',
      'scope',
      'refresh_token',
      'id_token',
    ]);
    assert.equal(payload.sub, 'alice');
    assert.equal(claimsOf(body.id_token).nonce, undefined);
    assert.ok(Math.abs(payload.auth_time - now()) < 5);
    assert.equal((await userinfo(body.access_token)).json().email, 'alice@example.com');
    assert.equal(generationOf((await refreshed(tv, body.refresh_token)).refresh_token), 2);
  });

  test('RFC 8628 §3.3.1: verification_uri_complete fills the code in, and still asks', async () => {
    const device = await started(tv);
    const person = await atForm(device.verification_uri_complete);
    assert.equal(person.form.fields.user_code, device.user_code);
    const page = await submit(person, {});
    const confirmation = { browser: person.browser, form: formOf(isPage(page)) };
    assert.ok(page.text.includes(device.user_code), '§5.4: compare it with the screen');
    isPage(await submit(confirmation, { decision: 'approve' }));
    await isToken(await poll(tv, device));
  });

  test('RFC 8628 §3.3: the page says whose account it is, and leads to another', async () => {
    const { user_code } = await started(tv);
    const named = { claims: JSON.stringify({ name: 'Eve <Example>', email: 'eve@example.com' }) };
    const { page, browser } = await atConfirmation(user_code, named);
    const who = 'You are logged in as <strong><bdi>Eve &lt;Example&gt;</bdi></strong> (<bdi>eve@example.com</bdi>).';
    assert.ok(page.text.includes(who), page.text);
    const link = `<a href="/device?user_code=${user_code}&amp;prompt=select_account">Use another account</a>`;
    assert.ok(page.text.includes(link), page.text);
    const asked = async (query) => {
      const request = requestIn(await browser.get(`/device?user_code=${user_code}${query}`));
      return (await handoff('request', { request })).json().prompt;
    };
    assert.equal(await asked('&prompt=select_account'), 'select_account');
    assert.equal(await asked('&prompt=none'), undefined);
    // Of whom nothing is said there is the subject.
    const subject = random();
    const bare = await atConfirmation((await started(tv)).user_code, { subject, claims: '{}' });
    assert.ok(bare.page.text.includes(`<strong><bdi>${subject}</bdi></strong>.`), bare.page.text);
  });

  test('RFC 8628 §3.5: denied: access_denied, for good', async () => {
    const device = await started(tv);
    const page = await decided(device.user_code, 'deny');
    assert.ok(/not connected/i.test(page) && !page.includes('Reference'), page);
    isError(await poll(tv, device), 400, 'access_denied');
    assert.match(await decidedLate(device.user_code), /not known or has expired/i);
    isError(await poll(tv, device), 400, 'access_denied');
  });

  const decidedLate = async (user_code) => (await submit(await atForm('/device'), { user_code })).text;

  test('RFC 8628 §3.5: the login was refused: nothing was granted, and the code can still be used', async () => {
    const device = await started(tv);
    const browser = new Browser();
    const request = requestIn(await browser.get(device.verification_uri_complete));
    assert.match(isPage(await browser.get(await answered('reject', { request }))), /not connected/i);
    await decided(device.user_code, 'approve');
    await isToken(await poll(tv, device));
  });

  test('the login application cannot narrow a scope before the code is known: invalid_scope, and login goes on', async () => {
    const device = await started(tv, { scope: 'openid read write' });
    const browser = new Browser();
    const request = requestIn(await browser.get('/device'));
    const answer = { request, ...ALICE, subject: random() };
    handedBack(await handoff('accept', { ...answer, scope: 'openid read' }), 'invalid_scope');
    const form = formOf(isPage(await browser.get(await answered('accept', answer))));
    const page = await submit({ browser, form }, { user_code: device.user_code });
    await submit({ browser, form: formOf(isPage(page)) }, { decision: 'approve' });
    assert.equal((await poll(tv, device)).json().scope, 'openid read write');
  });

  test('RFC 8628 §3.5: polled twice within the interval: slow_down', async () => {
    const device = await started(tv);
    isError(await poll(tv, device), 400, 'authorization_pending');
    isError(await poll(tv, device), 400, 'slow_down');
    isError(await poll(tv, device), 400, 'slow_down');
    await decided(device.user_code, 'approve');
    await isToken(await poll(tv, device));
  });

  test('RFC 8628 §3.5: polled as often as told: authorization_pending', async () => {
    const device = await started(tv);
    isError(await poll(tv, device), 400, 'authorization_pending');
    await sleep(5050);
    isError(await poll(tv, device), 400, 'authorization_pending');
  });

  test('RFC 8628 §3.4: ten polls at once after the approval: tokens once', async () => {
    const device = await started(tv);
    await decided(device.user_code, 'approve');
    const responses = await Promise.all(Array.from({ length: 10 }, () => poll(tv, device)));
    const [tokens, ...others] = responses.filter(({ status }) => status === 200);
    assert.deepEqual(others, []);
    for (const response of responses.filter(({ status }) => status !== 200)) isError(response, 400, 'invalid_grant');
    await refreshed(tv, tokens.json().refresh_token);
  });

  test('a device code redeemed again: invalid_grant, and later than grace everything ends', async () => {
    const device = await started(box);
    await decided(device.user_code, 'approve');
    const tokens = (await poll(box, device)).json();
    isError(await poll(box, device), 400, 'invalid_grant');
    assert.equal((await introspect(box, tokens.access_token)).json().active, true);
    await sleep(2100);
    isError(await poll(box, device), 400, 'invalid_grant');
    await isEnded(box, tokens);
  });

  test("RFC 8628 §3.4: another client's device_code: invalid_grant, and the owner goes on", async () => {
    const device = await started(tv);
    await decided(device.user_code, 'approve');
    isError(await poll(box, device), 400, 'invalid_grant');
    await isToken(await poll(tv, device));
  });

  test('a device code that is forged, bent or of another kind: invalid_grant', async () => {
    const device = await started(tv);
    await decided(device.user_code, 'approve');
    const { grant } = parse(device.device_code);
    const own = { prefix: 'jdc_', grant, generation: 0, client_id: 'tv' };
    assert.equal(mint(own), device.device_code);
    const foreign = [
      ['of another secret', mint({ ...own, secret: OLDER_SECRET })],
      ['of no grant', mint({ ...own, grant: Buffer.alloc(16, 3) })],
      ['garbage', 'x'],
      ['the user code', device.user_code],
    ];
    for (const [name, device_code] of [...bent(device.device_code), ...foreign]) {
      const response = await poll(tv, { device_code });
      assert.equal(response.status, 400, name);
      isError(response, 400, 'invalid_grant');
    }
    await isToken(await poll(tv, device));
  });

  test('RFC 6749 §5.2: no device_code: invalid_request', async () => {
    isError(await postAs(tv, '/token', { grant_type: DEVICE_GRANT }), 400, 'invalid_request');
  });

  test('an approved device cannot be redeemed as another kind', async () => {
    const device = await started(tv);
    await decided(device.user_code, 'approve');
    const form = { grant_type: 'refresh_token', refresh_token: device.device_code };
    isError(await postAs(tv, '/token', form), 400, 'invalid_grant');
    isError(
      await postAs(tv, '/token', { grant_type: 'authorization_code', code: device.device_code }),
      400,
      'unauthorized_client',
    );
    await isToken(await poll(tv, device));
  });

  const refused = [
    ['RFC 8628 §3.1: a client not registered for it', web, {}, 400, 'unauthorized_client'],
    ['RFC 8628 §3.1: wrong client authentication', { ...box, client_secret: 'wrong' }, {}, 401, 'invalid_client'],
    ['RFC 8628 §3.1: an unknown client', { client_id: 'nobody' }, {}, 401, 'invalid_client'],
    ['RFC 8628 §3.2: a scope that is not registered', tv, { scope: 'root' }, 400, 'invalid_scope'],
    ['RFC 6749 §3.3: a scope of spaces', tv, { scope: ' ' }, 400, 'invalid_scope'],
    ['RFC 8707 §2: a resource that is not registered', tv, { resource: 'https://evil.example' }, 400, 'invalid_target'],
    [
      'RFC 8628 §3.1: a parameter twice',
      tv,
      [
        ['scope', 'read'],
        ['scope', 'read'],
      ],
      400,
      'invalid_request',
    ],
  ];

  for (const [name, client, form, status, error] of refused) {
    test(`${name}: ${error}`, async () => {
      isError(await start(client, form), status, error);
    });
  }

  test('RFC 8628 §3.1: no authentication: invalid_client; GET: 405', async () => {
    isError(await post('/device_authorization', {}), 401, 'invalid_client');
    const response = await send((await host()).url, { path: '/device_authorization?client_id=tv' });
    isError(response, 405, 'invalid_request');
  });
});

describe('device grant: the pages', { concurrency: 8 }, () => {
  test('the login application learns that it is a device', async () => {
    const request = requestIn(await new Browser().get('/device?user_code=BBBB-BBBB'));
    assert.deepEqual(Object.keys((await handoff('request', { request })).json()), ['kind', 'expires_at']);
    assert.equal((await handoff('request', { request })).json().kind, 'device');
  });

  const unknown = [
    'BBBB-BBBB',
    'bbbbbbbb',
    'AAAA-AAAA',
    '1234',
    '',
    'x'.repeat(1000),
    'ÄÖÜß',
    '\u0000',
    "'; DROP TABLE grant; --",
  ];
  test('RFC 8628 §5.1: a code that is not known is asked for again', async () => {
    const person = await atForm('/device');
    for (const user_code of unknown) {
      const text = isPage(await submit(person, { user_code }));
      assert.match(text, /role="alert"/, user_code);
      assert.equal(formOf(text).fields.user_code, user_code, 'as it was typed');
    }
  });

  test('RFC 8628 §6.1: a code is taken in any case and with any separator', async () => {
    for (const spell of [
      (c) => c,
      (c) => c.replace('-', ''),
      (c) => c.toLowerCase(),
      (c) => ` ${c.split('').join(' ')} `,
      (c) => c.replace('-', '–').toLowerCase(),
    ]) {
      const { user_code } = await started(tv);
      assert.deepEqual((await atConfirmation(spell(user_code))).form.buttons.length, 2, spell(user_code));
    }
  });

  const hostile = '"><script>alert(1)</script>';
  test('what was typed, and the name of the client, are text in the pages', async () => {
    const person = await atForm(`/device?${new URLSearchParams({ user_code: hostile })}`);
    const pages = [person.page.text, isPage(await submit(person, { user_code: hostile }))];
    const { user_code } = await started(tv);
    const confirmation = await atConfirmation(user_code);
    pages.push(confirmation.page.text);
    assert.ok(confirmation.page.text.includes('TV &lt;script&gt;alert(1)&lt;/script&gt;'));
    for (const text of pages) assert.ok(!text.includes('<script'), text);
    assert.equal(formOf(pages[1]).fields.user_code, hostile);
    assert.equal(policyOf(confirmation.page)['form-action'], "'self'");
    assert.equal(policyOf(confirmation.page)['script-src'], undefined);
  });

  test('RFC 8628 §5.1: after ten wrong codes of one subject: 429, and others go on', async () => {
    const subject = random();
    const person = await atForm('/device', { subject });
    const { user_code } = await started(tv);
    for (let n = 0; n < 9; n += 1) isPage(await submit(person, { user_code: 'BBBB-BBBB' }));
    for (let n = 0; n < 12; n += 1) {
      const page = isPage(await submit(person, { user_code }));
      assert.equal(formOf(page).buttons.length, 2, 'a right code is none of them');
    }
    isPage(await submit(person, { user_code: 'BBBB-BBBB' }));
    const refused = await submit(person, { user_code: 'BBBB-BBBB' });
    isPage(refused, 429);
    assert.equal(refused.headers['retry-after'], '600');
    isPage(await submit(person, { user_code }), 429);
    isPage(await submit(await atForm('/device', { subject }), { user_code }), 429);
    assert.match(await decided(user_code, 'approve'), /connected/i, 'somebody else');
  });

  test('RFC 8628 §5.1: of 40 wrong codes at once ten are looked up', async () => {
    const person = await atForm('/device', { subject: random() });
    const guesses = Array.from({ length: 40 }, () => submit(person, { user_code: 'BBBB-BBBB' }));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [...Array(10).fill(200), ...Array(30).fill(429)]);
  });

  test('RFC 8628 §3.3.1: nothing is approved but from the page that shows the code', async () => {
    const [device, other] = [await started(tv), await started(tv)];
    const { user_code } = device;
    const seen = await atConfirmation(user_code);
    const { confirmation } = seen.form.fields;
    const stranger = await atConfirmation(user_code);
    const person = await atForm('/device');
    const forms = [
      ['without it', person, {}],
      ['of another login', person, { confirmation }],
      ["of another login, by the first one's browser", { ...person, browser: seen.browser }, { confirmation }, 400],
      ['with the ticket in its place', person, { confirmation: person.form.fields.ticket }],
      ...bent(confirmation).map(([name, text]) => [name, seen, { confirmation: text }]),
      ['resealed for another login', seen, { confirmation: reseal(confirmation, { request: random().slice(0, 22) }) }],
    ];
    for (const [name, who, form, status = 200] of forms) {
      const page = await submit(who, { user_code, decision: 'approve', ...form });
      assert.equal(page.status, status, name);
      if (status === 200) assert.equal(formOf(isPage(page)).buttons.length, 2, name);
    }
    isError(await poll(tv, device), 400, 'authorization_pending');
    const page = await submit(seen, { user_code: other.user_code, decision: 'approve' });
    assert.match(isPage(page), /connected/i);
    await isToken(await poll(tv, device));
    isError(await poll(tv, other), 400, 'authorization_pending');
    assert.match(isPage(await submit(stranger, { decision: 'approve' })), /has expired/);
  });

  for (const first of ['approve', 'deny']) {
    test(`one login decides one device: ${first}, and then another`, async () => {
      const [device, other] = [await started(tv), await started(tv)];
      const person = await atForm('/device');
      const confirmations = [];
      for (const { user_code } of [device, other]) {
        const page = isPage(await submit(person, { user_code }));
        confirmations.push({ browser: person.browser, form: formOf(page) });
      }
      assert.match(isPage(await submit(confirmations[0], { decision: first })), /connected/i);
      for (const decision of ['approve', 'deny']) isPage(await submit(confirmations[1], { decision }), 400);
      isError(await poll(tv, other), 400, 'authorization_pending');
      await decided(other.user_code, 'approve');
      await isToken(await poll(tv, other));
    });
  }

  test('one login decides one device, whichever of its tickets it comes back with', async () => {
    const [device, other] = [await started(tv), await started(tv)];
    const browser = new Browser();
    const request = requestIn(await browser.get('/device'));
    const decide = async ({ user_code }) => {
      const redirect = await answered('accept', { request, ...ALICE, subject: random() });
      const form = formOf(isPage(await browser.get(redirect)));
      const page = isPage(await submit({ browser, form }, { user_code }));
      return submit({ browser, form: formOf(page) }, { decision: 'approve' });
    };
    isPage(await decide(device));
    isPage(await decide(other), 400);
    isError(await poll(tv, other), 400, 'authorization_pending');
  });

  test('a decision that is sent again: the same page, also once the device has its tokens', async () => {
    const device = await started(tv);
    const confirmation = await atConfirmation(device.user_code);
    const approve = async () => withoutReference(isPage(await submit(confirmation, { decision: 'approve' })));
    const page = await approve();
    assert.match(page, /You can go back to your device/);
    assert.equal(await approve(), page);
    const tokens = (await poll(tv, device)).json();
    assert.equal(await approve(), page);
    assert.match(isPage(await submit(confirmation, { decision: 'deny' })), /has expired/, 'another decision');
    await refreshed(tv, tokens.refresh_token);

    const denied = await started(tv);
    const second = await atConfirmation(denied.user_code);
    for (let n = 0; n < 2; n += 1) {
      assert.match(isPage(await submit(second, { decision: 'deny' })), /Nothing was granted/);
    }
    isError(await poll(tv, denied), 400, 'access_denied');
  });

  test('a code that was approved cannot be approved by somebody else', async () => {
    const device = await started(tv);
    const second = await atConfirmation(device.user_code, { subject: 'mallory' });
    await decided(device.user_code, 'approve', { subject: 'alice' });
    assert.match(isPage(await submit(second, { decision: 'approve' })), /has expired/);
    const { payload } = await isToken(await poll(tv, device));
    assert.equal(payload.sub, 'alice');
  });

  test('RFC 9700 §4.7: the form works only in the browser it was shown in', async () => {
    const device = await started(tv);
    const person = await atForm('/device');
    const fields = { ...person.form.fields, user_code: device.user_code, decision: 'approve' };
    isPage(await new Browser().post('/device', fields), 400);
    const stranger = new Browser();
    await stranger.get('/device');
    isPage(await stranger.post('/device', fields), 400);
    isPage(await person.browser.post('/device', { user_code: device.user_code, decision: 'approve' }), 400);
    isPage(await person.browser.post('/device', { ...fields, ticket: 'x' }), 400);
    isError(await poll(tv, device), 400, 'authorization_pending');
  });

  test('an unknown decision approves nothing', async () => {
    const device = await started(tv);
    const confirmation = await atConfirmation(device.user_code);
    for (const decision of ['yes', 'Approve', 'true', '']) {
      assert.equal(formOf(isPage(await submit(confirmation, { decision }))).buttons.length, 2);
    }
    isError(await poll(tv, device), 400, 'authorization_pending');
  });
});
