// The journal: what was asked. That it shows no secret is in journal-secrets.test.mjs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRefused, range } from './support/check.mjs';
import { sleep } from './support/http.mjs';
import { CALLBACK, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const made = () => mock.fresh('journal').make();

describe('the journal: entries', { concurrency: 8 }, () => {
  test('the entry of a token request, member by member', async () => {
    const issuer = await mock.fresh('journal').make({ clock: { set: 1_700_000_000, freeze: true } });
    const answer = await issuer.token(
      { scope: 'read', resource: 'https://api.example' },
      { client: ['billing', 'topsecret'] },
    );
    assert.deepEqual(await issuer.journal(), [
      {
        id: 1,
        at: 1_700_000_000,
        issuer: issuer.name,
        endpoint: 'token',
        method: 'POST',
        path: `${issuer.base}/token`,
        parameters: { grant_type: 'client_credentials', scope: 'read', resource: 'https://api.example' },
        client_id: 'billing',
        grant_type: 'client_credentials',
        status: 200,
        waived: ['client'],
        request_id: answer.headers['x-request-id'],
      },
    ]);
  });

  test('an error response is listed with its error code, and with the reason that a log has', async () => {
    const issuer = await made();
    await issuer.refresh('nonsense');
    const [entry] = await issuer.journal();
    assert.equal(entry.status, 400);
    assert.equal(entry.error, 'invalid_grant');
    assert.match(entry.reason, /token/);
    assert.equal(entry.grant_type, 'refresh_token');
    assert.equal(entry.client_id, 'web');
  });

  test('a login leaves a trail that names the person', async () => {
    const issuer = await made();
    await issuer.tokens({ user: 'bob' });
    const entries = await issuer.journal();
    const authorize = entries.find((entry) => entry.endpoint === 'authorize');
    assert.equal(authorize.method, 'GET');
    assert.equal(authorize.path, `${issuer.base}/authorize`, 'without the query');
    assert.equal(authorize.client_id, 'web');
    assert.equal(authorize.parameters.redirect_uri, CALLBACK);
    const token = entries.find((entry) => entry.endpoint === 'token');
    assert.equal(token.subject, 'bob');
    assert.equal(token.grant_type, 'authorization_code');
    assert.equal(entries.at(-1).endpoint, 'token', 'newest last');
  });

  test('requests for metadata, JWKS and userinfo are listed, too', async () => {
    const issuer = await made();
    await issuer.metadata();
    await issuer.jwks();
    await issuer.get('/jwks');
    await issuer.get('/.well-known/oauth-authorization-server');
    await issuer.userinfo('x');
    await issuer.get('/token');
    assert.deepEqual(
      (await issuer.journal()).map(({ endpoint, method, status }) => [endpoint, method, status]),
      [
        ['openid_configuration', 'GET', 200],
        ['jwks', 'GET', 200],
        ['jwks', 'GET', 200],
        ['authorization_server_metadata', 'GET', 200],
        ['userinfo', 'GET', 401],
        ['token', 'GET', 405],
      ],
    );
  });

  test('ids rise, and newest is last, also when 50 come at once', async () => {
    const issuer = await made();
    await Promise.all(range(50).map(() => issuer.token()));
    const ids = (await issuer.journal()).map((entry) => entry.id);
    assert.equal(ids.length, 50);
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(ids).size, 50);
  });

  test('at most 1,000 are kept: the newest', async () => {
    const issuer = await made();
    for (let n = 0; n < 11; n += 1) await Promise.all(range(100).map(() => issuer.get('/jwks')));
    await issuer.token({}, { client: 'the-last' });
    const entries = await issuer.journal();
    assert.equal(entries.length, 1000);
    assert.equal(entries.at(-1).client_id, 'the-last');
    assert.equal(entries[0].id, entries.at(-1).id - 999);
    assert.equal(await issuer.count(), 1000);
  });

  test('a parameter that comes twice, and one that is no UTF-8, break nothing', async () => {
    const issuer = await made();
    await issuer.post('/token', 'scope=a&scope=b&client_secret=one-secret-here&client_secret=two-secret-here');
    await issuer.post('/token', 'grant_type=%ff%fe&x=%zz');
    await issuer.post('/token', '&&==&=x&x');
    const response = await issuer.control('GET', '/journal');
    assert.equal(response.json().entries.length, 3);
    assert.ok(!/one-secret-here|two-secret-here/.test(response.text));
  });

  test('a parameter is text, not markup or JSON, and cut off after 512 characters', async () => {
    const issuer = await made();
    await issuer.token({ scope: 'x', evil: '"},{"id":99,"endpoint":"</script><script>' });
    await issuer.token({ big: 'y'.repeat(50_000) });
    const response = await issuer.control('GET', '/journal');
    const [first, second, ...others] = response.json().entries;
    assert.deepEqual(others, []);
    assert.equal(first.parameters.evil, '"},{"id":99,"endpoint":"</script><script>');
    assert.equal(second.parameters.big, `${'y'.repeat(512)}…`);
  });
});

