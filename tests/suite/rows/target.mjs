import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { clientCredentials } from '../support/target.mjs';

const { m2m, plain } = clients;

const granted = [
  ['RFC 6749 §3.3: no scope asked for: all that is registered', {}, { scope: 'read write admin' }],
  ['RFC 6749 §3.3: a part of what is registered', { scope: 'write' }, { scope: 'write' }],
  ['RFC 6749 §3.3: the order asked for', { scope: 'admin read' }, { scope: 'admin read' }],
  ['RFC 6749 §3.3: a token twice, and surplus spaces', { scope: ' read  read write ' }, { scope: 'read write' }],
  ['RFC 9068 §3: no audience asked for: the first registered', {}, { aud: 'https://api.example' }],
  ['RFC 8707 §2: a resource', { resource: 'https://other.example' }, { aud: 'https://other.example' }],
  ['RFC 8707 §2: an absolute URI that is no URL', { resource: 'urn:example:third' }, { aud: 'urn:example:third' }],
  ['audience: an audience', { audience: 'https://other.example' }, { aud: 'https://other.example' }],
  [
    'RFC 8707 §2: several resources, each once',
    [
      ['resource', 'https://other.example'],
      ['resource', 'https://api.example'],
      ['resource', 'https://other.example'],
    ],
    { aud: ['https://other.example', 'https://api.example'] },
  ],
  [
    'RFC 8707 §2: a resource and an audience',
    [
      ['audience', 'urn:example:third'],
      ['resource', 'https://api.example'],
    ],
    { aud: ['https://api.example', 'urn:example:third'] },
  ],
];

for (const [name, form, expected] of granted) {
  test(name, async () => {
    const { payload } = await isToken(await clientCredentials(m2m, form));
    for (const [claim, value] of Object.entries(expected)) assert.deepEqual(payload[claim], value);
  });
}

test('a client without scope and audiences: no scope, and the issuer as audience', async () => {
  const { body, payload } = await isToken(await clientCredentials(plain));
  assert.ok(!('scope' in body) && !('scope' in payload));
  assert.equal(payload.aud, ISSUER);
});

const refused = [
  ['RFC 6749 §5.2: a scope that is not registered', { scope: 'root' }, 'invalid_scope'],
  ['RFC 6749 §5.2: one of several scopes is not registered', { scope: 'read root' }, 'invalid_scope'],
  ['RFC 6749 §3.3: scopes are case-sensitive', { scope: 'Read' }, 'invalid_scope'],
  ['RFC 6749 §3.3: a malformed scope', { scope: 'read "write"' }, 'invalid_scope'],
  ['RFC 6749 §3.3: a scope with a tab', { scope: 'read\twrite' }, 'invalid_scope'],
  ['RFC 8707 §2: a resource that is not registered', { resource: 'https://evil.example' }, 'invalid_target'],
  ['RFC 8707 §2: a relative resource', { resource: '/api' }, 'invalid_target'],
  ['RFC 8707 §2: a resource with a fragment', { resource: 'https://api.example#a' }, 'invalid_target'],
  ['an audience that is not registered', { audience: 'nobody' }, 'invalid_target'],
  [
    'RFC 8707 §2: one of several resources is not registered',
    [
      ['resource', 'https://api.example'],
      ['resource', 'https://evil.example'],
    ],
    'invalid_target',
  ],
];

for (const [name, form, error] of refused) {
  test(`${name}: ${error}`, async () => {
    isError(await clientCredentials(m2m, form), 400, error);
  });
}

test('a client without scope and audiences can ask for none', async () => {
  isError(await clientCredentials(plain, { scope: 'read' }), 400, 'invalid_scope');
  isError(await clientCredentials(plain, { resource: 'https://api.example' }), 400, 'invalid_target');
});
