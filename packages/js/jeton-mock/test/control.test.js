// What an issuer can be told and asked besides tokens: faults, users, clients, claims, its clock, keys and journal.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import * as jetonMock from 'jeton-mock';
import { bin, get, introspect, kidsOf } from './support.js';

const { MockError, decode, startMock } = jetonMock;
const mock = await startMock({ bin });
after(() => mock.stop());

describe('faults', () => {
  test('one that acts once', async () => {
    const issuer = await mock.issuer();
    const fault = await issuer.addFault({ fault: 'temporarily_unavailable', match: { endpoint: 'token' }, times: 1 });
    assert.equal(await fault.acted(), 0);
    await assert.rejects(issuer.token(), { name: 'MockError', status: 503, error: 'temporarily_unavailable' });
    assert.ok((await issuer.token()).access_token);
    assert.equal(await fault.acted(), 1);
    assert.deepEqual(
      (await issuer.journal()).map(({ status, faults = [] }) => [status, faults]),
      [
        [503, ['temporarily_unavailable']],
        [200, []],
      ],
    );
  });

  test('one that is removed, by hand or at the end of a block', async () => {
    const issuer = await mock.issuer();
    for (const remove of [(fault) => fault.remove(), (fault) => fault[Symbol.asyncDispose]()]) {
      const fault = await issuer.addFault('invalid_client');
      await assert.rejects(issuer.token(), { error: 'invalid_client' });
      await remove(fault);
      await issuer.token();
      await assert.rejects(fault.acted(), /fault \d+ is no longer there/);
    }
  });

  test('listed, and all removed', async () => {
    const issuer = await mock.issuer();
    await issuer.addFault({ fault: { status: 418, body: 'short and stout' }, nth: 2 });
    await issuer.addFault('alg-none');
    const [teapot, none] = await issuer.faults();
    assert.deepEqual([teapot.fault, teapot.nth, teapot.acted], [{ status: 418, body: 'short and stout' }, 2, 0]);
    assert.equal(none.fault, 'alg-none');
    await issuer.clearFaults();
    assert.deepEqual(await issuer.faults(), []);
  });

  test('what no client can read is said in full', async () => {
    const issuer = await mock.issuer();
    for (const [fault, message] of [
      ['html', /200, but no JSON: text\/html/],
      ['truncate', /200, but no JSON: application\/json/],
      ['empty', /200, but no JSON: .*\(empty\)/],
      ['drop', /no answer/],
      [{ status: 418, body: 'short and stout' }, /418 .*short and stout/],
    ]) {
      await issuer.addFault({ fault, times: 1 });
      await assert.rejects(issuer.token(), { name: 'MockError', message });
    }
  });

  test('an unknown name: which, and what was expected', async () => {
    const issuer = await mock.issuer();
    await assert.rejects(issuer.addFault('slwo-2s'), (error) => {
      assert.equal(error.status, 400);
      assert.equal(error.error, 'invalid_request');
      assert.match(error.error_description, /unknown fault "slwo-2s", expected/);
      assert.ok(error.message.includes(error.error_description));
      return true;
    });
  });
});

