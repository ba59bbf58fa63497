// The mock, whose issuers are the upstreams, and the people who have accounts there.

import { after } from 'node:test';
import { startMock } from '../../../packages/js/jeton-mock/index.js';
import { BINARY } from '../../hosts/native.mjs';

let started;
after(async () => (await started)?.stop());

/** The mock of this run. */
export function theMock() {
  started ??= startMock({ bin: BINARY });
  return started;
}

/** A mock that is GitHub alone, at a host of its own, until the test ends: its issuer. */
export async function aGithub(t, spec) {
  const mock = await startMock({ bin: BINARY, args: ['--profile', 'github'] });
  t.after(() => mock.stop());
  return mock.issuer('', { profile: 'github', ...spec });
}

const person = (sub, claims) => ({ sub, name: claims.name, claims });

/** Who has an account at an OpenID provider, unless a row wants others. */
export const PEOPLE = [
  person('alice', { name: 'Alice', email: 'alice@example.com', email_verified: true, groups: ['staff', 'admins'] }),
  person('bob', { name: 'Bob', email: 'bob@elsewhere.example', email_verified: true, groups: ['guests'] }),
  // Whoever made this account typed an address that is somebody else's.
  person('mallory', { name: 'Mallory', email: 'alice@example.com', email_verified: false }),
  // Close to example.com, and not of it.
  person('eve', { name: 'Eve', email: 'eve@evil-example.com', email_verified: true }),
  person('eva', { name: 'Eva', email: 'eva@example.com.evil.example', email_verified: true }),
];

/** Who has an account at GitHub. */
export const GITHUB_PEOPLE = [
  person('octocat', {
    id: 583231,
    preferred_username: 'octocat',
    name: 'The Octocat',
    email: 'octocat@example.com',
    public_email: 'public@example.net',
  }),
  person('hubot', { id: 2, preferred_username: 'hubot', name: 'Hubot', email: 'hubot@elsewhere.example' }),
];
