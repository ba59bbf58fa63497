// Many at once. What is asserted holds for every order in which the requests may arrive.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import {
  codeFor,
  exchange,
  introspect,
  isEnded,
  loggedIn,
  OFFLINE,
  refresh,
  refreshed,
  revoke,
  userinfo,
} from '../support/flow.mjs';
import { generationOf } from '../support/tokens.mjs';

const { web, strict, steady, native } = clients;
const atOnce = (count, make) => Promise.all(Array.from({ length: count }, (_, n) => make(n)));
const successes = (responses) => responses.filter(({ status }) => status === 200).map((response) => response.json());

describe('races: refresh against refresh', () => {
  for (const count of [2, 10, 50]) {
    for (const client of [web, native]) {
      test(`${count} refreshes of one token by ${client.client_id}: all 200, one successor, the generation moved once`, async () => {
        const { refresh_token } = await loggedIn(client);
        const responses = await atOnce(count, () => refresh(client, refresh_token));
        assert.deepEqual(new Set(responses.map(({ status, text }) => (status === 200 ? 200 : text))), new Set([200]));
        const bodies = successes(responses);
        const [successor, ...others] = new Set(bodies.map((body) => body.refresh_token));
        assert.deepEqual(others, []);
        assert.equal(generationOf(successor), 2);
        assert.equal(new Set(bodies.map((body) => body.access_token)).size, count);
        assert.equal((await refreshed(client, successor)).refresh_token, successor, 'the window lasts');
        assert.equal((await userinfo(bodies.at(-1).access_token)).status, 200);
      });
    }
  }

  test('20 refreshes, some with what was not granted: those fail alone', async () => {
    const { refresh_token } = await loggedIn(web, { scope: 'openid offline_access read' });
    const wishes = [{}, { scope: 'read' }, { scope: 'write' }, { resource: 'https://other.example' }];
    const responses = await atOnce(20, (n) => refresh(web, refresh_token, wishes[n % 4]));
    const bodies = successes(responses);
    assert.equal(bodies.length, 10);
    assert.deepEqual(new Set(bodies.map((body) => generationOf(body.refresh_token))), new Set([2]));
    responses.forEach((response, n) => {
      if (n % 4 > 1) isError(response, 400, n % 4 === 2 ? 'invalid_scope' : 'invalid_target');
    });
  });

  test('10 refreshes without rotation: all 200, the same token', async () => {
    const { refresh_token } = await loggedIn(steady);
    const bodies = successes(await atOnce(10, () => refresh(steady, refresh_token)));
    assert.deepEqual(
      bodies.map((body) => body.refresh_token),
      Array(10).fill(refresh_token),
    );
  });

  test('refresh_token_grace 0: of 10 refreshes one wins, and the others end everything', async () => {
    const { refresh_token } = await loggedIn(strict);
    const responses = await atOnce(10, () => refresh(strict, refresh_token));
    const [winner, ...others] = successes(responses);
    assert.deepEqual(others, []);
    for (const response of responses.filter(({ status }) => status !== 200)) isError(response, 400, 'invalid_grant');
    await isEnded(strict, winner);
  });

  test('10 logins of one client at once do not meet', async () => {
    const logins = await atOnce(10, () => loggedIn(web));
    const answers = await atOnce(10, (n) => refreshed(web, logins[n].refresh_token));
    assert.equal(new Set(answers.map((body) => body.refresh_token)).size, 10);
  });
});

describe('races: code against code', () => {
  for (const count of [2, 10, 50]) {
    test(`${count} redemptions of one code: one 200, the others invalid_grant, nothing revoked`, async () => {
      const login = await codeFor(web, OFFLINE);
      const responses = await atOnce(count, () => exchange(web, login));
      const [tokens, ...others] = successes(responses);
      assert.deepEqual(others, []);
      for (const response of responses.filter(({ status }) => status !== 200)) isError(response, 400, 'invalid_grant');
      assert.equal((await userinfo(tokens.access_token)).status, 200);
      assert.equal(generationOf((await refreshed(web, tokens.refresh_token)).refresh_token), 2);
    });
  }
});

describe('races: revocation', () => {
  const revocations = [
    ['the refresh token', (login) => login.refresh_token],
    ['an access token', (login) => login.access_token],
  ];
  for (const [name, pick] of revocations) {
    test(`15 times: once ${name} is revoked, no request that begins mints anything`, async () => {
      for (let round = 0; round < 15; round += 1) {
        const login = await loggedIn(web);
        const early = atOnce(4, () => refresh(web, login.refresh_token));
        // The order of arrival varies from round to round.
        if (round % 3 === 1) await new Promise(setImmediate);
        if (round % 3 === 2) await Promise.race([early, new Promise((resolve) => setTimeout(resolve, round))]);
        assert.equal((await revoke(web, pick(login))).status, 200);
        const late = await atOnce(3, () => refresh(web, login.refresh_token));
        for (const response of late) isError(response, 400, 'invalid_grant');
        const minted = successes(await early);
        for (const body of [login, ...minted]) {
          assert.deepEqual((await introspect(web, body.access_token)).json(), { active: false }, `round ${round}`);
          await isEnded(web, body);
        }
      }
    });
  }

  test('5 revocations and 5 refreshes at once: in the end nothing is left', async () => {
    const login = await loggedIn(web);
    const [revocations, refreshes] = await Promise.all([
      atOnce(5, () => revoke(web, login.refresh_token)),
      atOnce(5, () => refresh(web, login.refresh_token)),
    ]);
    for (const response of revocations) assert.equal(response.status, 200, response.text);
    // Those that came before the first revocation.
    const minted = successes(refreshes);
    for (const response of refreshes.filter(({ status }) => status !== 200)) isError(response, 400, 'invalid_grant');
    for (const tokens of [login, ...minted]) await isEnded(web, tokens);
  });

  test('10 thieves at once: the login ends', async () => {
    const first = await loggedIn(strict);
    const second = await refreshed(strict, first.refresh_token);
    const third = await refreshed(strict, second.refresh_token);
    for (const response of await atOnce(10, () => refresh(strict, first.refresh_token)))
      isError(response, 400, 'invalid_grant');
    await isEnded(strict, third);
  });
});
