// Issuers that the mock trusts, by keys that are pasted or its own issuers'.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freshKey, keyOf } from '../suite/support/jws.mjs';
import { github, kubernetes, spiffe, trust } from '../suite/support/platforms.mjs';
import { isError, isRefused } from './support/check.mjs';
import { claims } from './support/issuer.mjs';
import { bear, byAssertion, CLIENTS, clientOf, documentOf, exchangeOf, soon } from './support/machines.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const strictly = (spec = {}) => mock.fresh().make({ strictness: 'strict', clients: CLIENTS, ...spec });

describe('trusted issuers of the mock', { concurrency: 8 }, () => {
  test('platforms by pasted keys, as production has them', async () => {
    const issuer = await strictly({ trust });
    const to = { aud: issuer.id };
    assert.equal(clientOf(await bear(issuer, github.token(to))), 'deployer');
    assert.equal(clientOf(await byAssertion(issuer, kubernetes.token({ aud: [issuer.id] }))), 'deployer');
    assert.equal(clientOf(await bear(issuer, spiffe.token({ ...to, iss: spiffe.issuer }))), 'workload');
    assert.equal(clientOf(await issuer.post('/token', exchangeOf(kubernetes.token(to)))), 'deployer');
    const another = freshKey('RS256', github.key.kid);
    isError(await bear(issuer, github.token(to, { key: another })), 400, 'invalid_grant');
    isError(await bear(issuer, github.token({ aud: 'https://else.example' })), 400, 'invalid_grant');
  });

  test('another issuer of the mock, by discovery', async () => {
    const platform = await mock.fresh().make();
    const issuer = await strictly({ trust: [documentOf(platform.id, 'deployer')] });
    const { token } = await platform.mint({ typ: 'JWT', claims: { sub: 'job', aud: issuer.id } });
    assert.equal(clientOf(await bear(issuer, token)), 'deployer');
  });

  test('another issuer of the mock in the place of a platform, by jwks_uri', async () => {
    const platform = await mock.fresh().make();
    const document = { ...trust[0], jwks: undefined, jwks_uri: `${platform.id}/.well-known/jwks.json` };
    const issuer = await strictly({ trust: [document] });
    const said = claims(github.token({ aud: issuer.id }));
    const { token } = await platform.mint({ typ: 'JWT', alg: 'RS256', claims: said });
    assert.equal(clientOf(await bear(issuer, token)), 'deployer');
  });

  test('keys that lie elsewhere are asked of nobody: the token is refused', async () => {
    const elsewhere = { ...documentOf('https://ci.example', 'deployer'), jwks_uri: 'https://ci.example/jwks' };
    for (const trust of [[elsewhere], [documentOf('https://ci.example', 'deployer')]]) {
      const issuer = await strictly({ trust });
      const token = keyOf('ES256', 'ci').sign({ iss: 'https://ci.example', sub: 'job', aud: issuer.id, ...soon() });
      isError(await bear(issuer, token), 400, 'invalid_grant');
      const [entry] = await issuer.journal();
      assert.equal(entry.error, 'invalid_grant');
    }
  });

  test('JETON_TRUST is of every issuer that names none itself', async (t) => {
    const env = { JETON_CLIENTS: JSON.stringify(CLIENTS), JETON_TRUST: JSON.stringify(trust) };
    const own = await start({ t, args: ['--strict'], env });
    const issuer = own.at('any');
    assert.equal(clientOf(await bear(issuer, github.token({ aud: issuer.id }))), 'deployer');
    const other = await own.at('other').make({ trust: [] });
    isError(await bear(other, github.token({ aud: other.id })), 400, 'invalid_grant');
  });
});

describe('control API: trusted issuers', { concurrency: 8 }, () => {
  test('POST adds, then replaces; GET lists; DELETE removes, once; a reset puts back what was there', async () => {
    const platform = await mock.fresh().make();
    const issuer = await strictly({ trust: [documentOf(platform.id, 'deployer')] });
    const { token } = await platform.mint({ typ: 'JWT', claims: { sub: 'job', aud: issuer.id } });
    const other = documentOf(platform.id, 'checker');
    assert.deepEqual(await issuer.set('POST', '/trust', other), other);
    assert.deepEqual((await issuer.set('GET', '/trust')).trust, [other]);
    assert.equal(clientOf(await bear(issuer, token)), 'checker');
    const remove = () => issuer.control('DELETE', '/trust', undefined, { query: { iss: platform.id } });
    assert.equal((await remove()).status, 204);
    isError(await bear(issuer, token), 400, 'invalid_grant');
    assert.equal((await remove()).status, 404);
    assert.deepEqual((await issuer.set('GET', '/trust')).trust, []);
    await issuer.reset();
    assert.equal(clientOf(await bear(issuer, token)), 'deployer');
  });

  for (const [name, document, expected] of [
    ['a member that nobody knows', { issuer: 'https://ci.example', rule: [] }, /unknown field .rule./],
    [
      'a rule without conditions',
      { issuer: 'https://ci.example', rules: [{ name: 'a', client_id: 'b', conditions: [] }] },
      /rule "a": conditions: at least one/,
    ],
    [
      'a dangerous rule',
      { ...trust[0], rules: [{ ...trust[0].rules[1], accepted_dangers: [] }] },
      /rule "pull requests": .*unreviewed_code: .*accepted_dangers/,
    ],
  ]) {
    test(`${name} is refused, and what stands is kept`, async () => {
      const issuer = await strictly({ trust: [trust[1]] });
      isRefused(await issuer.control('POST', '/trust', document), expected);
      assert.deepEqual((await issuer.set('GET', '/trust')).trust, [trust[1]]);
      isRefused(await issuer.control('PUT', '/issuer', { trust: [document] }), expected);
    });
  }

  test('two documents of one issuer are refused', async () => {
    const response = await mock.fresh().control('PUT', '/issuer', { trust: [trust[1], trust[1]] });
    isRefused(response, /trust\[1\].*is given twice/);
  });
});
