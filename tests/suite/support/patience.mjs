// A client that does as it is told: it tries again when it is told to, and not before.

import assert from 'node:assert/strict';
import { sleep } from './flow.mjs';

/** How long an answer may take: the four seconds that a request may wait for stores, and some for a busy machine. */
const LONGEST = 5_000;

/** The response of `ask`, and how many milliseconds it took. Nobody waits longer for a slow store. */
export async function timely(ask) {
  const begin = Date.now();
  const response = await ask();
  const took = Date.now() - begin;
  assert.ok(took < LONGEST, `${response.status} after ${took} ms`);
  return { response, took };
}

/** The first answer of `ask` that is not 503, tried again as each 503 says, and the number of tries. */
export async function patiently(ask) {
  for (let tries = 1; tries < 20; tries += 1) {
    const { response } = await timely(ask);
    if (response.status !== 503) return { response, tries };
    assert.equal(response.headers['retry-after'], '1');
    assert.equal(response.json().error, 'temporarily_unavailable');
    await sleep(1_000);
  }
  throw new Error('told to try again twenty times');
}
