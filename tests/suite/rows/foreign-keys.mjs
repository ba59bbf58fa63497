// Keys that others publish: of clients by `jwks_uri`, of trusted issuers by discovery, by URL, or as a
// SPIFFE bundle. These rows have a deployment of their own, which may reach this machine, and somebody else
// on it who counts what is asked, and misbehaves.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertionOf } from '../support/assertions.mjs';
import { isToken } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import { sleep } from '../support/flow.mjs';
import { foreignIssuers, hostile, NEARBY } from '../support/foreign-issuer.mjs';
import { freshKey } from '../support/jws.mjs';
import { clientAssertion, jwtBearer, jwtSvid, shapes } from '../support/shapes.mjs';
import { refusal, startFor, unless } from '../support/target.mjs';

const AUD = NEARBY.JETON_ISSUER;
const METADATA = '/.well-known/openid-configuration';

/** Longer than a deployment waits for a document, and shorter than a request may take. */
const PATIENCE = 5_000;

/** A client whose keys are those that `issuer` publishes. */
const byUri = (client_id, jwks_uri) => ({
  client_id,
  token_endpoint_auth_method: 'private_key_jwt',
  jwks_uri,
  grant_types: ['client_credentials'],
});

/** An assertion of a client by the first key of `issuer`, or by another. */
const signed = (client_id, issuer, { key = issuer.keys[0], header } = {}) =>
  assertionOf({ client_id }, { claims: { aud: AUD }, key, header });

/** The document of a trusted issuer, whose subject `job` is the client `deployer`. */
const trusting = (issuer, more = {}) => ({
  issuer: issuer.url,
  rules: [{ name: 'job', client_id: 'deployer', conditions: [{ claim: 'sub', equals: 'job' }] }],
  ...more,
});

const { deployer, workload } = clients;
const ofJob = (issuer, claims, header, key) => issuer.token({ aud: AUD, sub: 'job', ...claims }, header, key);

/** A deployment that may reach this machine; one environment of Lambda, so that what it asks can be counted. */
const nearby = (t, { clients: list = [], trust = [] }) =>
  startFor(t, { instances: 1, changes: { ...NEARBY, clients: [deployer, workload, ...list], trust } });

/** Each of `asks`, answered while a client waits for it. */
async function timely(asks) {
  const begin = Date.now();
  const answers = await Promise.all(asks.map((ask) => ask()));
  assert.ok(Date.now() - begin < PATIENCE, `${Date.now() - begin} ms`);
  return answers;
}

