// Scopes that a client asks for and is not registered for: an error by default, left out where the
// deployment says so (OpenID Connect Core §3.1.2.1). What is granted is told, and never more than before.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  handoff,
  loggedIn,
  OFFLINE,
  postAs,
  refresh,
  refreshed,
  requestIn,
  requestOf,
} from '../support/flow.mjs';
import { DEVICE_GRANT } from '../support/grant-clients.mjs';
import { formOf, isPage } from '../support/html.mjs';
import { clientCredentials, refusal, startFor, unless } from '../support/target.mjs';
import { claimsOf } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { m2m, tv, web } = clients;
const ASKED = 'root openid profile other:thing offline_access read';
const LEFT = 'openid profile offline_access read';

/** The scope that a login asks its person for, or the error that goes to the client. */
async function loginFor(scope, on) {
  const response = await authorize(new Browser({ on }), requestOf(web, { scope }));
  if (!response.headers.location.startsWith('https://login.example/')) return arrival(response).params.error;
  return (await handoff('request', { request: requestIn(response) }, { on })).json().scope;
}

describe('JETON_UNREGISTERED_SCOPES', { concurrency: 8 }, () => {
  for (const setting of [undefined, 'refuse']) {
    test(`${setting ?? 'not set'}: invalid_scope, wherever a scope is asked for`, {
      skip: setting === undefined ? false : unless.startable,
    }, async (t) => {
      const on = setting && (await startFor(t, { changes: { JETON_UNREGISTERED_SCOPES: setting } }));
      assert.equal(await loginFor(ASKED, on), 'invalid_scope');
      isError(await clientCredentials(m2m, { scope: 'read root' }, { on }), 400, 'invalid_scope');
      isError(await postAs(tv, '/device_authorization', { scope: 'read root' }, { on }), 400, 'invalid_scope');
      const { refresh_token } = await loggedIn(web, OFFLINE, { on });
      isError(await refresh(web, refresh_token, { scope: 'read root' }, { on }), 400, 'invalid_scope');
    });
  }

  test('ignore: a login is for what is registered, and the token response says so', {
    skip: unless.startable,
  }, async (t) => {
    const on = await startFor(t, { changes: { JETON_UNREGISTERED_SCOPES: 'ignore' } });
    assert.equal(await loginFor(ASKED, on), LEFT);
    const tokens = await loggedIn(web, { scope: ASKED }, { on });
    assert.equal(tokens.scope, LEFT);
    assert.equal(claimsOf(tokens.access_token).scope, LEFT);

    const narrowed = await refreshed(web, tokens.refresh_token, { scope: 'read root' }, { on });
    assert.equal(narrowed.scope, 'read');
    const again = await refreshed(web, narrowed.refresh_token, {}, { on });
    assert.equal(again.scope, LEFT, 'a narrower token narrows no grant');
    isError(await refresh(web, again.refresh_token, { scope: 'root' }, { on }), 400, 'invalid_scope');
    const wider = await refresh(web, again.refresh_token, { scope: 'read write root' }, { on });
    isError(wider, 400, 'invalid_scope');
    assert.equal((await refreshed(web, again.refresh_token, {}, { on })).scope, LEFT, 'nothing was widened');
  });

  test('ignore: where nothing is left that was asked for, invalid_scope', { skip: unless.startable }, async (t) => {
    const on = await startFor(t, { changes: { JETON_UNREGISTERED_SCOPES: 'ignore' } });
    assert.equal(await loginFor('root other:thing', on), 'invalid_scope');
    isError(await clientCredentials(m2m, { scope: 'root' }, { on }), 400, 'invalid_scope');
    isError(await postAs(tv, '/device_authorization', { scope: 'root' }, { on }), 400, 'invalid_scope');
    isError(await clientCredentials(m2m, { scope: '"' }, { on }), 400, 'invalid_scope');
    const all = await clientCredentials(m2m, {}, { on });
    assert.equal(all.json().scope, m2m.scope, 'who asks for none has all');
  });

  test('ignore: client credentials and a device', { skip: unless.startable }, async (t) => {
    const on = await startFor(t, { changes: { JETON_UNREGISTERED_SCOPES: 'ignore' } });
    const own = (await clientCredentials(m2m, { scope: 'root read' }, { on })).json();
    assert.deepEqual([own.scope, claimsOf(own.access_token).scope], ['read', 'read']);

    const device = (await postAs(tv, '/device_authorization', { scope: ASKED }, { on })).json();
    const person = new Browser({ on });
    const request = requestIn(await person.get('/device'));
    const at = await person.get(await answered('accept', { request, ...ALICE }, { on }));
    const { action, fields } = formOf(isPage(at));
    const shown = isPage(await person.post(action, { ...fields, user_code: device.user_code }));
    const asked = [...shown.matchAll(/<code>([\w:]+)<\/code><\/li>/g)].map(([, scope]) => scope);
    assert.deepEqual(asked, LEFT.split(' '));
    const confirmation = formOf(shown);
    isPage(await person.post(confirmation.action, { ...confirmation.fields, decision: 'approve' }));
    const poll = { grant_type: DEVICE_GRANT, device_code: device.device_code };
    assert.equal((await postAs(tv, '/token', poll, { on })).json().scope, LEFT);
  });

  test('another value is refused at start', { skip: unless.startable }, async () => {
    const said = await refusal({ JETON_UNREGISTERED_SCOPES: 'drop' });
    assert.ok(said.includes('JETON_UNREGISTERED_SCOPES') && said.includes('refuse or ignore'), said);
  });
});
