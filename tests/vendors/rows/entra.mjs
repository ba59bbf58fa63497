// Microsoft Entra. MSAL speaks https alone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ConfidentialClientApplication, PublicClientApplication } from '@azure/msal-node';
import { approve, codeFor, serve } from '../support/application.mjs';
import { openPage } from '../support/page.mjs';
import { startPython } from '../support/python.mjs';
import { IN_A_PAGE, sdk } from '../support/rows.mjs';
import { claimsOf } from '../support/tokens.mjs';

const TENANT = '3f2b6a0e-8d0c-4c55-9d3a-7a6c1b0f9e21';
const API = ['api://orders/orders.read'];
const GRAPH = 'it leaves that to the clients of Microsoft Graph';

/** What MSAL is told of a tenant. */
function tenant(mock) {
  const authority = `${mock.https}/entra/${TENANT}`;
  return { authority, issuer: `${authority}/v2.0`, knownAuthorities: [new URL(mock.https).host] };
}

/** Opens the application where no login has begun: one at a time, it says. */
async function fresh(app) {
  await app.open();
  await app.run(() => window.sessionStorage.clear());
}

sdk('Entra', '@azure/msal-browser', 'Chromium', {
  async begin(mock, cleanup) {
    const { authority, issuer, knownAuthorities } = tenant(mock);
    const bridge = new URL(
      '../node_modules/@azure/msal-browser/lib/redirect-bridge/msal-redirect-bridge.min.js',
      import.meta.url,
    );
    // Where hidden frames and popups come back to, as its documentation has it.
    const pages = {
      '/bridge': `<!doctype html><script>${readFileSync(bridge)}</script>
        <script>msalRedirectBridge.broadcastResponseToMainFrame()</script>`,
    };
    const app = await openPage(mock, cleanup, {
      bundle: '@azure/msal-browser/lib/msal-browser.min.js',
      pages,
    });
    const start = async (more) => {
      const auth = { clientId: 'spa', authority, knownAuthorities, redirectUri: `${app.origin}/callback`, ...more };
      await app.run(async (auth) => {
        window.client = new window.msal.PublicClientApplication({ auth, cache: { cacheLocation: 'localStorage' } });
        await window.client.initialize();
      }, auth);
    };
    /** What it makes of the page's address. */
    const back = () =>
      app.run(async () => {
        try {
          const { account, accessToken, idTokenClaims, scopes } = await window.client.handleRedirectPromise({
            navigateToLoginRequestUrl: false,
          });
          window.client.setActiveAccount(account);
          return { account, accessToken, idTokenClaims, scopes };
        } catch ({ name, errorCode, errorMessage, errorNo }) {
          return { error: { name, errorCode, errorMessage, errorNo } };
        }
      });
    return { app, issuer, start, back };
  },
  not: { userinfo: GRAPH, 'client credentials': IN_A_PAGE },
  steps: {
    async discovery({ app, start, issuer }) {
      await app.open();
      await start();
      const asked = app.asked(/openid-configuration/);
      await app.asksAgain((scopes) => window.client.loginRedirect({ scopes }), API);
      assert.equal((await asked).url(), `${issuer}/.well-known/openid-configuration`);
    },
    async 'log in'(on) {
      const { app, start, back } = on;
      await fresh(app);
      await start();
      await app.logIn((scopes) => window.client.loginRedirect({ scopes }), API);
      await start();
      on.result = await back();
      assert.equal(on.result.account?.name, 'Alice', JSON.stringify(on.result));
    },
    async verify({ result, issuer }) {
      const { iss, aud, tid, oid, ver } = result.idTokenClaims;
      assert.deepEqual({ iss, aud, tid, ver }, { iss: issuer, aud: 'spa', tid: TENANT, ver: '2.0' });
      assert.equal(result.account.homeAccountId, `${oid}.${TENANT}`);
      const { aud: audience, scp } = claimsOf(result.accessToken);
      assert.deepEqual([audience, scp], ['api://orders', 'orders.read']);
    },
    async refresh({ app, result }) {
      const renewed = await app.run(
        async (scopes) => (await window.client.acquireTokenSilent({ scopes, forceRefresh: true })).accessToken,
        API,
      );
      assert.notEqual(renewed, result.accessToken);
    },
    async 'log in: in a popup'({ app, start }) {
      await app.open();
      await start({ redirectUri: `${app.origin}/bridge` });
      const name = app.run(async () => (await window.client.loginPopup({ scopes: ['User.Read'] })).account.name);
      assert.equal(await name, 'Alice');
    },
    async 'log out'({ app, start }) {
      await fresh(app);
      await start();
      await app.round(
        (to) => window.client.logoutRedirect({ postLogoutRedirectUri: to, account: window.client.getAllAccounts()[0] }),
        `${app.origin}/bye`,
      );
      assert.equal(app.page.url().split('?')[0], `${app.origin}/bye`);
      await fresh(app);
      await start();
      await app.asksAgain((scopes) => window.client.loginRedirect({ scopes }), API);
    },
    async error({ app, start, back }) {
      await fresh(app);
      await start();
      await app.deny((scopes) => window.client.loginRedirect({ scopes }), API);
      await start();
      const { error } = await back();
      assert.deepEqual([error.name, error.errorCode], ['ServerError', 'access_denied']);
      app.behaved();
    },
  },
});

