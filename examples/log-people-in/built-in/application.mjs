// A web application that logs people in with OpenID Connect, by openid-client: who it is, and a way out.

import { randomBytes } from 'node:crypto';
import * as openid from 'openid-client';

const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const seeOther = (location, headers) => ({ status: 303, headers: { location, ...headers }, body: '' });
const page = (status, title, body) => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>
<h1>${escaped(title)}</h1>${body}`,
});

/** The application at `origin`, as a listener for node:http. */
export function application({ issuer, client: { client_id, client_secret }, origin }) {
  const sessions = new Map(); // cookie → { pending } while logging in, then { idToken, claims }

  let found;
  const provider = () =>
    (found ??= openid.discovery(new URL(issuer), client_id, client_secret, undefined, {
      // As long as the provider is on this machine.
      execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
    }));

  async function login() {
    const config = await provider();
    const pending = {
      pkceCodeVerifier: openid.randomPKCECodeVerifier(),
      expectedState: openid.randomState(),
      expectedNonce: openid.randomNonce(),
    };
    const id = randomBytes(16).toString('base64url');
    sessions.set(id, { pending });
    const to = openid.buildAuthorizationUrl(config, {
      redirect_uri: `${origin}/callback`,
      scope: 'openid profile email',
      code_challenge: await openid.calculatePKCECodeChallenge(pending.pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: pending.expectedState,
      nonce: pending.expectedNonce,
    });
    return seeOther(to.href, { 'set-cookie': `shop=${id}; HttpOnly; SameSite=Lax; Path=/` });
  }

  async function callback(url, session) {
    if (!session?.pending) return page(400, 'Log in again', '<p><a href="/login">Log in</a></p>');
    const { pending } = session;
    delete session.pending;
    const config = await provider();
    const tokens = await openid.authorizationCodeGrant(config, url, { ...pending, idTokenExpected: true });
    const { sub } = tokens.claims();
    const claims = await openid.fetchUserInfo(config, tokens.access_token, sub);
    Object.assign(session, { idToken: tokens.id_token, claims });
    return seeOther('/');
  }

  async function logout(id) {
    const idToken = sessions.get(id)?.idToken;
    sessions.delete(id);
    if (!idToken) return seeOther('/');
    const end = { id_token_hint: idToken, post_logout_redirect_uri: `${origin}/` };
    return seeOther(openid.buildEndSessionUrl(await provider(), end).href);
  }

  function home(session) {
    if (!session?.claims) return page(200, 'The Shop', '<p><a href="/login">Log in</a></p>');
    const { claims } = session;
    const said = escaped(JSON.stringify(claims, null, 2));
    const out = '<form method="post" action="/logout"><button>Log out</button></form>';
    return page(200, `Logged in as ${claims.name ?? claims.sub}`, `<pre>${said}</pre>${out}`);
  }

  async function answer({ method, url: path, headers }) {
    const url = new URL(path, origin);
    const id = /(?:^|; )shop=([\w-]+)/.exec(headers.cookie ?? '')?.[1];
    switch (`${method} ${url.pathname}`) {
      case 'GET /':
        return home(sessions.get(id));
      case 'GET /login':
        return login();
      case 'GET /callback':
        return callback(url, sessions.get(id));
      case 'POST /logout':
        return logout(id);
      default:
        return page(404, 'Not found', '');
    }
  }

  return async (request, response) => {
    const { status, headers, body } = await answer(request).catch(({ error, message }) =>
      page(502, 'Login failed', `<p>${escaped(error ?? message)}</p><p><a href="/login">Try again</a></p>`),
    );
    response.writeHead(status, { 'cache-control': 'no-store', ...headers }).end(body);
  };
}