describe('the journal: filters', { concurrency: 8 }, () => {
  async function busy() {
    const issuer = await made();
    await issuer.token({}, { client: 'a' });
    await issuer.token({}, { client: 'b' });
    await issuer.token({ grant_type: 'bogus' }, { client: 'a' });
    await issuer.jwks();
    await issuer.tokens({ user: 'carol', client: 'web' });
    return issuer;
  }

  test('by endpoint, client_id, grant_type, subject, status, and after', async () => {
    const issuer = await busy();
    const counts = async (query) => {
      const entries = await issuer.journal(query);
      assert.equal(await issuer.count(query), entries.length, JSON.stringify(query));
      return entries.length;
    };
    assert.equal(await counts({ endpoint: 'jwks' }), 1);
    assert.equal(await counts({ client_id: 'a' }), 2);
    assert.equal(await counts({ client_id: 'a', status: 400 }), 1);
    assert.equal(await counts({ grant_type: 'client_credentials' }), 2);
    assert.equal(await counts({ endpoint: 'token', subject: 'carol' }), 1);
    assert.equal(await counts({ endpoint: 'token', status: 200 }), 3);
    assert.equal(await counts({ endpoint: 'token', client_id: 'nobody' }), 0);
    const all = await issuer.journal();
    assert.equal(await counts({ after: all[1].id }), all.length - 2);
    assert.equal(await counts({ after: all.at(-1).id }), 0);
    assert.equal(await counts({ after: 0 }), all.length);
  });

  for (const query of [
    { endpoint: 'tokens' },
    { status: 'ok' },
    { after: 'x' },
    { client: 'a' },
    { limit: 1 },
    { status: -1 },
  ]) {
    test(`${JSON.stringify(query)} is refused, not ignored`, async () => {
      const issuer = await made();
      for (const [method, path] of [
        ['GET', '/journal'],
        ['GET', '/journal/count'],
        ['POST', '/journal/take'],
      ]) {
        isRefused(
          await issuer.control(method, path, undefined, {
            query: path.endsWith('take') ? { timeout_ms: 0, ...query } : query,
          }),
          new RegExp(Object.keys(query)[0]),
        );
      }
    });
  }

  test('the journal of one issuer has no request to another', async () => {
    const [one, other] = [await made(), await made()];
    await one.token();
    assert.equal(await other.count(), 0);
    assert.equal((await one.journal())[0].issuer, one.name);
  });

  test('DELETE empties it; ids go on', async () => {
    const issuer = await busy();
    const last = (await issuer.journal()).at(-1).id;
    assert.equal((await issuer.control('DELETE', '/journal')).status, 204);
    assert.equal(await issuer.count(), 0);
    await issuer.token();
    assert.ok((await issuer.journal())[0].id > last);
  });
});

