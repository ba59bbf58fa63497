// What is elsewhere, asked for once by all who need it at a time.

import { Failure } from './http.js';

/** After so many seconds a request is lost: in Workers it ends with the one it was made for, and says nothing. */
const LOST = 3;
/** How many milliseconds one waits for what is to take the place of an old value. */
const SHORT_WAIT = 1000;
/** How many seconds after a failure it is asked again, where there is an old value, and where there is none. */
const PAUSE = 10;
const SHORT_PAUSE = 1;
const LONGEST_PAUSE = 300;

/** A request under way. Its promise never rejects. */
export function flight(run, now) {
  const self = { since: now };
  self.promise = end();
  return self;

  async function end() {
    try {
      self.value = await run();
    } catch (error) {
      self.error = error;
    }
    self.done = true;
  }
}

const isFlying = (flight, now) => flight && !flight.done && now - flight.since < LOST;

/** Waits by timers of its own, ever longer: in Workers a promise of another request may never settle. */
async function landed(flight, longest = LOST * 1000) {
  for (let pause = 5, left = longest; !flight.done && left > 0; pause *= 1.5) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    left -= pause;
  }
  return flight;
}

/** The flight that is under way, at its end; or, where there is none or it was lost, one that is started. */
export async function shared(current, start, now) {
  const joined = current();
  if (isFlying(joined, now)) {
    if ((await landed(joined)).done) return joined;
    // Of all who waited in vain the first starts another.
    const next = current() ?? joined;
    if (next !== joined) return landed(next);
  }
  const own = start();
  await own?.promise;
  return own;
}

/** Fresh for its lifetime; then whoever comes next renews it, and the others use the old one. */
export function remote(load, lifetime, clock) {
  let freshUntil = 0;
  let retryAt = 0;
  let last;

  async function loaded(now) {
    try {
      self.value = await load();
      self.failure = undefined;
      freshUntil = now + lifetime;
      retryAt = 0;
    } catch (error) {
      self.failure = error;
      const pause = error.about?.retryAfter ?? (self.value ? PAUSE : SHORT_PAUSE);
      retryAt = now + Math.min(pause, LONGEST_PAUSE);
      throw error;
    }
  }

  function fly() {
    const now = clock();
    if (now < retryAt) return undefined;
    if (self.value) retryAt = now + PAUSE;
    last = flight(() => loaded(now), now);
    return last;
  }

  const self = {
    /** What stands, if anything has come yet. */
    value: undefined,
    /** Why the last request brought none. */
    failure: undefined,

    isFlying: () => isFlying(last, clock()),

    /** @throws what `load` threw, where there is no value */
    async get() {
      if (clock() < freshUntil) return self.value;
      if (!self.value) await self.renew();
      else if (!self.isFlying() && fly()) await landed(last, SHORT_WAIT);
      if (!self.value) throw self.failure ?? new Failure('no answer', 'network');
      return self.value;
    },

    /** Asks now, or waits for who asks already; but not again right after a failure. */
    renew: () => shared(() => last, fly, clock()),
  };
  return self;
}
