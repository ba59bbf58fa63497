// Refresh tokens that rotate, with many processes and a network that loses answers: nobody is logged out.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorizationServer } from '../../support/authorization-server.mjs';
import { random } from '../../support/keys.mjs';
import { feature, refused, timed, until } from '../../support/rows.mjs';
import { secret } from '../../support/secrets.mjs';
import { after, failure, lost, NOTHING, page, silent, unheard } from '../../support/stub.mjs';

const LIFETIME = 300;
const TOKEN = '/token';

/** A session in so many processes, by one folder; in the first somebody has logged in. */
async function start(row, count = 1) {
  const folder = await mkdtemp(join(tmpdir(), 'jeton-libraries-'));
  row.t.after(() => rm(folder, { recursive: true, force: true }));
  const server = await authorizationServer(row.t);
  server.lifetime = LIFETIME;
  const options = server.publicClient();
  const scope = 'openid offline_access';
  const about = { redirect_uri: 'http://127.0.0.1:4711/callback', scope, store: { folder }, key: secret(random(32)) };
  const processes = [];
  for (let one = 0; one < count; one += 1) {
    const driver = row.process();
    processes.push({ driver, session: await (await row.client(options, driver)).session(about) });
  }
  const [{ session }] = processes;
  await session.callback(server.grants.authorize(await session.login()));
  const first = await session.token();
  const clock = (offset) => Promise.all(processes.map(({ driver }) => driver.ask('clock', { offset })));
  const asked = () => server.tokenRequests.filter(({ form }) => form.grant_type === 'refresh_token');
  return { server, processes, first, clock, asked, session };
}

/** Distinct tokens that all processes have, each asked by so many callers at once. */
async function tokensOf(processes, times = 4) {
  const all = await Promise.all(processes.map(({ session }) => session.tokens(times)));
  return new Set(all.flat());
}

feature('many processes', {
  async 'eight processes at expiry: one refresh'(row) {
    const { server, processes, first, clock, asked } = await start(row, 8);
    assert.deepEqual(await tokensOf(processes), new Set([first]));
    await clock(LIFETIME + 1);
    server.nextToken(after(500));
    const tokens = await tokensOf(processes);
    assert.equal(tokens.size, 1);
    assert.ok(!tokens.has(first));
    assert.equal(asked().length, 1);
  },

  async 'eight processes, each third answer lost, a day of it: nobody is logged out'(row) {
    const { server, processes, clock } = await start(row, 8);
    let answers = 0;
    server.always(TOKEN, async (_, act) => {
      answers += 1;
      const answer = await act();
      return answers % 3 === 0 ? NOTHING : answer;
    });
    for (let round = 1; round <= 12; round += 1) {
      await clock(round * (LIFETIME + 1));
      const tokens = await tokensOf(processes);
      assert.equal(tokens.size, 1, `round ${round}`);
    }
    assert.equal(server.grants.stolen, 0);
  },

  async 'whoever refreshed may end: another takes over'(row) {
    const { server, processes, clock, asked } = await start(row, 2);
    await clock(LIFETIME + 1);
    server.nextToken(silent(60_000));
    const [dying, living] = processes;
    const lost = dying.session.token().catch(() => undefined);
    await until(() => asked().length === 1);
    dying.driver.kill();
    await lost;
    const { answer, took } = await timed(() => living.session.token());
    assert.match(answer, /^at-/);
    assert.ok(took < 20_000, `${took} ms`);
    assert.equal(server.grants.stolen, 0);
  },

  async 'another process has refreshed already: its token is taken'(row) {
    const { server, processes, clock, asked } = await start(row, 2);
    await clock(LIFETIME + 1);
    const token = await processes[0].session.token();
    // The second still has the old record in its memory.
    assert.equal(await processes[1].session.token(), token);
    assert.equal(asked().length, 1);
    assert.equal(server.grants.stolen, 0);
  },

  async 'the service is away: everybody waits, and nobody is logged out'(row) {
    const { server, processes, clock } = await start(row, 3);
    await clock(LIFETIME + 1);
    server.always(TOKEN, page(503));
    const errors = await Promise.all(processes.map(({ session }) => session.token().catch((error) => error)));
    for (const error of errors) assert.notEqual(error.code, 'not_logged_in', String(error.message));
    server.always(TOKEN);
    await clock(LIFETIME + 61);
    assert.equal((await tokensOf(processes)).size, 1);
    assert.equal(server.grants.stolen, 0);
  },
});

feature('lost answers', {
  async 'a lost answer: the same refresh token again, at once'(row) {
    const { server, session, clock, asked } = await start(row);
    await clock(LIFETIME + 1);
    server.nextToken(lost);
    const { took } = await timed(() => session.token());
    assert.ok(took < 4_000, `${took} ms`);
    const sent = asked().map(({ form }) => form.refresh_token);
    assert.equal(sent.length, 2);
    assert.equal(sent[0], sent[1]);
  },

  async 'two lost answers: once more, within eight seconds'(row) {
    const { server, session, clock, asked } = await start(row);
    await clock(LIFETIME + 1);
    server.nextToken(lost, unheard);
    await session.token();
    const sent = asked();
    assert.equal(sent.length, 3);
    assert.equal(new Set(sent.map(({ form }) => form.refresh_token)).size, 1);
    assert.ok(sent[2].at - sent[0].at < 8_000);
  },

  async 'an answer that does not come counts as lost after five seconds'(row) {
    const { server, session, clock, asked } = await start(row);
    await clock(LIFETIME + 1);
    server.nextToken(async (_, act) => {
      await act();
      return silent(30_000)();
    });
    const { took } = await timed(() => session.token());
    assert.ok(took > 4_000 && took < 9_000, `${took} ms`);
    assert.equal(asked().length, 2);
  },

  async 'never the same again later than that'(row) {
    const { server, session, clock, asked } = await start(row);
    await clock(LIFETIME + 1);
    server.nextToken(lost, lost, lost);
    const error = await session.token().catch((error) => error);
    assert.equal(error.fault, 'network', String(error.message ?? error));
    const times = asked().map(({ at }) => at);
    assert.equal(times.length, 3);
    assert.ok(times[2] - times[0] < 8_000, `${times[2] - times[0]} ms`);
  },

  async 'invalid_grant, though another process has refreshed: its token'(row) {
    const { server, processes, clock } = await start(row, 2);
    const [one, two] = processes;
    await clock(LIFETIME + 1);
    let other;
    server.nextToken(async () => {
      // While the first waits, its lease passes and the second takes over.
      await two.driver.ask('clock', { offset: LIFETIME + 30 });
      other = await two.session.token();
      return failure('invalid_grant');
    });
    assert.equal(await one.session.token(), other);
  },

  async 'invalid_grant, and nobody has refreshed: logged out'(row) {
    const { server, session, clock } = await start(row);
    await clock(LIFETIME + 1);
    server.nextToken(failure('invalid_grant'));
    await refused(session.token(), 'caller', 'not_logged_in');
  },
});
