// The clock of the login application is off by a few seconds, either way: nobody's login is lost.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clients } from '../support/fixtures.mjs';
import { ALICE, answered, arrival, authorize, requestIn, requestOf } from '../support/flow.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web } = clients;
const LOGINS = 100;
const ASKED = [{}, { prompt: 'login' }, { max_age: '0' }, { max_age: '1' }];

/** A login that happens now, by a clock that is off by `offset` seconds. */
async function login(offset, form) {
  const browser = new Browser();
  const request = requestIn(await authorize(browser, requestOf(web, form)));
  const auth_time = String(Math.floor(Date.now() / 1000 + offset));
  return arrival(await browser.get(await answered('accept', { request, ...ALICE, auth_time }))).params;
}

describe("the login application's clock", { concurrency: 4 }, () => {
  for (const offset of [-2, -0.5, 0.5, 2]) {
    test(`off by ${offset} s: of ${LOGINS} fresh logins none is lost`, async () => {
      let codes = 0;
      const asked = Array.from({ length: LOGINS }, (_, n) => ASKED[n % ASKED.length]);
      const one = async () => {
        for (let form = asked.pop(); form; form = asked.pop()) {
          assert.ok((await login(offset, form)).code);
          codes += 1;
        }
      };
      await Promise.all(Array.from({ length: 4 }, one));
      assert.equal(codes, LOGINS);
    });
  }
});
