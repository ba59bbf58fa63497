// Each application of "Log people in" logs somebody in, calls an API in their name, keeps them logged in, and lets
// them go.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startMock } from '../../packages/js/jeton-mock/index.js';
import { newPage, unless } from '../browser/support/chromium.mjs';
import { loginPage } from '../browser/support/pages.mjs';
import { BINARY } from '../hosts/native.mjs';
import { addresses, SCOPES, startApis } from './support/apis.mjs';
import { Person } from './support/person.mjs';
import { freePort, node, python, rust, serve, start } from './support/programs.mjs';
import { workplace } from './support/workplace.mjs';

const SESSION_KEY = 'sixteen bytes at least, of a test';
const SECRET = 'a secret of the client web';
const SCOPE = 'openid profile offline_access';
/** Of access tokens, in seconds: they are refreshed five before the end. */
const LIFETIME = 10;

// Each waits most of its time, for tokens to expire and for a device to ask again.
describe('log people in', { concurrency: true }, () => {
  const folder = workplace('log-people-in');
  const sessions = mkdtempSync(join(tmpdir(), 'jeton-examples-'));
  let mock;
  let issuer;
  let API;

  before(async () => {
    mock = await startMock({ bin: BINARY });
    // Of those alone that pages of other origins may call.
    const urls = await addresses(['hono.mjs']);
    API = urls['hono.mjs'];
    issuer = await mock.issuer('people', {
      strictness: 'strict',
      access_token_lifetime: LIFETIME,
      apis: [{ identifier: API, scopes: SCOPES }],
      clients: [],
    });
    await startApis(issuer.url, urls);
  });
  after(async () => {
    rmSync(sessions, { recursive: true });
    await mock?.stop();
  });

  const client = (client_id, record) =>
    issuer.addClient({ client_id, scope: SCOPE, apis: [{ identifier: API, scope: 'orders:read' }], ...record });
  const isPublic = (client_id, record) => client(client_id, { token_endpoint_auth_method: 'none', ...record });
  const CODE = { grant_types: ['authorization_code', 'refresh_token'] };

  const WEB = {
    'web.mjs': () => node('web.mjs'),
    'web.py': (port) => python('-m', 'flask', '--app', 'web', 'run', '--port', String(port)),
  };
  for (const [name, command] of Object.entries(WEB)) {
    describe(name, { concurrency: 1 }, () => {
      let ORIGIN;
      const SESSIONS = join(sessions, name);

      before(async () => {
        const PORT = await freePort();
        ORIGIN = `http://localhost:${PORT}`;
        await client(name, {
          client_secret: SECRET,
          redirect_uris: [`${ORIGIN}/callback`],
          post_logout_redirect_uris: [`${ORIGIN}/`],
          ...CODE,
        });
        const environment = { ISSUER: issuer.url, CLIENT_ID: name, CLIENT_SECRET: SECRET, API, ORIGIN, SESSION_KEY };
        await serve(command(PORT), folder, { ...environment, SESSIONS, PORT: String(PORT) });
      });

      const loggedIn = async (person, who) => {
        const page = await person.press(await person.open(`${ORIGIN}/login`), who);
        assert.equal(page.url.href, `${ORIGIN}/`, page.text);
        return page;
      };

      test('somebody logs in, and the API is called in their name', async () => {
        const person = new Person();
        const stranger = await person.open(`${ORIGIN}/`);
        assert.equal(stranger.status, 401);
        const page = await loggedIn(person, 'alice');
        assert.equal(page.status, 200, page.text);
        assert.match(page.text, /Logged in as Alice/i);
        assert.match(page.text, /1 jeton/);
        assert.match(page.headers.get('cache-control'), /no-store/);
      });

      test('each browser has its own', async () => {
        const [alice, bob] = [new Person(), new Person()];
        await loggedIn(alice, 'alice');
        await loggedIn(bob, 'bob');
        assert.match((await alice.open(`${ORIGIN}/`)).text, /Logged in as Alice/i);
        assert.match((await bob.open(`${ORIGIN}/`)).text, /Logged in as Bob/i);
        assert.equal((await new Person().open(`${ORIGIN}/`)).status, 401);
      });

      test('the login lasts longer than its access token', async () => {
        const person = new Person();
        await loggedIn(person, 'alice');
        const before = await issuer.count({ endpoint: 'token', grant_type: 'refresh_token', client_id: name });
        await new Promise((resolve) => setTimeout(resolve, LIFETIME * 1000));
        const pages = await Promise.all(Array.from({ length: 8 }, () => person.open(`${ORIGIN}/`)));
        for (const page of pages) assert.match(page.text, /1 jeton/);
        const refreshes =
          (await issuer.count({ endpoint: 'token', grant_type: 'refresh_token', client_id: name })) - before;
        assert.equal(refreshes, 1, 'eight requests at once are one refresh');
      });

      test('a login that was begun elsewhere ends nowhere', async () => {
        const [attacker, victim] = [new Person(), new Person()];
        const page = await attacker.open(`${ORIGIN}/login`);
        await victim.open(page.url);
        const answer = await victim.press(await victim.open(page.url), 'alice');
        assert.equal(answer.status, 400);
        assert.match(answer.text, /state_mismatch/);
        assert.equal((await victim.open(`${ORIGIN}/`)).status, 401);
      });

      test('whoever says no is told so, and may begin again', async () => {
        const person = new Person();
        const page = await person.press(await person.open(`${ORIGIN}/login`), 'Deny');
        assert.equal(page.status, 400);
        assert.match(page.text, /access_denied/);
        assert.match((await loggedIn(person, 'alice')).text, /Logged in/);
      });

      test('a logout ends it here and there', async () => {
        const person = new Person();
        const left = await person.press(await loggedIn(person, 'alice'), 'Log out');
        assert.equal(left.url.href, `${ORIGIN}/`, left.text);
        assert.equal(left.status, 401);
        assert.equal(await issuer.count({ endpoint: 'revoke', client_id: name }), 1);
        const again = await person.open(`${ORIGIN}/login`);
        assert.match(again.text, /alice/, 'is asked who they are');
      });

      test('nothing in the folder can be read', () => {
        const kept = readdirSync(SESSIONS, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ path, name }) => readFileSync(join(path, name), 'latin1'));
        assert.ok(kept.length > 0);
        assert.doesNotMatch(kept.join(), /eyJ|alice|jrt_/);
      });
    });
  }

  const COMMANDS = {
    'command-line.mjs': () => node('command-line.mjs'),
    'command-line.py': () => python('command-line.py'),
  };
  const DEVICE = { grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'] };
  for (const [name, command] of Object.entries(COMMANDS)) {
    test(`${name}: a login on another device, which lasts`, async () => {
      await isPublic(name, DEVICE);
      const environment = { ISSUER: issuer.url, CLIENT_ID: name, API, SESSION_KEY, SESSIONS: join(sessions, name) };
      const first = start(command(), folder, environment);
      const [, address, user_code] = await first.says(/Open (\S+) and enter (\S+)/);
      await approved(address, user_code, 'alice');
      const { code, out, err } = await first.ended;
      assert.equal(code, 0, err);
      assert.deepEqual(JSON.parse(out), { orders: ['1 jeton'], for: 'alice' });

      const second = await start(command(), folder, environment).ended;
      assert.equal(second.code, 0, second.err);
      assert.doesNotMatch(second.err, /Open/);
      assert.deepEqual(JSON.parse(second.out), { orders: ['1 jeton'], for: 'alice' });
    });

    test(`${name}: whoever says no ends it`, async () => {
      await isPublic(`${name} denied`, DEVICE);
      const SESSIONS = join(sessions, `${name}-denied`);
      const environment = { ISSUER: issuer.url, CLIENT_ID: `${name} denied`, API, SESSION_KEY, SESSIONS };
      const denied = start(command(), folder, environment);
      const [, address, user_code] = await denied.says(/Open (\S+) and enter (\S+)/);
      const person = new Person();
      const asked = await person.press(await person.open(address), 'alice');
      await person.press(await person.press(asked, 'Continue', { user_code }), 'Deny');
      const { code, err } = await denied.ended;
      assert.equal(code, 1);
      assert.match(err, /^caller: /m);
      assert.ok(!existsSync(SESSIONS) || readdirSync(SESSIONS).every((file) => !file.endsWith('.session')));
    });
  }

  async function approved(address, user_code, who) {
    const person = new Person();
    const asked = await person.press(await person.open(address), who);
    return person.press(await person.press(asked, 'Continue', { user_code }), 'Approve');
  }

  test('native: the browser comes back to this machine, and the login lasts', async () => {
    await isPublic('native', { redirect_uris: ['http://127.0.0.1/callback'], ...CODE });
    const SESSIONS = join(sessions, 'native');
    const environment = { ISSUER: issuer.url, CLIENT_ID: 'native', API, SESSION_KEY, SESSIONS };
    const first = start(rust('example-log-people-in'), folder, environment);
    const [, address] = await first.says(/Log in at (\S+)/);
    const person = new Person();
    const page = await person.press(await person.open(address), 'alice');
    assert.match(page.text, /close this window/);
    const { code, out, err } = await first.ended;
    assert.equal(code, 0, err);
    assert.match(out, /"for":"alice"/);

    const second = await start(rust('example-log-people-in'), folder, environment).ended;
    assert.equal(second.code, 0, second.err);
    assert.doesNotMatch(second.out, /Log in at/);
    assert.match(second.out, /1 jeton/);
  });

  test('single-page: in a browser, in two tabs, and out again', { skip: unless.skip }, async () => {
    const PORT = await freePort();
    const home = `http://localhost:${PORT}/`;
    await isPublic('single-page', {
      redirect_uris: [home],
      post_logout_redirect_uris: [home],
      allowed_origins: [home.slice(0, -1)],
      ...CODE,
    });
    const defined = { ISSUER: issuer.url, CLIENT_ID: 'single-page', API };
    const defines = Object.entries(defined).map(
      ([name, value]) => `--define:process.env.${name}=${JSON.stringify(value)}`,
    );
    const esbuild = ['node_modules/esbuild/bin/esbuild', 'single-page/main.mjs', '--bundle', '--format=esm'];
    const outfile = '--outfile=single-page/main.js';
    await serve([...esbuild, outfile, '--servedir=single-page', `--serve=127.0.0.1:${PORT}`, ...defines], folder, {
      PORT: String(PORT),
    });

    const { page, close } = await newPage({ origins: [new URL(home).origin, new URL(issuer.url).origin, API] });
    try {
      await page.goto(home);
      await page.getByText('Nobody is logged in.').waitFor();
      await page.getByRole('button', { name: 'Log in' }).click();
      await loginPage(page).user('alice').click();
      await page.getByText(/Logged in as Alice/i).waitFor();
      await page.getByText('1 jeton').waitFor();
      assert.equal(page.url(), home, 'neither code nor state stay in the address');

      const other = await page.context().newPage();
      await other.goto(home);
      await other.getByText(/Logged in as Alice/i).waitFor();
      await other.getByText('1 jeton').waitFor();
      const stored = await other.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
      );
      assert.doesNotMatch(stored, /eyJ/);

      await other.getByRole('button', { name: 'Log out' }).click();
      await other.getByText('Nobody is logged in.').waitFor();
      await page.reload();
      await page.getByText('Nobody is logged in.').waitFor();
    } finally {
      await close();
    }
  });
});
