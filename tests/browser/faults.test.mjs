// Each magic value, and what a client library as it is makes of it. `login_hint` spares the clicks.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unless } from './support/chromium.mjs';
import { failed, loggedIn, scene, theMock } from './support/scene.mjs';

const start = (page, app, parameters = {}) =>
  page.goto(`${app}/login?${new URLSearchParams({ login_hint: 'alice', ...parameters })}`);

/** The application is told, and shows, this. */
const told = (expected) => async (page, app) => {
  const shown = await failed(page, app);
  for (const [name, value] of Object.entries(expected)) {
    if (value instanceof RegExp) assert.match(JSON.stringify(shown[name]) ?? '', value, JSON.stringify(shown));
    else assert.deepEqual(shown[name], value, JSON.stringify(shown));
  }
};

/** RFC 6749 §4.1.2.1 */
const redirected = (error) => told({ code: 'OAUTH_AUTHORIZATION_RESPONSE_ERROR', error });
/** RFC 6749 §5.2 */
const refused = (status, error) => told({ code: 'OAUTH_RESPONSE_BODY_ERROR', status, error });
/** RFC 6750 §3 and, without an error, RFC 7617 */
const challenged = (status, scheme, error) =>
  told({
    code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE',
    status,
    cause: new RegExp(`"scheme":"${scheme}"${error ? `.*"error":"${error}"` : ''}`),
  });
/** The application trusts nothing of the answer, for this `code`; `cause` says why, where the code does not. */
const disbelieved = (code, cause) => told(cause ? { code, cause } : { code });
const through = async (page, app) => assert.equal((await loggedIn(page, app)).claims.sub, 'alice');

/** openid-client takes a token of any size. */
const oversized = async (page, app) => assert.ok(JSON.stringify((await loggedIn(page, app)).claims).length > 16_384);

/** The browser stays at the mock, which answered with this status and a text that has `error`. */
const answered = (status, error) => async (page, app, response) => {
  assert.equal(response.status(), status);
  assert.notEqual(new URL(page.url()).origin, app);
  assert.ok((await page.locator('body').innerText()).includes(error));
};
const unanswered = async (page, _app, _response, failure) => {
  assert.match(String(failure), /ERR_EMPTY_RESPONSE/);
  // The browser's own page about it comes a little later.
  await page.waitForURL(/^chrome-error:/);
};

const INVALID = 'OAUTH_INVALID_RESPONSE';
const TIME = 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED';
const CLAIM = 'OAUTH_JWT_CLAIM_COMPARISON_FAILED';

