// Bad days: the store is slow, away, or loses its answers, the service crashes, and a quarter of the
// answers never reach the client. Nobody is logged out, and no login splits in two.
//
// JETON_SUITE_SESSIONS and JETON_SUITE_SECONDS make the day larger.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clients } from '../support/fixtures.mjs';
import { sleep } from '../support/flow.mjs';
import { logIn } from '../support/sessions.mjs';
import { startFor, unless } from '../support/target.mjs';

const COUNT = Number(process.env.JETON_SUITE_SESSIONS ?? 6);
const SECONDS = Number(process.env.JETON_SUITE_SECONDS ?? 24);

/** Execution environments of Lambda: one for each tab, but no more than a machine can run. */
const INSTANCES = Math.min(3 * COUNT, 24);

/** What happens to the store, in turn, each for a second or two: never for so long that no try of ten seconds is
 * answered, which no window of ten could bear. */
const TROUBLES = [
  { taking: 300 },
  { refusing: true },
  {},
  { answering: 6_000 },
  { taking: 700, answering: 300 },
  {},
  { taking: 5_000 },
];

test(`${COUNT} people in three tabs each, a quarter of the answers lost, ${SECONDS} s of trouble`, {
  skip: unless.store,
}, async (t) => {
  const on = await startFor(t, { store: 'slow', instances: INSTANCES });
  const people = await logIn({ on, client: clients.native, count: COUNT, tabs: 3 });
  const day = people.use(SECONDS);
  const until = Date.now() + SECONDS * 1000;
  let crashes = 0;
  for (let turn = 0; Date.now() < until - 3_000; turn += 1) {
    await on.slow(TROUBLES[turn % TROUBLES.length]);
    await sleep(1_000 + Math.random() * 1_000);
    if (turn % 5 === 2) {
      await on.slow({});
      await on.crash();
      crashes += 1;
    }
  }
  await on.slow({});
  const seen = await day;
  t.diagnostic(JSON.stringify({ ...seen, crashes }));
  assert.ok(crashes > 0);
  assert.ok(seen.lost > 0);
  assert.deepEqual(seen.loggedOut, []);
  assert.equal(seen.forks, 0, 'two refresh tokens of one generation');
  assert.equal(seen.stranded, 0, 'tabs without tokens in the end');
  assert.ok(seen.rotations > COUNT, `${seen.rotations} refresh tokens in all`);
  // Where there are fewer environments than tabs, the longest answer has waited for one.
  if (INSTANCES === 3 * COUNT) assert.ok(seen.longest < 5_000, `an answer took ${seen.longest} ms`);
});
