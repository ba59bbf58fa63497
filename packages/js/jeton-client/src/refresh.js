// A refresh by one of many: tabs, processes, machines.

import * as oauth from 'oauth4webapi';
import { fail, passes } from './error.js';
import { parametersOf } from './parameters.js';
import { sleep } from './time.js';

/**
 * Seconds for which who refreshes is left alone. Less than the ten for which servers like Jeton give the same
 * successor again: whoever takes over from a process that died can still learn what it was.
 */
const LEASE = 8;
/** Milliseconds for all attempts, which end within the lease, and for one of them. */
const ALL = 7500;
const ONE = 5000;
/** How often a version may turn out to be superseded. */
const TRIES = 20;

/** Throws that. */
export const notLoggedIn = (why) => fail('caller', 'not_logged_in', `nobody is logged in: ${why}`);

/**
 * The record of the session, refreshed here or by somebody else. Who refreshes says so in the record first: only
 * one of those who would can have written it.
 *
 * @param isGood whether a record needs no refresh
 * @param isUsable whether its access token still serves
 * @param isAlone whether nobody else can be at it, so that a lease that stands was left behind
 * @param later is given a function that keeps what the store could not take
 */
export async function refreshed(connection, kept, name, { resource }, { isGood, isUsable, isAlone, later }) {
  const { fraction, grant, id, now } = connection;
  const holder = id();
  let pause = 50;
  for (let tries = 0; ; ) {
    const { value: record, version } = await kept.read(name);
    if (!record) notLoggedIn('it ended');
    if (isGood(record)) return record;
    const left = (record.lease?.until ?? 0) - now();
    // One that lasts longer is of a clock that was ahead; a little may be, among machines.
    const stands = left > 0 && left <= 4 * LEASE;
    if (stands && record.lease.holder === holder) {
      const next = await refresh(record, version);
      if (next) return next;
    } else if (!stands || isAlone) {
      if (tries++ === TRIES) fail('network', 'unreachable', 'the store takes nothing');
      const lease = { holder, until: now() + LEASE };
      if (!(await kept.write(name, { ...record, lease }, version))) await sleep(10 * tries);
    } else if (isUsable(record)) {
      return record;
    } else {
      await sleep(pause);
      pause = Math.min(pause * 1.5, 500);
    }
  }

  /** With the lease, which stands at this version; nothing where somebody took over and knows more. */
  async function refresh({ lease, ...record }, version) {
    let next;
    try {
      next = await successor(record);
    } catch (error) {
      const ended = error.code === 'invalid_grant';
      const wasOurs = await kept.write(name, ended ? undefined : record, version);
      if (!ended) throw error;
      if (wasOurs) notLoggedIn('the server ended it');
      return undefined;
    }
    const isAnother = record.claims && next.claims.sub !== record.claims.sub;
    const keep = () => succeeded(record, next, version, isAnother);
    try {
      return await persistently(keep);
    } catch (error) {
      if (error.code === 'not_logged_in' || isAnother) throw error;
      // The server has no other: it is kept before anything else is asked of the store.
      later(keep);
      return next;
    }
  }

  /** Writes what follows a record, also where somebody took over who does not know it yet. */
  async function succeeded({ refresh_token }, next, version, isAnother) {
    for (let tries = 0; !(await kept.write(name, isAnother ? undefined : next, version)); tries += 1) {
      if (tries === TRIES) fail('network', 'unreachable', 'the store takes nothing');
      const { value, version: other } = await kept.read(name);
      if (!value) return ended('it ended');
      if (value.refresh_token !== refresh_token) return undefined;
      version = other;
    }
    return isAnother ? ended('it is another person') : next;

    async function ended(why) {
      await revoked(connection, next.refresh_token);
      notLoggedIn(why);
    }
  }

  /** What follows a record. What the server did before an answer was lost, it does again for the same refresh token. */
  async function successor({ refresh_token, ...record }) {
    const begun = now();
    const left = () => Math.ceil(ALL - (now() - begun) * 1000);
    // Whatever held up the request, it is not sent when the lease is another's.
    const timeout = () => (left() > 0 ? Math.min(ONE, left()) : fail('network', 'timeout', 'it took too long'));
    for (let attempt = 0; ; attempt += 1) {
      try {
        const parameters = [['refresh_token', refresh_token], ...parametersOf({ resource })];
        const { scope } = record;
        const next = await grant('refresh_token', parameters, { scope, timeout });
        const { id_token, claims } = next.claims ? next : record;
        return { ...next, refresh_token: next.refresh_token ?? refresh_token, id_token, claims };
      } catch (error) {
        // At once, and then once more.
        const pause = (error.retry_after ?? attempt * (0.5 + fraction())) * 1000;
        if (attempt === 2 || !passes(error) || pause > left()) throw error;
        await sleep(pause);
      }
    }
  }
}

/** A store may be away for a moment. */
async function persistently(task) {
  for (let pause = 100; ; pause *= 2) {
    try {
      return await task();
    } catch (error) {
      if (error.code === 'not_logged_in' || pause > 2000) throw error;
      await sleep(pause);
    }
  }
}

/** Whether the server forgot the login (RFC 7009). */
export const revoked = async (connection, token) =>
  Boolean(token) &&
  connection
    .exchange(
      (metadata, client, authentication, options) =>
        oauth.revocationRequest(metadata, client, authentication, token, options),
      () => true,
    )
    .catch(() => false);
