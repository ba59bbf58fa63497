// Who may log in: lists of the deployment, of a provider, of a client.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { textOf } from '../support/browser.mjs';
import { agree, asksConsent, be, choose, goBack, loggedIn, logIn, offers } from '../support/login.mjs';
import { isTrouble } from '../support/pages.mjs';
import { open, refusal, target, world } from '../support/world.mjs';

const person = (sub, claims) => ({ sub, claims: { name: sub, ...claims } });
const verified = (sub, email, more = {}) => person(sub, { email, email_verified: true, ...more });

const PEOPLE = [
  verified('inside', 'inside@example.com', { hd: 'example.com', groups: ['staff'] }),
  verified('capital', 'Capital@EXAMPLE.com'),
  verified('named', 'eve@example.org'),
  verified('outside', 'outside@elsewhere.example', { hd: 'elsewhere.example', groups: ['staff-of-others'] }),
  // The address is of the domain, and nobody has checked that it is theirs.
  person('unverified', { email: 'unverified@example.com', email_verified: false }),
  person('unsaid', { email: 'unsaid@example.com' }),
  person('quoted', { email: 'quoted@example.com', email_verified: 'true' }),
  verified('prefixed', 'x@evil-example.com'),
  verified('suffixed', 'x@example.com.evil.example'),
  verified('below', 'x@sub.example.com'),
  verified('twice', 'x@example.com@evil.example'),
  verified('nobody', 'x@evil.example', { groups: 'staff,others' }),
  // `hd` is what counts as the hosted domain, whatever the address says.
  verified('hosted', 'x@example.com', { hd: 'evil.example' }),
];
const one = (more = {}) => ({
  one: {
    people: PEOPLE,
    ...more,
  },
});

/** Who of these gets in: each in a browser of their own. */
async function admitted(own, application, people = PEOPLE.map(({ sub }) => sub)) {
  // Else so many would ask for the provider's metadata at once, which few may.
  await own.browser().open(application.asks().url);
  await logIn(own.browser(), application, { as: people[0] });
  const logins = people.map(async (as) => {
    const browser = own.browser();
    const { page, asked } = await logIn(browser, application, { as });
    if (page.arrived) {
      await application.tokens(page, asked);
      return as;
    }
    const text = await isTrouble(own, page, 403);
    assert.ok(!/staff|admins|example\.com\b(?!.*@)/.test(text.replaceAll(/\S+@\S+/g, '')), `the rule is told: ${text}`);
    application.refused(await browser.send(page, '/login/back'), asked, 'access_denied');
    return undefined;
  });
  return (await Promise.all(logins)).filter(Boolean);
}