describe('users, clients, claims', () => {
  test('users are added, replaced and removed', async () => {
    const issuer = await mock.issuer();
    await issuer.addUser('dora');
    assert.equal((await issuer.addUser({ sub: 'dora', name: 'Dora' })).name, 'Dora');
    assert.deepEqual((await issuer.users()).filter(({ sub }) => sub === 'dora').length, 1);
    await issuer.removeUser('dora');
    await assert.rejects(issuer.removeUser('dora'), { status: 404 });
  });

  test('clients are added and removed, and their secrets stay there', async () => {
    const issuer = await mock.issuer(undefined, { strictness: 'strict', clients: [] });
    const client = { client_id: 'billing', client_secret: 'own', grant_types: ['client_credentials'], scope: 'read' };
    await issuer.addClient(client);
    const [known] = await issuer.clients();
    assert.deepEqual([known.client_id, known.scope, 'client_secret' in known], ['billing', 'read', false]);
    await issuer.token({ client_id: 'billing', client_secret: 'own' });
    await assert.rejects(issuer.token({ client_id: 'billing', client_secret: 'other' }), { error: 'invalid_client' });
    await issuer.removeClient('billing');
    assert.deepEqual(await issuer.clients(), []);
  });

  test('APIs are added, listed and gone: tokens are as they say', async () => {
    const api = { identifier: 'https://orders.example', scopes: { read: 'Read' }, access_token_lifetime: 60 };
    const client = { client_id: 'job', client_secret: 's', grant_types: ['client_credentials'] };
    const apis = [{ identifier: api.identifier, scope: 'read write' }];
    const issuer = await mock.issuer(undefined, { strictness: 'strict', clients: [{ ...client, apis }] });
    await issuer.addApi(api);
    assert.deepEqual(await issuer.apis(), [api]);
    const asked = { client_id: 'job', client_secret: 's', resource: api.identifier };
    const { scope, expires_in } = await issuer.token(asked);
    assert.deepEqual([scope, expires_in], ['read', 60]);
    await issuer.removeApi(api.identifier);
    assert.deepEqual(await issuer.apis(), []);
    await assert.rejects(issuer.token(asked), { error: 'invalid_target' });
  });

  test('trusted issuers are added, listed and gone: a machine of one issuer proves itself at another', async () => {
    const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    const platform = await mock.issuer();
    const deployer = {
      client_id: 'deployer',
      token_endpoint_auth_method: 'federated_jwt',
      grant_types: [grant_type],
      scope: 'deploy',
    };
    const issuer = await mock.issuer(undefined, { strictness: 'strict', clients: [deployer] });
    const conditions = [{ claim: 'sub', equals: 'job' }];
    const document = { issuer: platform.url, rules: [{ name: 'deploy', client_id: 'deployer', conditions }] };
    await issuer.addTrustedIssuer(document);
    assert.deepEqual(await issuer.trustedIssuers(), [document]);
    const assertion = await platform.mint({ sub: 'job', aud: issuer.url }, { typ: 'JWT' });
    const { access_token } = await issuer.token({ client_id: null, grant_type, assertion });
    assert.equal(decode(access_token).claims.client_id, 'deployer');
    await issuer.removeTrustedIssuer(platform.url);
    assert.deepEqual(await issuer.trustedIssuers(), []);
    await assert.rejects(issuer.token({ client_id: null, grant_type, assertion }), { error: 'invalid_grant' });
  });

  test('claim rules are added, listed and gone', async () => {
    const issuer = await mock.issuer();
    const rule = { match: { client_id: 'bill*' }, access_token: { tenant: '${client_id}' } };
    await issuer.addClaimRule(rule);
    assert.deepEqual(await issuer.claimRules(), [{ id: 1, ...rule }]);
    const { id } = await issuer.addClaimRule({ access_token: { tenant: 'other' }, next_login: true });
    await issuer.removeClaimRule(id);
    assert.deepEqual(await issuer.claimRules(), [{ id: 1, ...rule }]);
    const tenant = async () => decode((await issuer.token({ client_id: 'billing' })).access_token).claims.tenant;
    assert.equal(await tenant(), 'billing');
    await issuer.clearClaimRules();
    assert.equal(await tenant(), undefined);
  });
});

describe('the clock', () => {
  test('a token expires when the clock is moved', async () => {
    const issuer = await mock.issuer();
    const { access_token, expires_in } = await issuer.token();
    assert.equal((await introspect(issuer, access_token)).active, true);
    await issuer.clock.advance(expires_in + 1);
    assert.equal((await introspect(issuer, access_token)).active, false);
    await issuer.clock.advance(-expires_in);
    assert.equal((await introspect(issuer, access_token)).active, true);
  });

  test('set, freeze, resume and reset', async () => {
    const { clock } = await mock.issuer();
    assert.equal((await clock.freeze(1_700_000_000)).now, 1_700_000_000);
    assert.deepEqual([await clock.now(), (await clock.state()).frozen], [1_700_000_000, true]);
    assert.equal((await clock.advance(60)).now, 1_700_000_060);
    assert.equal((await clock.set(new Date('2030-01-01T00:00:00Z'))).now, 1_893_456_000);
    assert.equal((await clock.resume()).frozen, false);
    assert.equal((await clock.freeze()).frozen, true);
    assert.deepEqual({ ...(await clock.reset()), now: 0 }, { now: 0, frozen: false, offset: 0 });
    assert.ok(Math.abs((await clock.now()) - Date.now() / 1000) < 5);
  });
});

describe('keys', () => {
  const signer = async (issuer) => decode((await issuer.token()).access_token).header.kid;

  test('a rotation is seen in JWKS', async () => {
    const issuer = await mock.issuer();
    const [before, old] = [await kidsOf(issuer), await signer(issuer)];
    const keys = await issuer.keys.rotate('RS256');
    const next = await signer(issuer);
    assert.notEqual(next, old);
    assert.deepEqual((await kidsOf(issuer)).sort(), [...new Set([...before, next])].sort());
    assert.deepEqual(keys, await issuer.keys.list());
    assert.ok(keys.some(({ kid, signs, published }) => kid === next && signs && published));
  });

  test('published first, then switched to, the old one retired', async () => {
    const issuer = await mock.issuer();
    const old = await signer(issuer);
    const next = (await issuer.keys.publish('RS256')).find(({ alg, signs }) => alg === 'RS256' && !signs).kid;
    assert.equal(await signer(issuer), old);
    assert.ok((await kidsOf(issuer)).includes(next));
    await issuer.keys.switch('RS256');
    assert.equal(await signer(issuer), next);
    await issuer.keys.retire();
    assert.ok(!(await kidsOf(issuer)).includes(old));
  });

  test('a key that JWKS does not show', async () => {
    const issuer = await mock.issuer();
    await issuer.keys.switchUnpublished('RS256');
    assert.ok(!(await kidsOf(issuer)).includes(await signer(issuer)));
  });

  test('nothing to switch to', async () => {
    const issuer = await mock.issuer();
    await assert.rejects(issuer.keys.switch(), { name: 'MockError', status: 400 });
  });
});