describe('keys of others', { skip: unless.fetching, concurrency: 1 }, () => {
  test('RFC 7591 §2: the keys at jwks_uri are fetched once, and used for some minutes', async (t) => {
    const others = await foreignIssuers(t);
    const issuer = others.issuer('client', ['ES256', 'RS256']);
    const on = await nearby(t, { clients: [byUri('by-uri', issuer.jwksUri)] });
    for (const key of [...issuer.keys, ...issuer.keys]) {
      await isToken(await clientAssertion.ask(signed('by-uri', issuer, { key }), {}, { on }), ours, on);
    }
    assert.deepEqual(issuer.requests, ['/jwks']);
  });

  test('OpenID Connect Discovery 1.0 §4: metadata and keys of an issuer are fetched once', async (t) => {
    const others = await foreignIssuers(t);
    const issuer = others.issuer('discovered');
    const on = await nearby(t, { trust: [trusting(issuer)] });
    for (const { ask } of [...shapes, ...shapes]) {
      const { payload } = await isToken(await ask(ofJob(issuer), {}, { on }), ours, on);
      assert.equal(payload.sub, 'deployer');
    }
    assert.deepEqual(issuer.requests, [METADATA, '/jwks']);
  });

  test('jwks_uri of a trust document: its metadata is not asked for', async (t) => {
    const others = await foreignIssuers(t);
    const issuer = others.issuer('by-url', ['RS256']);
    const on = await nearby(t, { trust: [trusting(issuer, { jwks_uri: issuer.jwksUri })] });
    await isToken(await jwtBearer.ask(ofJob(issuer), {}, { on }), ours, on);
    assert.deepEqual(issuer.requests, ['/jwks']);
  });

  test('SPIFFE Trust Domain and Bundle §4: a bundle has keys for SVIDs, for certificates, or none any more', async (t) => {
    const others = await foreignIssuers(t);
    const [live, empty] = ['bundle', 'revoked'].map((name) => others.issuer(name));
    const svid = live.keys[0];
    const x509 = freshKey('ES256', 'x509');
    const { alg, ...jwk } = svid.jwk;
    const bundle = { spiffe_sequence: 1, spiffe_refresh_hint: 300 };
    live.instead.set('/jwks', {
      keys: [
        { ...jwk, use: 'jwt-svid' },
        { ...x509.jwk, use: 'x509-svid' },
      ],
      ...bundle,
    });
    empty.instead.set('/jwks', { keys: [], ...bundle });
    const documents = [
      ['spiffe://live.example', live],
      ['spiffe://revoked.example', empty],
    ].map(([issuer, { jwksUri }]) => ({
      issuer,
      jwks_uri: jwksUri,
      rules: [{ name: 'all', client_id: 'workload', conditions: [{ claim: 'sub', prefix: `${issuer}/ns/` }] }],
    }));
    const on = await nearby(t, { trust: documents });
    const ofSvid = (domain, key) =>
      live.token({ iss: undefined, aud: AUD, sub: `spiffe://${domain}/ns/a` }, { typ: 'JOSE' }, key);
    const { payload } = await isToken(await jwtSvid.ask(ofSvid('live.example', svid), {}, { on }), ours, on);
    assert.equal(payload.sub, 'workload');
    jwtSvid.isRefused(await jwtSvid.ask(ofSvid('live.example', x509), {}, { on }));
    jwtSvid.isRefused(await jwtSvid.ask(ofSvid('revoked.example', svid), {}, { on }));
    assert.equal(empty.count(), 1);
  });

  test('a flood of unknown kids costs no fetch within a minute, and disturbs nobody', async (t) => {
    const others = await foreignIssuers(t);
    const [client, issuer] = [others.issuer('client'), others.issuer('issuer')];
    const on = await nearby(t, { clients: [byUri('by-uri', client.jwksUri)], trust: [trusting(issuer)] });
    await isToken(await clientAssertion.ask(signed('by-uri', client), {}, { on }), ours, on);
    await isToken(await jwtBearer.ask(ofJob(issuer), {}, { on }), ours, on);
    const flood = Array.from({ length: 40 }, (_, n) => [
      () => clientAssertion.ask(signed('by-uri', client, { header: { kid: `made up ${n}` } }), {}, { on }),
      () => jwtBearer.ask(ofJob(issuer, {}, { kid: `made up ${n}` }), {}, { on }),
    ]).flat();
    for (const [n, answer] of (await Promise.all(flood.map((ask) => ask()))).entries()) {
      (n % 2 === 0 ? clientAssertion : jwtBearer).isRefused(answer);
    }
    assert.deepEqual(client.requests, ['/jwks']);
    assert.deepEqual(issuer.requests, [METADATA, '/jwks']);
    await isToken(await clientAssertion.ask(signed('by-uri', client), {}, { on }), ours, on);
  });

  test('a flood before anything was fetched: at most four ask at once, and others are told to come again', async (t) => {
    const others = await foreignIssuers(t);
    const client = others.issuer('client');
    const on = await nearby(t, { clients: [byUri('by-uri', client.jwksUri)] });
    const ask = () => clientAssertion.ask(signed('by-uri', client, { header: { kid: 'made up' } }), {}, { on });
    for (const answer of await Promise.all(Array.from({ length: 40 }, ask))) {
      if (answer.status === 503) assert.equal(answer.json().error, 'temporarily_unavailable');
      else clientAssertion.isRefused(answer);
    }
    assert.ok(client.count() <= 4, `${client.count()} fetches`);
    clientAssertion.isRefused(await ask());
  });

  test('what can be refused without a key asks nobody', async (t) => {
    const others = await foreignIssuers(t);
    const [client, issuer] = [others.issuer('client'), others.issuer('issuer')];
    const on = await nearby(t, { clients: [byUri('by-uri', client.jwksUri)], trust: [trusting(issuer)] });
    for (const header of [{ typ: 'at+jwt' }, { crit: ['exp'] }, { jku: client.jwksUri }, { alg: 'HS256' }]) {
      clientAssertion.isRefused(await clientAssertion.ask(signed('by-uri', client, { header }), {}, { on }));
      jwtBearer.isRefused(await jwtBearer.ask(ofJob(issuer, {}, header), {}, { on }));
    }
    for (const claims of [{ exp: 1 }, { sub: undefined }, { iss: others.issuer('other').url }, { cnf: {} }]) {
      jwtBearer.isRefused(await jwtBearer.ask(ofJob(issuer, claims), {}, { on }));
    }
    assert.deepEqual([...client.requests, ...issuer.requests], []);
  });

  test('a key that takes the place of another is known after a minute, and the other no more', {
    skip: unless.slow,
  }, async (t) => {
    const others = await foreignIssuers(t);
    const [client, issuer] = [others.issuer('client'), others.issuer('issuer')];
    const on = await nearby(t, { clients: [byUri('by-uri', client.jwksUri)], trust: [trusting(issuer)] });
    const ask = (options) => clientAssertion.ask(signed('by-uri', client, options), {}, { on });
    await isToken(await ask(), ours, on);
    await isToken(await jwtBearer.ask(ofJob(issuer), {}, { on }), ours, on);
    const old = [client.keys[0], issuer.keys[0]];
    client.rotate();
    issuer.rotate();
    await sleep(61_000);
    await isToken(await ask(), ours, on);
    await isToken(await jwtBearer.ask(ofJob(issuer), {}, { on }), ours, on);
    clientAssertion.isRefused(await ask({ key: old[0] }));
    jwtBearer.isRefused(await jwtBearer.ask(ofJob(issuer, {}, {}, old[1]), {}, { on }));
    assert.equal(client.count(), 2);
    assert.equal(issuer.count('/jwks'), 2);
  });

  test('a set that was good stays when its successor is empty, unreadable or out of reach', {
    skip: unless.slow,
  }, async (t) => {
    const others = await foreignIssuers(t);
    const faults = ['is not JSON', 'is an error', { keys: [] }];
    const issuers = faults.map((_, n) => others.issuer(`client-${n}`));
    const on = await nearby(t, { clients: issuers.map(({ jwksUri }, n) => byUri(`client-${n}`, jwksUri)) });
    const ask = (n, options) => clientAssertion.ask(signed(`client-${n}`, issuers[n], options), {}, { on });
    for (const n of faults.keys()) await isToken(await ask(n), ours, on);
    for (const [n, fault] of faults.entries()) issuers[n].instead.set('/jwks', fault);
    await sleep(61_000);
    for (const [n, issuer] of issuers.entries()) {
      clientAssertion.isRefused(await ask(n, { header: { kid: 'next' } }));
      assert.equal(issuer.count(), 2);
      await isToken(await ask(n), ours, on);
    }
  });

  /** JWK Sets that are none, or not of public keys. */
  const SETS = {
    'has a private key': ({ keys: [key] }) => ({ keys: [key.jwk, freshKey('ES256').privateJwk] }),
    'has its own private key': ({ keys: [key] }) => ({ keys: [key.privateJwk] }),
    'has a symmetric key': ({ keys: [key] }) => ({ keys: [key.jwk, { kty: 'oct', k: 'c2VjcmV0', kid: 'a' }] }),
    'is empty': () => ({ keys: [] }),
    'has no keys': () => ({}),
    'has keys that are no list': ({ keys: [key] }) => ({ keys: key.jwk }),
    'has more than 100 keys': ({ keys: [key] }) => ({ keys: Array.from({ length: 101 }, () => key.jwk) }),
    'has keys to encrypt with': ({ keys: [key] }) => ({ keys: [{ ...key.jwk, use: 'enc' }] }),
  };

  test('keys that are withheld or no keys authenticate nobody, in time, and are not asked for again at once', async (t) => {
    const others = await foreignIssuers(t);
    const sound = others.issuer('sound');
    const bad = [];
    for (const fault of [...hostile, ...Object.keys(SETS)]) {
      const issuer = others.issuer(`client-${bad.length}`);
      issuer.instead.set('/jwks', SETS[fault]?.(issuer) ?? fault);
      bad.push({ fault, issuer, client_id: `client-${bad.length}` });
    }
    const on = await nearby(t, {
      clients: [byUri('sound', sound.jwksUri), ...bad.map(({ client_id, issuer }) => byUri(client_id, issuer.jwksUri))],
    });
    const ask = ({ client_id, issuer }) => clientAssertion.ask(signed(client_id, issuer), {}, { on });
    // Lambda has one environment here: each waits for those before it.
    const slow = bad.filter(({ fault }) => /slow|never/.test(fault));
    for (const each of slow) clientAssertion.isRefused((await timely([() => ask(each)]))[0]);
    for (const each of bad.filter((one) => !slow.includes(one))) {
      const [answer] = await timely([() => ask(each)]);
      clientAssertion.isRefused(answer);
      // At once: a URL that failed is asked for again after ten seconds.
      clientAssertion.isRefused(await ask(each));
      assert.deepEqual(each.issuer.requests, ['/jwks'], each.fault);
    }
    await isToken(await ask({ client_id: 'sound', issuer: sound }), ours, on);
  });

  test('an issuer whose keys cannot be had vouches for nobody: the error of each way', async (t) => {
    const others = await foreignIssuers(t);
    const issuer = others.issuer('gone');
    issuer.instead.set('/jwks', 'is gone');
    const on = await nearby(t, { trust: [trusting(issuer)] });
    for (const { ask, isRefused } of shapes) isRefused(await ask(ofJob(issuer), {}, { on }));
    assert.deepEqual(issuer.requests, [METADATA, '/jwks']);
  });

  /** Metadata that is not the issuer's, or leads where nobody may be led; `of(issuer)` is what differs. */
  const DOCUMENTS = {
    'is of another issuer': () => ({ issuer: 'https://other.example' }),
    'is of the issuer with a slash': (issuer) => ({ issuer: `${issuer.url}/` }),
    'has no issuer': () => ({ issuer: undefined }),
    'has no jwks_uri': () => ({ jwks_uri: undefined }),
    'has a jwks_uri that is no string': (issuer) => ({ jwks_uri: [issuer.jwksUri] }),
    'leads to a private address': () => ({ jwks_uri: 'https://10.0.0.1/jwks' }),
    'leads to the metadata of a cloud': () => ({ jwks_uri: 'http://169.254.169.254/latest/meta-data' }),
    'leads to it by IPv6': () => ({ jwks_uri: 'https://[fd00:ec2::254]/latest' }),
    'leads to a public address': () => ({ jwks_uri: 'https://93.184.216.34/jwks' }),
    'leads into the own network by name': () => ({ jwks_uri: 'https://vault.internal/jwks' }),
    'leads to a name without a dot': () => ({ jwks_uri: 'https://vault/jwks' }),
    'leads to http elsewhere': () => ({ jwks_uri: 'http://keys.example.com/jwks' }),
    'leads to the deployment itself': () => ({ jwks_uri: `${AUD}/.well-known/jwks.json` }),
    'leads to a file': () => ({ jwks_uri: 'file:///etc/passwd' }),
    'leads to data': () => ({ jwks_uri: 'data:application/json,{"keys":[]}' }),
    'leads on with user information': (issuer) => ({ jwks_uri: issuer.jwksUri.replace('//', '//user:pass@') }),
    'leads on with a fragment': (issuer) => ({ jwks_uri: `${issuer.jwksUri}#keys` }),
  };

  test('metadata that is not the issuer’s, or leads where nobody may be led, vouches for nobody', async (t) => {
    const others = await foreignIssuers(t);
    const bad = Object.entries(DOCUMENTS).map(([fault, of], n) => {
      const issuer = others.issuer(`issuer-${n}`);
      issuer.instead.set(METADATA, { ...issuer.metadata, ...of(issuer) });
      return { fault, issuer };
    });
    for (const fault of ['redirects', 'is not JSON', 'is 200 kB long', 'is gone']) {
      const issuer = others.issuer(`issuer-${bad.length}`);
      issuer.instead.set(METADATA, fault);
      bad.push({ fault, issuer });
    }
    const on = await nearby(t, { trust: bad.map(({ issuer }) => trusting(issuer)) });
    for (const { fault, issuer } of bad) {
      const [answer] = await timely([() => jwtBearer.ask(ofJob(issuer), {}, { on })]);
      jwtBearer.isRefused(answer);
      assert.deepEqual(issuer.requests, [METADATA], fault);
    }
  });

  test('in production no address of this machine is asked', async (t) => {
    const others = await foreignIssuers(t);
    const issuer = others.issuer('here');
    assert.match(await refusal({ trust: [trusting(issuer)] }), /JETON_TRUST.*not public/);
    const client = byUri('here', issuer.jwksUri);
    assert.match(await refusal({ clients: [client] }), /JETON_CLIENTS.*jwks_uri: .*not public/);
    const on = await startFor(t);
    await on.putClient(client);
    const assertion = assertionOf({ client_id: 'here' }, { key: issuer.keys[0] });
    clientAssertion.isRefused(await clientAssertion.ask(assertion, {}, { on }));
    assert.deepEqual(issuer.requests, []);
  });

  test('a jwks_uri that nobody may reach is refused when it is written', async () => {
    for (const uri of [
      'http://keys.example.com/jwks',
      'https://10.0.0.1/jwks',
      'https://169.254.169.254/latest',
      'https://vault.internal/jwks',
      'https://user:pass@keys.example.com/jwks',
      'jwks',
    ]) {
      assert.match(await refusal({ clients: [byUri('bad', uri)] }), /jwks_uri/, uri);
      const document = { issuer: 'https://issuer.example.com', jwks_uri: uri, rules: [] };
      assert.match(await refusal({ trust: [document] }), /jwks_uri/, uri);
    }
  });
});

/** Tokens of these deployments. */
const ours = { issuer: AUD };
