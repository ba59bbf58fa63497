// People with an application open in several tabs, on a bad day: answers get lost, and the service is
// slow or away. They do what honest clients do, and what they see is counted.

import { loggedIn, OFFLINE, refresh, sleep } from './flow.mjs';
import { generationOf } from './tokens.mjs';

/** The part of the answers that never arrive. */
const LOST = 0.25;

/** How long the day is good again before it ends, so that every tab gets a last answer. */
const AFTERWARDS = 8000;

/**
 * `count` people log in with `client` at the host `on`; each has `tabs` tabs, which share one refresh
 * token.
 *
 * @param {{ url: string }} options.on the host; its address may change meanwhile
 */
export async function logIn({ on, client, count, tabs }) {
  const sessions = [];
  // A few at a time: logging in is not what is tried here.
  while (sessions.length < count) {
    const some = Array.from({ length: Math.min(8, count - sessions.length) }, () => loggedIn(client, OFFLINE, { on }));
    for (const { refresh_token } of await Promise.all(some)) {
      sessions.push({ held: refresh_token, successors: new Map() });
    }
  }
  return {
    /** Uses all tabs for so many seconds, and reports what they saw. */
    async use(seconds) {
      const until = Date.now() + seconds * 1000;
      const seen = { answered: 0, lost: 0, refused: {}, longest: 0, loggedOut: [], forks: 0 };
      const open = sessions.flatMap((session) => Array.from({ length: tabs }, () => useTab(session, until, seen)));
      const last = await Promise.all(open);
      return {
        ...seen,
        rotations: sessions.reduce((sum, { successors }) => sum + successors.size, 0),
        stranded: last.filter((status) => status !== 200).length,
      };
    },
  };

  /** One tab's day; the status of its last answer. */
  async function useTab(session, until, seen) {
    let status;
    let again = 0;
    while (Date.now() < until + AFTERWARDS) {
      // After a failure at once, or as told; else when the person does something.
      await sleep(again || 500 + Math.random() * 2000);
      again = 0;
      const began = performance.now();
      const answer = await refresh(client, session.held, {}, { on }).catch(() => undefined);
      if (answer !== undefined) seen.longest = Math.max(seen.longest, performance.now() - began);
      if (answer === undefined || (Math.random() < LOST && Date.now() < until)) {
        seen.lost += 1;
        again = 1000;
        continue;
      }
      status = answer.status;
      if (status === 200) {
        seen.answered += 1;
        keep(session, answer.json().refresh_token, seen);
        continue;
      }
      seen.refused[status] = (seen.refused[status] ?? 0) + 1;
      if (status === 400) {
        seen.loggedOut.push(answer.text);
        return status;
      }
      again = Number(answer.headers['retry-after'] ?? 1) * 1000;
    }
    return status;
  }
}

/** What an application does with a new refresh token; two of one generation are a fork. */
function keep(session, token, seen) {
  const generation = generationOf(token);
  const known = session.successors.get(generation);
  if (known !== undefined && known !== token) seen.forks += 1;
  session.successors.set(generation, token);
  session.held = token;
}