describe('the journal: take', { concurrency: 8 }, () => {
  test('the oldest first, each once, then 204', async () => {
    const issuer = await made();
    for (const client of ['a', 'b', 'c']) await issuer.token({}, { client });
    const taken = [];
    for (let n = 0; n < 3; n += 1) taken.push(ok(await issuer.take({ timeout_ms: 0 })).json().client_id);
    assert.deepEqual(taken, ['a', 'b', 'c']);
    const none = await issuer.take({ timeout_ms: 0 });
    assert.equal(none.status, 204);
    assert.equal(none.bytes.length, 0);
    assert.equal(await issuer.count(), 3, 'taking is not deleting');
  });

  test('what is taken is the entry as the list has it', async () => {
    const issuer = await made();
    await issuer.token({ scope: 'x' });
    assert.deepEqual(ok(await issuer.take({ timeout_ms: 0 })).json(), (await issuer.journal())[0]);
  });

  test('filters: what does not match stays to be taken', async () => {
    const issuer = await made();
    await issuer.token({}, { client: 'a' });
    await issuer.token({}, { client: 'b' });
    await issuer.jwks();
    assert.equal(ok(await issuer.take({ client_id: 'b', timeout_ms: 0 })).json().client_id, 'b');
    assert.equal((await issuer.take({ client_id: 'b', timeout_ms: 0 })).status, 204);
    assert.equal(ok(await issuer.take({ endpoint: 'jwks', timeout_ms: 0 })).json().endpoint, 'jwks');
    assert.equal(ok(await issuer.take({ timeout_ms: 0 })).json().client_id, 'a');
  });

  test('it waits for the next one, and answers at once when it comes', async () => {
    const issuer = await made();
    const waiting = issuer.take({ endpoint: 'token', timeout_ms: 10_000 });
    await sleep(300);
    await issuer.jwks();
    await issuer.token({}, { client: 'late' });
    const response = ok(await waiting);
    assert.equal(response.json().client_id, 'late');
    assert.ok(response.ms >= 298 && response.ms < 5000, `${response.ms} ms`);
  });

  test('what was waited for is the whole entry, with its status', async () => {
    const issuer = await made();
    await issuer.fault('slow-200ms');
    const waiting = issuer.take({ endpoint: 'token', timeout_ms: 10_000 });
    await sleep(50);
    await issuer.token();
    const entry = ok(await waiting).json();
    assert.equal(entry.status, 200);
    assert.deepEqual(entry.faults, ['slow-200ms']);
  });

  test('nothing comes: 204 when the time is over, and not before', async () => {
    const response = await (await made()).take({ timeout_ms: 400 });
    assert.equal(response.status, 204);
    assert.ok(response.ms >= 398 && response.ms < 3000, `${response.ms} ms`);
  });

  test('ten takes at once get ten entries, each its own', async () => {
    const issuer = await made();
    const takes = range(10).map(() => issuer.take({ timeout_ms: 10_000 }));
    await sleep(100);
    await Promise.all(range(10).map((n) => issuer.token({}, { client: `c-${n}` })));
    const entries = (await Promise.all(takes)).map((response) => ok(response).json());
    assert.equal(new Set(entries.map((entry) => entry.id)).size, 10);
    assert.deepEqual(
      entries.map((entry) => entry.client_id).sort(),
      range(10).map((n) => `c-${n}`),
    );
    assert.equal((await issuer.take({ timeout_ms: 0 })).status, 204);
  });

  test('twelve takes for ten entries: ten get one, two get 204', async () => {
    const issuer = await made();
    await Promise.all(range(10).map(() => issuer.token()));
    const statuses = (await Promise.all(range(12).map(() => issuer.take({ timeout_ms: 200 })))).map(
      (response) => response.status,
    );
    assert.deepEqual(statuses.sort(), [...Array(10).fill(200), 204, 204]);
  });

  test('who hangs up while waiting takes nothing away', async () => {
    const issuer = await made();
    await Promise.all(
      range(5).map(() =>
        assert.rejects(issuer.take({ timeout_ms: 20_000 }, { signal: AbortSignal.timeout(100), fresh: true }), {
          code: 'ABORT_ERR',
        }),
      ),
    );
    await sleep(100);
    await issuer.token({}, { client: 'still-there' });
    assert.equal(ok(await issuer.take({ timeout_ms: 1000 })).json().client_id, 'still-there');
  });

  test('a waiting take holds up no request and no other take', async () => {
    const [one, other] = [await made(), await made()];
    const waiting = one.take({ client_id: 'never', timeout_ms: 1500 });
    await other.token();
    await one.token({}, { client: 'x' });
    assert.equal(ok(await other.take({ timeout_ms: 1000 })).json().issuer, other.name);
    assert.equal(ok(await one.take({ client_id: 'x', timeout_ms: 1000 })).json().client_id, 'x');
    assert.equal((await waiting).status, 204);
  });

  test('DELETE /journal: what was not taken cannot be taken', async () => {
    const issuer = await made();
    await issuer.token();
    await issuer.set('DELETE', '/journal');
    assert.equal((await issuer.take({ timeout_ms: 0 })).status, 204);
  });

  for (const [what, end] of [
    ['deleted', (issuer) => issuer.set('DELETE', '/issuer')],
    ['reset', (issuer) => issuer.reset()],
    ['made anew', (issuer) => issuer.make()],
  ]) {
    test(`the issuer is ${what} while a take waits: 204 when the time is over`, async () => {
      const issuer = await made();
      const waiting = issuer.take({ timeout_ms: 800 });
      await sleep(50);
      await end(issuer);
      assert.equal((await waiting).status, 204);
    });
  }

  for (const timeout_ms of ['x', '-1', '30001', '1.5', '']) {
    test(`timeout_ms=${timeout_ms} is refused`, async () => {
      const issuer = await made();
      await issuer.token();
      isRefused(await issuer.take({ timeout_ms }), /timeout_ms/);
      assert.equal((await issuer.take({ timeout_ms: 0 })).status, 200);
    });
  }
});