/** Name → what happens by `client_id=fail.NAME`, and, if that differs, by `scope=openid fault:NAME`. */
const ROWS = {
  // An error that both endpoints have acts at authorize, which is asked first.
  invalid_request: [redirected('invalid_request')],
  unauthorized_client: [redirected('unauthorized_client')],
  access_denied: [redirected('access_denied')],
  unsupported_response_type: [redirected('unsupported_response_type')],
  invalid_scope: [redirected('invalid_scope')],
  invalid_target: [redirected('invalid_target')],
  server_error: [redirected('server_error')],
  temporarily_unavailable: [redirected('temporarily_unavailable')],
  login_required: [redirected('login_required')],
  consent_required: [redirected('consent_required')],
  interaction_required: [redirected('interaction_required')],
  account_selection_required: [redirected('account_selection_required')],
  invalid_client: [challenged(401, 'basic')],
  invalid_grant: [refused(400, 'invalid_grant')],
  unsupported_grant_type: [refused(400, 'unsupported_grant_type')],
  authorization_pending: [refused(400, 'authorization_pending')],
  slow_down: [refused(400, 'slow_down')],
  expired_token: [refused(400, 'expired_token')],
  invalid_token: [challenged(401, 'bearer', 'invalid_token')],
  insufficient_scope: [challenged(403, 'bearer', 'insufficient_scope')],
  'status-503': [answered(503, 'server_error')],
  'status-418': [answered(418, 'invalid_request')],
  'rate-limit': [answered(429, 'temporarily_unavailable')],
  'rate-limit-7': [answered(429, 'temporarily_unavailable')],
  'slow-400ms': [through],
  'slow-1s': [through],
  drop: [unanswered],
  truncate: [disbelieved('OAUTH_PARSE_ERROR')],
  html: [disbelieved('OAUTH_RESPONSE_IS_NOT_JSON')],
  // openid-client looks at the content type only where the text is no JSON.
  'content-type-text': [through],
  empty: [disbelieved('OAUTH_PARSE_ERROR')],
  'missing-access_token': [disbelieved(INVALID, /access_token/)],
  'missing-token_type': [disbelieved(INVALID, /token_type/)],
  'missing-id_token': [disbelieved(INVALID, /id_token/)],
  'missing-expires_in': [through],
  expired: [disbelieved(TIME, /"exp/)],
  'not-yet-valid': [disbelieved(TIME, /"nbf/)],
  'wrong-issuer': [disbelieved(CLAIM, /"iss/)],
  'wrong-audience': [disbelieved(CLAIM, /"aud/)],
  'wrong-nonce': [disbelieved(CLAIM, /nonce/)],
  'wrong-key': [disbelieved(INVALID, /signature/)],
  tampered: [disbelieved(INVALID, /signature/)],
  'alg-none': [disbelieved(INVALID, /alg/)],
  'unknown-kid': [disbelieved('OAUTH_KEY_SELECTION_FAILED')],
  // Its own /userinfo knows what it has issued; openid-client asks for no type.
  'wrong-typ': [through],
  oversized: [oversized],
  'without-sub': [disbelieved(INVALID, /sub/)],
  'without-exp': [disbelieved(INVALID, /exp/)],
  'without-nonce': [disbelieved(INVALID, /nonce/)],
};

/** Name → what happens where the fault acts at token alone, though authorize has that error as well. */
const AT_TOKEN = {
  invalid_request: refused(400, 'invalid_request'),
  unauthorized_client: refused(400, 'unauthorized_client'),
  access_denied: refused(400, 'access_denied'),
  invalid_scope: refused(400, 'invalid_scope'),
  invalid_target: refused(400, 'invalid_target'),
  // openid-client reads no error from a response with a status of 500 or more.
  server_error: disbelieved('OAUTH_RESPONSE_IS_NOT_CONFORM'),
  temporarily_unavailable: disbelieved('OAUTH_RESPONSE_IS_NOT_CONFORM'),
  'status-503': disbelieved('OAUTH_RESPONSE_IS_NOT_CONFORM'),
  'status-418': refused(418, 'invalid_request'),
  'rate-limit-7': told({ status: 429 }),
  drop: told({ name: 'TypeError', cause: /other side closed/ }),
};

/** Logs in, and expects what the fault `name` makes of it, and its name in the journal. */
async function happens({ page, app, issuer, control }, name, parameters, expected) {
  const begun = Date.now();
  let failure;
  const response = await start(page, app, parameters).catch((error) => {
    failure = error;
  });
  await expected(page, app, response, failure);
  const delay = /^slow-(\d+)(ms|s)$/.exec(name);
  if (delay) assert.ok(Date.now() - begun >= delay[1] * (delay[2] === 's' ? 1000 : 1));
  const { entries } = await control('GET', 'journal');
  assert.ok(
    entries.some(({ faults = [] }) => faults.includes(name)),
    `${issuer}: ${JSON.stringify(entries)}`,
  );
}

describe('client_id=fail.NAME', () => {
  for (const [name, [expected]] of Object.entries(ROWS)) {
    scene(`fail.${name}`, { client: { clientId: `fail.${name}` } }, (on) => happens(on, name, {}, expected));
  }
});

describe('scope=openid fault:NAME', () => {
  for (const [name, [byClient, byScope = byClient]] of Object.entries(ROWS)) {
    scene(`fault:${name}`, {}, (on) => happens(on, name, { scope: `openid fault:${name}` }, byScope));
  }

  scene('two at once: late, and a token out of time', {}, (on) =>
    happens(on, 'slow-300ms', { scope: 'openid fault:slow-300ms fault:expired' }, disbelieved(TIME)),
  );
});

describe('a fault at token', () => {
  for (const [name, expected] of Object.entries(AT_TOKEN)) {
    scene(name, { seed: { faults: [{ match: { endpoint: 'token' }, fault: name }] } }, (on) =>
      happens(on, name, {}, expected),
    );
  }

  scene('once: the next login succeeds', { seed: { faults: [{ fault: 'server_error', times: 1 }] } }, async (on) => {
    await happens(on, 'server_error', {}, redirected('server_error'));
    await start(on.page, on.app);
    await through(on.page, on.app);
  });
});

describe('no magic under strict rules', () => {
  const clients = (app) => [
    {
      client_id: 'app',
      client_secret: 'app-secret',
      redirect_uris: [`${app}/callback`],
      scope: 'openid profile email',
    },
  ];
  scene(
    'a client that is not registered is not',
    { seed: { strictness: 'strict' }, client: { clientId: 'fail.access_denied' } },
    async ({ page, app }) => {
      const response = await start(page, app);
      assert.equal(response.status(), 400);
      await page.getByRole('heading', { level: 1 }).waitFor();
      assert.notEqual(new URL(page.url()).origin, app);
    },
  );

  scene(
    'a scope nobody registered is not granted',
    { seed: { strictness: 'strict' } },
    async ({ page, app, control }) => {
      await control('POST', 'clients', clients(app)[0]);
      await start(page, app);
      await through(page, app);
      await start(page, app, { scope: 'openid fault:expired' });
      await redirected('invalid_scope')(page, app);
    },
  );
});

test('every name of the table has its row', { skip: unless.skip }, async () => {
  const { origin } = await theMock();
  const response = await fetch(`${origin}/_mock/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"fault":"no-such-fault"}',
  });
  assert.equal(response.status, 400);
  const { error_description: said } = await response.json();
  const names = /one of (.*)$/
    .exec(said)[1]
    .split(', ')
    .map((name) => name.replace(/[^a-zA-Z-]*$/, ''));
  assert.ok(names.length > 15, said);
  for (const name of names) {
    const pattern = new RegExp(
      `^${name
        .replace('NNN', '\\d{3}')
        .replace(/SECONDS|N(?=m?s$)/, '\\d+')
        .replace(/FIELD|CLAIM/, '\\w+')}$`,
    );
    assert.ok(
      Object.keys(ROWS).some((row) => pattern.test(row)),
      name,
    );
  }
});
