import { fail } from './error.js';

/** Whether that was less than so many seconds ago; not where the clock was set back since. */
export const isWithin = (seconds, then, now) => now >= then && now < then + seconds;

/**
 * What a promise comes to; or the abort of a signal; or after `ms`, what `late` returns or throws. Whatever the
 * promise is of goes on.
 */
const waitFor = (promise, ms, signal, late) =>
  new Promise((resolve, reject) => {
    const abort = () => settle(reject, signal.reason);
    // One of more than 2 ** 31 milliseconds would fire at once.
    const timer = setTimeout(() => settle(resolve, Promise.resolve().then(late)), Math.min(ms, 2e9));
    const settle = (how, what) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      how(what);
    };
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    promise.then(
      (value) => settle(resolve, value),
      (error) => settle(reject, error),
    );
  });

/** Rejects as soon as `signal` aborts. */
export const sleep = (ms, signal) => waitFor(new Promise(() => {}), ms, signal);

/**
 * One at a time of what takes long, for all who ask meanwhile: that a caller is cancelled changes nothing for the
 * others.
 *
 * @param longest milliseconds after which nobody waits for it any more
 */
export function flights(longest) {
  let current;
  const end = (flight) => {
    if (current === flight) current = undefined;
  };
  return {
    busy: () => current !== undefined,
    /** What `begin` comes to, where none is under way. */
    join(begin, signal) {
      if (!current) {
        const begun = begin().finally(() => end(begun));
        // All who wait for it may have been cancelled.
        begun.catch(() => {});
        current = begun;
      }
      const joined = current;
      return waitFor(joined, longest, signal, () => {
        // Where the request of a Worker began it and was cancelled, nothing ever comes.
        end(joined);
        fail('network', 'timeout', `no answer within ${longest} ms`);
      });
    },
  };
}