describe('the journal', () => {
  test('lists and counts by filter, and is forgotten', async () => {
    const issuer = await mock.issuer();
    await issuer.token({ client_id: 'a' });
    await issuer.token({ client_id: 'b', scope: 'read' });
    const [entry] = await issuer.journal({ client_id: 'b' });
    assert.deepEqual(
      [entry.endpoint, entry.method, entry.status, entry.parameters.scope],
      ['token', 'POST', 200, 'read'],
    );
    assert.equal(await issuer.count({ endpoint: 'token', grant_type: 'client_credentials', status: 200 }), 2);
    assert.equal(await issuer.count({ after: entry.id - 1 }), 1);
    await issuer.clearJournal();
    assert.equal(await issuer.count(), 0);
  });

  test('take yields each once, the oldest first', async () => {
    const issuer = await mock.issuer();
    await issuer.token({ client_id: 'a' });
    await issuer.token({ client_id: 'b' });
    assert.equal((await issuer.take()).client_id, 'a');
    assert.equal((await issuer.take({ endpoint: 'token' })).client_id, 'b');
  });

  test('take waits for what has not come yet', async () => {
    const issuer = await mock.issuer();
    const taken = issuer.take({ client_id: 'late' });
    await new Promise((done) => setTimeout(done, 50));
    await issuer.token({ client_id: 'early' });
    await issuer.token({ client_id: 'late' });
    assert.equal((await taken).client_id, 'late');
  });

  test('take says what came instead', async () => {
    const issuer = await mock.issuer();
    await assert.rejects(issuer.take({ endpoint: 'token' }, { timeout: 10 }), (error) => {
      assert.ok(error instanceof MockError);
      assert.equal(
        error.message,
        `nothing to take within 10 ms: no request endpoint=token\n  ${issuer.url} got none at all`,
      );
      return true;
    });
    await issuer.token({ client_id: 'web' });
    await assert.rejects(issuer.take({ client_id: 'billing' }, { timeout: 0 }), (error) => {
      const [, , line] = error.message.split('\n');
      assert.equal(line.trim(), '#1 POST token 200 client_id=web grant_type=client_credentials');
      return true;
    });
  });

  test('an unknown member of a filter is refused', async () => {
    const issuer = await mock.issuer();
    await assert.rejects(issuer.count({ clientId: 'web' }), { status: 400, error_description: /clientId/ });
  });
});

describe('the types', () => {
  const types = readFileSync(new URL('../index.d.ts', import.meta.url), 'utf8');
  /** The members an interface declares. */
  const membersOf = (name) => {
    const [, body] = new RegExp(`^export interface ${name} [^\\n]*\\{\\n(.*?)^\\}`, 'ms').exec(types);
    return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:]/gm)].map(([, member]) => member).sort();
  };

  test('name exactly what there is', async () => {
    const issuer = await mock.issuer();
    const fault = await issuer.addFault('drop');
    assert.deepEqual(
      [...types.matchAll(/^export (?:function|class) (\w+)/gm)].map(([, name]) => name).sort(),
      Object.keys(jetonMock).sort(),
    );
    for (const [name, thing] of Object.entries({
      Mock: mock,
      Issuer: issuer,
      Clock: issuer.clock,
      Keys: issuer.keys,
      FaultHandle: fault,
    })) {
      const own = [...Object.keys(thing), ...Object.getOwnPropertyNames(Object.getPrototypeOf(thing))].filter(
        (member) => member !== 'constructor',
      );
      assert.deepEqual(membersOf(name), own.sort(), name);
    }
  });

  test('name exactly what the mock does', async () => {
    const { schemas } = (await get(`${mock.url}/_mock/openapi.json`)).components;
    const same = {
      IssuerSpec: 'IssuerSpec',
      User: 'User',
      ClaimRule: 'ClaimRule',
      Fault: 'Fault',
      CustomResponse: 'CustomResponse',
      Issuer: 'IssuerInfo',
      Clock: 'ClockState',
      Key: 'Key',
      Entry: 'Entry',
    };
    for (const [schema, name] of Object.entries(same))
      assert.deepEqual(membersOf(name), Object.keys(schemas[schema].properties).sort(), name);
    for (const member of membersOf('Client')) assert.ok(member in schemas.ClientMetadata.properties, member);
    const [, endpoints] = /^export type Endpoint =(.*?);/ms.exec(types);
    assert.deepEqual(
      [...endpoints.matchAll(/'(\w+)'/g)].map(([, name]) => name).sort(),
      [...schemas.Endpoint.enum].sort(),
    );
    const [, known] = /^\^\(\?:(.*)\)\$$/.exec(schemas.FaultName.pattern);
    for (const name of known.split('|').filter((one) => /^[a-z_-]+$/.test(one)))
      assert.ok(types.includes(`'${name}'`), name);
  });
});