describe('who may', () => {
  const cases = {
    'nothing is said: everybody': [undefined, PEOPLE.map(({ sub }) => sub)],
    'an empty list of lists: everybody': [{}, PEOPLE.map(({ sub }) => sub)],
    'a verified domain': [{ email_domains: ['example.com'] }, ['inside', 'capital', 'hosted']],
    'a verified address': [{ emails: ['eve@example.org'] }, ['named']],
    'a hosted domain': [{ hosted_domains: ['example.com'] }, ['inside']],
    'a group': [{ claims: { groups: ['staff'] } }, ['inside']],
    'any list is enough': [
      { emails: ['eve@example.org'], hosted_domains: ['elsewhere.example'] },
      ['named', 'outside'],
    ],
  };
  for (const [name, [allow, expected]] of Object.entries(cases)) {
    test(`${name}, of the deployment`, async (t) => {
      const own = await open(t, { providers: one(), login: allow ? { allow } : {} });
      assert.deepEqual(await admitted(own, own.applications.shop), expected);
    });
  }

  test('of a provider: the other’s people are not asked for it', async (t) => {
    const own = await open(t, {
      providers: { ...one({ allow: { email_domains: ['example.com'] } }), two: { people: PEOPLE } },
    });
    const { shop } = own.applications;
    assert.deepEqual(await admitted(own, shop, ['inside', 'outside']), ['inside']);
    const other = await loggedIn(own.browser(), shop, { provider: 'two', as: 'outside' });
    assert.equal(other.claims.sub, own.subject('two', 'outside'));
  });

  test('of a client: the session stands, the client is not for them', async (t) => {
    const own = await open(t, {
      providers: one(),
      login: { clients: { desk: { allow: { claims: { groups: ['staff'] } } } } },
    });
    const { shop, desk } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, shop, { as: 'outside' });
    const asked = desk.asks();
    const page = await browser.open(asked.url);
    const text = await isTrouble(own, page, 403);
    // Who they are stands there, so that they may come as somebody else.
    assert.ok(text.includes('outside'), text);
    desk.refused(await browser.send(page, '/login/back'), asked, 'access_denied');
    const silent = desk.asks({ prompt: 'none' });
    desk.refused(await browser.open(silent.url), silent, 'access_denied');
    await loggedIn(browser, shop);
    assert.deepEqual(await admitted(own, desk, ['inside', 'outside']), ['inside']);
  });

  test('deployment, provider and client must each let a person in', async (t) => {
    const own = await open(t, {
      providers: one({ allow: { email_domains: ['example.com', 'elsewhere.example'] } }),
      login: {
        allow: { email_domains: ['example.com'] },
        clients: { desk: { allow: { claims: { groups: ['staff'] } } } },
      },
    });
    const people = ['inside', 'capital', 'outside', 'named'];
    assert.deepEqual(await admitted(own, own.applications.shop, people), ['inside', 'capital']);
    assert.deepEqual(await admitted(own, own.applications.desk, people), ['inside']);
  });

  test('who is not let in may come as somebody else', async (t) => {
    const own = await open(t, {
      providers: { ...one(), two: { people: PEOPLE } },
      login: { allow: { emails: ['eve@example.org'] } },
    });
    const { shop } = own.applications;
    const browser = own.browser();
    const { page, asked } = await logIn(browser, shop, { as: 'outside' });
    await isTrouble(own, page, 403);
    // No session began.
    const before = shop.asks({ prompt: 'none' });
    shop.refused(await browser.open(before.url), before, 'login_required');
    const chooser = await browser.send(page, '/login', { button: 'other' });
    assert.ok(offers(chooser, 'two'), textOf(chooser.response));
    const upstream = await choose(browser, chooser, 'two');
    await shop.tokens(await be(browser, upstream, 'named'), asked);
  });

  test('who is not let in is asked at the provider which account it is to be', async (t) => {
    const login = { allow: { emails: ['eve@example.org'] } };
    for (const providers of [one(), { ...one(), two: { people: PEOPLE } }]) {
      const own = await open(t, { providers, login });
      const { shop } = own.applications;
      const browser = own.browser();
      const { page, asked } = await logIn(browser, shop, { as: 'outside' });
      await isTrouble(own, page, 403);
      let upstream = await browser.send(page, '/login', { button: 'other' });
      if (offers(upstream, 'one')) upstream = await choose(browser, upstream, 'one');
      // The provider has a session of the one who may not.
      const went = browser.visited.findLast((url) => url.startsWith(`${own.upstreams.one.url}/authorize?`));
      assert.equal(new URL(went).searchParams.get('prompt'), 'select_account');
      await shop.tokens(await be(browser, upstream, 'named'), asked);
    }
  });

  test('a claim that is in /userinfo alone is asked for, once', async (t) => {
    const claims = { groups: ['staff'] };
    const cases = [
      [{ allow: { claims } }, { claims: [] }],
      [{}, { allow: { claims } }],
      [{}, { clients: { shop: { allow: { claims } } } }],
      [{ claims: { team: '${upstream.groups}' } }, {}],
      [{}, { claims: [{ match: { provider: 'o*' }, claims: { team: ['${upstream.groups|upstream.name}'] } }] }],
    ];
    const fault = {
      match: { endpoint: 'token', grant_type: 'authorization_code' },
      fault: 'without-groups',
      tokens: ['id_token'],
    };
    // All that the scope promises is in the ID token.
    const spec = { user_claims: ['id_token'] };
    const asked = async (own) => (await own.upstreams.one.journal({ endpoint: 'userinfo' })).length;
    for (const [way, login] of cases) {
      const own = await open(t, { providers: one({ spec, ...way }), login });
      await own.upstreams.one.addFault(fault);
      const { shop } = own.applications;
      await loggedIn(own.browser(), shop, { as: 'inside' });
      assert.equal(await asked(own), 1, JSON.stringify([way, login]));
    }
    // Nobody needs it here, or it may not be asked.
    const unneeded = await open(t, {
      providers: one({ spec }),
      login: { claims: [{ match: { provider: 'one' }, claims: { team: '${upstream.name}' } }] },
    });
    await unneeded.upstreams.one.addFault(fault);
    await loggedIn(unneeded.browser(), unneeded.applications.shop, { as: 'inside' });
    assert.equal(await asked(unneeded), 0);
    const never = await open(t, { providers: one({ spec, userinfo: 'never' }), login: { allow: { claims } } });
    await never.upstreams.one.addFault(fault);
    const { page } = await logIn(never.browser(), never.applications.shop, { as: 'inside' });
    await isTrouble(never, page, 403);
    assert.equal(await asked(never), 0);
  });

  test('the log says whose list refused, and where an address is not verified; the application hears less', async (t) => {
    const domains = { email_domains: ['example.com'] };
    const verified = 'does not say that it is verified';
    const cases = [
      [{ allow: domains }, {}, 'outside', 'the allow of the provider'],
      [{ allow: domains }, {}, 'unsaid', verified],
      [{}, { allow: domains }, 'unverified', verified],
      [{}, { allow: domains }, 'outside', 'the allow of the deployment'],
      [{}, { clients: { shop: { allow: domains } } }, 'outside', 'the allow of the client'],
      [{}, { allow: { claims: { gruops: ['staff'] } } }, 'inside', 'the provider does not say gruops'],
    ];
    for (const [way, login, as, says] of cases) {
      const own = await open(t, { providers: one(way), login });
      const { shop } = own.applications;
      const browser = own.browser();
      const { page, asked } = await logIn(browser, shop, { as });
      await isTrouble(own, page, 403);
      const { detail } = JSON.parse(await own.logged('"error":"access_denied"', '"detail"'));
      assert.ok(detail.includes(says), detail);
      assert.equal(detail.includes(verified), says === verified, detail);
      const answer = shop.refused(await browser.send(page, '/login/back'), asked, 'access_denied');
      assert.equal(answer.error_description, 'the person may not log in here');
    }
  });

  test('the application is told whether somebody said no or may not', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const asked = shop.asks();
    const answer = shop.refused(await goBack(browser, await browser.open(asked.url)), asked, 'access_denied');
    assert.equal(answer.error_description, 'the person said no');
    for (const endpoint of ['login_back', 'authorize_resume']) {
      await all.logged(`"endpoint":"${endpoint}"`, '"error":"access_denied"', '"detail":"the person said no"');
    }
    const silent = shop.asks({ prompt: 'none' });
    const { error_description } = shop.refused(await browser.open(silent.url), silent, 'login_required');
    assert.equal(error_description, 'the person is not logged in as the request asks for');
  });

  test('a list for a client that is not there: the log says so at the first login', async (t) => {
    const allow = { emails: ['eve@example.org'] };
    const own = await open(t, { login: { clients: { shpo: { allow }, desk: { allow } } } });
    const { shop } = own.applications;
    // The one host that has its store at hand when it starts.
    if (target === 'serve') await own.logged('jeton serve: WARNING: JETON_LOGIN has an allow for clients', ': shpo.');
    for (let login = 0; login < 3; login += 1) await own.browser().open(shop.asks().url);
    const line = await own.logged('"endpoint":"login"', 'clients that are not registered: shpo.');
    assert.ok(!line.includes('desk'), line);
    const lines = own.host.log().filter((text) => text.includes('"endpoint":"login"') && text.includes('shpo'));
    // Lambda has several processes.
    if (target !== 'lambda') assert.equal(lines.length, 1, lines.join('\n'));
    const none = await open(t, { login: { clients: { desk: { allow } } } });
    await none.browser().open(none.applications.shop.asks().url);
    await none.logged('"endpoint":"login"');
    assert.ok(!none.host.log().join('\n').includes('are not registered'));
  });

  test('who is let in still agrees', async (t) => {
    const own = await open(t, { providers: one(), login: { allow: { emails: ['eve@example.org'] } } });
    const { guest } = own.applications;
    const browser = own.browser();
    const asked = guest.asks();
    let page = (await logIn(browser, own.applications.shop, { as: 'named' })).page;
    assert.ok(page.arrived);
    page = await browser.open(asked.url);
    assert.ok(asksConsent(page));
    await guest.tokens(await agree(browser, page), asked);
  });

  test('GitHub: members of an organisation, exactly', async (t) => {
    const people = [
      { sub: 'in', claims: { id: 1, name: 'In', email: 'in@example.com', organizations: [{ login: 'Acme', id: 10 }] } },
      {
        sub: 'like',
        claims: { id: 2, name: 'Like', email: 'like@example.com', organizations: [{ login: 'acme-corp', id: 11 }] },
      },
      { sub: 'out', claims: { id: 3, name: 'Out', email: 'out@example.com', organizations: [] } },
    ];
    const own = await open(t, {
      providers: { github: { type: 'github', name: 'GitHub', people, allow: { organizations: ['acme'] } } },
    });
    assert.deepEqual(await admitted(own, own.applications.shop, ['in', 'like', 'out']), ['in']);
  });

  test('a list that is misspelt lets nobody in by mistake: the host does not start', async (t) => {
    const provider = {
      id: 'one',
      type: 'openid',
      name: 'One',
      issuer: 'http://127.0.0.1:9',
      client_id: 'a',
      client_secret: 'b',
    };
    for (const allow of [
      { email_domain: ['example.com'] },
      { emails: 'eve@example.org' },
      { email_domains: ['@example.com'] },
    ]) {
      for (const login of [{ allow }, { clients: { shop: { allow } } }]) {
        const said = await refusal(t, { providers: [provider], ...login });
        assert.match(said, /JETON_LOGIN/);
      }
      assert.match(await refusal(t, { providers: [{ ...provider, allow }] }), /JETON_LOGIN/);
    }
  });

  test('what means nothing where it stands lets nobody in by mistake: the host does not start', async (t) => {
    const openid = {
      id: 'one',
      type: 'openid',
      name: 'One',
      issuer: 'http://127.0.0.1:9',
      client_id: 'a',
      client_secret: 'b',
    };
    const github = { id: 'github', type: 'github', client_id: 'a', client_secret: 'b' };
    const providers = [openid, github];
    // What several tenants share is no audience of an assertion.
    const keyed = {
      ...openid,
      issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
      tenants: ['a', 'b'],
      client_secret: undefined,
      private_key: { kty: 'EC', crv: 'P-256', d: 'A'.repeat(43) },
    };
    const microsoft = { ...openid, issuer: 'https://login.microsoftonline.com/8a7b/v2.0' };
    const organizations = { allow: { organizations: ['acme'], emails: ['eve@example.org'] } };
    const hosted = { allow: { hosted_domains: ['example.com'] } };
    const cases = [
      [{ providers: [{ ...openid, ...organizations }] }, /organizations/],
      [{ providers: [{ ...github, ...hosted }] }, /hosted_domains/],
      [{ providers, claims: [{ match: { provider: 'on' }, claims: { team: 'a' } }] }, /provider/],
      [{ providers, claims: [{ match: { providers: 'one' }, claims: { team: 'a' } }] }, /match/],
      [{ providers: [{ ...openid, issuer: `${openid.issuer}/.well-known/openid-configuration` }] }, /issuer/],
      [{ providers: [{ ...openid, issuer: 'https://login.microsoftonline.com/common/v2.0' }] }, /issuer/],
      [{ providers: [{ ...openid, issuer: 'https://login.microsoftonline.com/TENANT_ID/v2.0' }] }, /issuer/],
      [{ providers: [{ ...openid, issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }] }, /tenants/],
      [{ providers: [keyed] }, /token_endpoint_is_audience/],
      [{ providers: [{ ...openid, allowed: {} }] }, /JETON_LOGIN/],
      [{ providers: [{ ...github, issuer: 'https://github.com' }] }, /JETON_LOGIN/],
      [{ providers, alow: {} }, /JETON_LOGIN/],
      [{ providers, session: { idel: 60 } }, /JETON_LOGIN/],
      [{ providers, colors: { acent: '#123456' } }, /JETON_LOGIN/],
      [{ providers, clients: { shop: { alow: {} } } }, /JETON_LOGIN/],
      [{ providers, claims: [{ claims: {}, when: {} }] }, /JETON_LOGIN/],
      [{ providers, allow: { claims: { acr: ['gold'] } } }, /allow\.claims\.acr: another claim/],
      [{ providers, clients: { shop: { allow: { claims: { amr: ['mfa'] } } } } }, /clients\.shop\.allow\.claims\.amr/],
      [{ providers, allow: { claims: { email: ['eve@example.org'] } } }, /allow\.claims\.email: nothing here: emails/],
      [{ providers: [{ ...github, allow: { claims: { groups: ['a'] } } }] }, /allow\.claims: claims that there are of/],
      [{ providers: [{ ...openid, issuer: 'https://id.acme.dev', ...hosted }] }, /allow\.hosted_domains/],
      [{ providers: [{ ...microsoft, allow: { email_domains: ['example.com'] } }] }, /allow: no list of addresses/],
      [{ providers: [{ ...microsoft, allow: { emails: ['eve@example.org'] } }] }, /allow: no list of addresses/],
      [{ providers, claims: [{ claims: { level: '${upstream.acr}' } }] }, /claims\[0\]\.claims\.level: no/],
      [{ providers, claims: [{ claims: { acr: 3 } }] }, /claims\[0\]\.claims\.acr/],
      [{ providers: [{ ...openid, claims: { amr: 'pwd' } }] }, /providers\[0\]\.claims\.amr/],
    ];
    for (const [login, place] of cases) {
      const said = await refusal(t, login);
      assert.match(said, /JETON_LOGIN/);
      assert.match(said, place);
    }
  });

  test('a list that stands there twice is no list that is gone: the host does not start', async (t) => {
    const provider = { id: 'one', type: 'openid', name: 'One', issuer: 'http://127.0.0.1:9', client_id: 'a' };
    const providers = JSON.stringify([{ ...provider, client_secret: 'b' }]);
    const list = '{"allow":{"emails":["eve@example.org"]}}';
    const cases = [
      [`"clients":{"shop":${list},"shop":{}}`, /clients\.shop: one value, not two/],
      ['"allow":{"claims":{"groups":["a"],"groups":["a","b"]}}', /allow\.claims\.groups: one value, not two/],
      ['"claims":[{"claims":{"team":null,"team":"a"}}]', /claims\[0\]\.claims\.team: one value, not two/],
    ];
    for (const [members, place] of cases)
      assert.match(await refusal(t, `{"providers":${providers},${members}}`), place);
  });

  test('nothing of a JETON_LOGIN that is wrong is quoted that may be a secret', async (t) => {
    const provider = { id: 'one', type: 'openid', name: 'One', issuer: 'http://127.0.0.1:9', client_id: 'a' };
    const providers = [{ ...provider, client_secret: 'b' }];
    const secret = 'GOCSPX-hunter2secret0123456789abcde';
    for (const login of [
      { providers: [{ ...provider, [secret]: 'x' }] },
      { providers, claims: [{ match: { [secret]: 'x' }, claims: {} }] },
      { providers, claims: [{ claims: { team: `\${${secret}}` } }] },
      { providers, claims: [{ claims: { team: `\${${secret}` } }] },
      { providers, claims: [{ claims: { [secret]: '${x}' } }] },
      { providers, clients: { [secret]: { allow: { emails: [] } } } },
    ]) {
      const said = await refusal(t, login);
      assert.match(said, /JETON_LOGIN/);
      assert.ok(!said.includes('hunter2'), said);
    }
  });

  test('an organisation is GitHub’s word alone', async (t) => {
    const people = [{ sub: 'liar', claims: { name: 'Liar', organizations: ['acme'] } }];
    const own = await open(t, { providers: { one: { people } }, login: { allow: { organizations: ['acme'] } } });
    assert.deepEqual(await admitted(own, own.applications.shop, ['liar']), []);
  });
});