sdk('Entra', '@azure/msal-node', 'Node', {
  async begin(mock, cleanup) {
    const { authority, issuer, knownAuthorities } = tenant(mock);
    const redirectUri = `${await serve(cleanup)}/callback`;
    const auth = { clientId: 'web', authority, knownAuthorities };
    const confidential = (clientId = 'web') =>
      new ConfidentialClientApplication({ auth: { ...auth, clientId, clientSecret: 'any' } });
    return { tenant: mock.issuer(`entra/${TENANT}`), issuer, redirectUri, auth, confidential, client: confidential() };
  },
  not: { userinfo: GRAPH, 'log out': 'it has no such function' },
  steps: {
    async discovery({ client, redirectUri, issuer }) {
      const url = await client.getAuthCodeUrl({ scopes: API, redirectUri });
      assert.equal(url.split('?')[0], `${issuer.replace('/v2.0', '')}/oauth2/v2.0/authorize`);
    },
    async 'log in'(on) {
      const { client, redirectUri } = on;
      const url = await client.getAuthCodeUrl({ scopes: API, redirectUri, responseMode: 'query', state: 's' });
      const { code } = await codeFor(url);
      on.result = await client.acquireTokenByCode({ code, scopes: API, redirectUri });
      assert.equal(on.result.account.name, 'Alice');
    },
    async verify({ result, issuer }) {
      const { iss, aud, tid, oid } = result.idTokenClaims;
      assert.deepEqual({ iss, aud, tid }, { iss: issuer, aud: 'web', tid: TENANT });
      assert.equal(result.account.homeAccountId, `${oid}.${TENANT}`);
    },
    async refresh({ client, result }) {
      const asked = { account: result.account, scopes: API };
      const cached = await client.acquireTokenSilent(asked);
      assert.equal(cached.accessToken, result.accessToken);
      const renewed = await client.acquireTokenSilent({ ...asked, forceRefresh: true });
      assert.notEqual(renewed.accessToken, result.accessToken);
    },
    async 'client credentials'({ client }) {
      const { accessToken } = await client.acquireTokenByClientCredential({ scopes: ['api://orders/.default'] });
      const { aud, appid, azp, tid, oid, sub, idtyp } = claimsOf(accessToken);
      assert.deepEqual({ aud, client: azp ?? appid, tid }, { aud: 'api://orders', client: 'web', tid: TENANT });
      assert.ok(oid && oid === sub, `${idtyp}`);
    },
    async 'on behalf of'({ result, confidential }) {
      const api = confidential('api');
      const { accessToken, account } = await api.acquireTokenOnBehalfOf({
        oboAssertion: result.accessToken,
        scopes: ['api://stock/stock.read'],
      });
      const { aud, scp, oid } = claimsOf(accessToken);
      assert.deepEqual([aud, scp, oid], ['api://stock', 'stock.read', claimsOf(result.accessToken).oid]);
      assert.equal(account.name, 'Alice');
    },
    async 'device code'({ auth }) {
      const client = new PublicClientApplication({ auth: { ...auth, clientId: 'tv' } });
      const deviceCodeCallback = ({ verificationUri, userCode, message }) => {
        assert.ok(message.includes(userCode), message);
        approve(verificationUri, userCode);
      };
      const { account } = await client.acquireTokenByDeviceCode({ scopes: API, deviceCodeCallback });
      assert.equal(account.name, 'Alice');
    },
    async error({ confidential }) {
      const refused = confidential('fail.invalid_client').acquireTokenByClientCredential({
        scopes: ['api://orders/.default'],
      });
      await assert.rejects(refused, ({ name, errorCode, errorNo, correlationId }) => {
        assert.deepEqual([name, errorCode], ['ServerError', 'invalid_client']);
        assert.ok(errorNo && correlationId, 'a number and an id to ask Microsoft by');
        return true;
      });
    },
    async 'error: what only the person can mend'({ tenant, client, result }) {
      const fault = { status: 400, error: 'interaction_required' };
      await tenant.set('POST', '/faults', { match: { endpoint: 'token' }, fault, times: 1 });
      const asked = { account: result.account, scopes: API, forceRefresh: true };
      await assert.rejects(client.acquireTokenSilent(asked), ({ name, errorCode }) => {
        assert.deepEqual([name, errorCode], ['InteractionRequiredAuthError', 'interaction_required']);
        return true;
      });
    },
  },
});

