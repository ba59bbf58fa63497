// Every API of "Protect an API" takes the tokens of whom it may, and refuses the others as it has to.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startMock } from '../../packages/js/jeton-mock/index.js';
import { BINARY } from '../hosts/native.mjs';
import { addresses, NAMES, SCOPES, startApis } from './support/apis.mjs';

const CLIENT = { client_id: 'billing', client_secret: 'a secret of the client billing' };

describe('protect an API', () => {
  let mock;
  let issuer;
  let urls;

  before(async () => {
    mock = await startMock({ bin: BINARY });
    urls = await addresses();
    const identifiers = [...Object.values(urls), 'https://elsewhere.example'];
    issuer = await mock.issuer('apis', {
      strictness: 'strict',
      apis: identifiers.map((identifier) => ({ identifier, scopes: SCOPES })),
      clients: [
        {
          ...CLIENT,
          grant_types: ['client_credentials'],
          apis: identifiers.map((identifier) => ({ identifier, scope: Object.keys(SCOPES).join(' ') })),
        },
      ],
    });
    await startApis(issuer.url, urls);
  });
  after(() => mock?.stop());

  const ask = async (url, authorization, method = 'GET') => {
    const response = await fetch(`${url}/orders`, { method, headers: authorization ? { authorization } : {} });
    return {
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      text: await response.text(),
    };
  };
  const token = async (resource, scope) => (await issuer.token({ ...CLIENT, resource, scope })).access_token;
  const minted = (url, claims, options) =>
    issuer.mint({ sub: 'billing', client_id: 'billing', aud: url, scope: 'orders:read', ...claims }, options);

  for (const name of NAMES) {
    describe(name, () => {
      test('a token with the scope is taken', async () => {
        const url = urls[name];
        const { status, text } = await ask(url, `Bearer ${await token(url, 'orders:read')}`);
        assert.equal(status, 200, text);
        assert.deepEqual(JSON.parse(text).orders, ['1 jeton']);
        const both = await token(url, 'orders:read orders:write');
        assert.equal((await ask(url, `Bearer ${both}`, 'POST')).status, 201);
        assert.equal((await ask(url, `bearer ${both}`)).status, 200, 'the case of a scheme says nothing');
      });

      test('a token without the scope is 403, and the challenge names it', async () => {
        const url = urls[name];
        const { status, challenge } = await ask(url, `Bearer ${await token(url, 'orders:read')}`, 'POST');
        assert.equal(status, 403);
        assert.match(challenge, /^Bearer .*error="insufficient_scope"/);
        assert.match(challenge, /scope="orders:write"/);
      });

      test('no token is 401 with a bare challenge', async () => {
        const { status, challenge } = await ask(urls[name]);
        assert.equal(status, 401);
        assert.match(challenge, /^Bearer/);
        assert.doesNotMatch(challenge, /error=/);
      });

      const REFUSED = {
        'an ID token': (url) => minted(url, {}, { typ: 'JWT' }),
        'a token for another API': () => token('https://elsewhere.example', 'orders:read'),
        'a token of another issuer': (url) => minted(url, { iss: 'https://elsewhere.example' }),
        'a token that has expired': (url) => minted(url, {}, { fault: 'expired' }),
        'a token of another key': (url) => minted(url, {}, { fault: 'wrong-key' }),
        'a token without a signature': (url) => minted(url, {}, { fault: 'alg-none' }),
        'a token that is bound to a key': (url) => minted(url, { cnf: { jkt: 'a'.repeat(43) } }),
        'no token at all': () => 'nonsense',
      };
      test('what is minted is taken but for its fault', async () => {
        assert.equal((await ask(urls[name], `Bearer ${await minted(urls[name])}`)).status, 200);
      });
      for (const [what, made] of Object.entries(REFUSED)) {
        test(`${what} is 401`, async () => {
          const url = urls[name];
          const { status, challenge, text } = await ask(url, `Bearer ${await made(url)}`);
          assert.equal(status, 401, text);
          assert.match(challenge, /error="invalid_token"/);
        });
      }

      // go-oidc has none.
      if (name === 'go/main.go') return;
      test('it says where its tokens come from', async () => {
        const { challenge } = await ask(urls[name]);
        const [, address] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
        const document = await (await fetch(address)).json();
        assert.equal(document.resource, urls[name]);
        assert.deepEqual(document.authorization_servers, [issuer.url]);
        assert.deepEqual(document.scopes_supported, Object.keys(SCOPES));
      });
    });
  }
});