sdk('Entra', 'msal', 'Python', {
  async begin(mock, cleanup) {
    const { authority, issuer } = tenant(mock);
    const redirect_uri = `${await serve(cleanup)}/callback`;
    const ask = startPython(mock, cleanup, 'entra_msal');
    await ask('begin', { authority });
    return { issuer, redirect_uri, ask };
  },
  not: { userinfo: GRAPH, 'log out': 'it has no such function' },
  steps: {
    async discovery({ ask, issuer }) {
      const base = issuer.replace('/v2.0', '');
      assert.deepEqual(await ask('discovery'), {
        token_endpoint: `${base}/oauth2/v2.0/token`,
        device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
      });
    },
    async 'discovery: of any other vendor, by oidc_authority'({ ask, issuer }) {
      const { token_endpoint } = await ask('discovery', { oidc_authority: issuer });
      assert.equal(token_endpoint, `${issuer.replace('/v2.0', '')}/oauth2/v2.0/token`);
    },
    async 'log in'(on) {
      const { ask, redirect_uri } = on;
      const { auth_uri, ...flow } = await ask('flow', { scopes: API, redirect_uri });
      on.result = await ask('log_in', { flow: { auth_uri, ...flow }, answer: await codeFor(auth_uri) });
      assert.equal(on.result.error_description, undefined);
      assert.equal(on.result.id_token_claims.name, 'Alice');
    },
    async verify({ result, issuer, ask }) {
      const { iss, aud, tid, oid } = result.id_token_claims;
      assert.deepEqual({ iss, aud, tid }, { iss: issuer, aud: 'web', tid: TENANT });
      assert.deepEqual(
        (await ask('accounts')).map(({ home_account_id }) => home_account_id),
        [`${oid}.${TENANT}`],
      );
    },
    async refresh({ ask, result }) {
      const renewed = await ask('refresh', { scopes: API });
      assert.notEqual(renewed.access_token, result.access_token);
    },
    async 'client credentials'({ ask }) {
      const { access_token } = await ask('client_credentials', { scopes: ['api://orders/.default'] });
      assert.equal(claimsOf(access_token).aud, 'api://orders');
    },
    async 'on behalf of'({ ask, result }) {
      const { access_token } = await ask('on_behalf_of', {
        user_assertion: result.access_token,
        scopes: ['api://stock/stock.read'],
      });
      assert.equal(claimsOf(access_token).aud, 'api://stock');
    },
    async 'device code'({ ask }) {
      const flow = await ask('device', { scopes: API });
      assert.ok(flow.message.includes(flow.user_code));
      await approve(flow.verification_uri, flow.user_code);
      assert.equal((await ask('device_wait', { flow })).id_token_claims.name, 'Alice');
    },
    async error({ ask }) {
      const said = await ask('client_credentials', {
        scopes: ['api://orders/.default'],
        client_id: 'fail.invalid_client',
      });
      assert.equal(said.error, 'invalid_client');
      assert.match(said.error_description, /^AADSTS\d+: /);
      assert.ok(said.error_codes.length > 0 && said.correlation_id);
    },
  },
});
