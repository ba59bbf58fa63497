// A web application that logs people in with OpenID Connect: one file, and openid-client as it is.
// It shows who came in, or what stood in the way, so that every answer of `jeton mock` can be seen
// from an application's side.
//
// Run with:
//   npm install openid-client
//   ISSUER=http://localhost:9400 PORT=3000 node app.mjs
// What /login gets in its query goes into the authorization request:
//   /login?login_hint=alice                          alice is in without being asked
//   /login?prompt=none                               only who has a session already
//   /login?response_mode=form_post                   the answer comes as a form
//   /login?scope=openid+fault:expired                the mock's magic values, here a token out of time
// CLIENT_ID=fail.access_denied is another of them.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import * as openid from 'openid-client';

/** The application at `origin`, as a listener for node:http. */
export function application({ issuer, clientId = 'app', clientSecret = 'app-secret', origin }) {
  const sessions = new Map(); // cookie → { pending } while logging in, then { idToken, claims, userinfo }

  // Looked up once, and again if that failed. Over plain http nothing but the signature vouches for
  // an ID token, so it is checked, which openid-client leaves out by default.
  let found;
  const provider = () =>
    (found ??= openid
      .discovery(new URL(issuer), clientId, clientSecret, undefined, {
        execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
      })
      .catch((error) => {
        found = undefined;
        throw error;
      }));

  async function login(extra) {
    const config = await provider();
    const pending = {
      verifier: openid.randomPKCECodeVerifier(),
      state: openid.randomState(),
      nonce: openid.randomNonce(),
    };
    const to = openid.buildAuthorizationUrl(config, {
      redirect_uri: `${origin}/callback`,
      scope: 'openid profile email',
      code_challenge: await openid.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      nonce: pending.nonce,
      ...Object.fromEntries(extra),
    });
    const id = randomBytes(16).toString('base64url');
    sessions.set(id, { pending });
    // Lax lets the cookie come back with a redirect. For form_post from another site it has to be
    // `SameSite=None; Secure`, and so https; ports of one host are one site.
    return seeOther(to.href, { 'set-cookie': `app-session=${id}; HttpOnly; SameSite=Lax; Path=/` });
  }

  async function callback(answer, session) {
    // Who goes back after a login comes here once more, with an answer that nobody waits for.
    if (session?.claims && !session.pending) return seeOther('/');
    if (!session?.pending) throw new Error('no login was begun in this browser');
    const { verifier, state, nonce } = session.pending;
    delete session.pending;
    const config = await provider();
    const tokens = await openid.authorizationCodeGrant(config, answer, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    const userinfo = await openid.fetchUserInfo(config, tokens.access_token, claims.sub);
    Object.assign(session, { idToken: tokens.id_token, scope: tokens.scope, claims, userinfo });
    return seeOther('/');
  }

  async function logout(id) {
    const idToken = sessions.get(id)?.idToken;
    sessions.delete(id);
    if (!idToken) return seeOther('/');
    const to = openid.buildEndSessionUrl(await provider(), {
      id_token_hint: idToken,
      post_logout_redirect_uri: `${origin}/`,
    });
    return seeOther(to.href);
  }

  async function answer(request, url) {
    const id = /(?:^|; )app-session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
    switch (url.pathname) {
      case '/':
        return home(sessions.get(id));
      case '/login':
        return login(url.searchParams);
      case '/callback':
        return callback(
          request.method === 'POST'
            ? new Request(url, {
                method: 'POST',
                headers: { 'content-type': request.headers['content-type'] },
                body: await read(request),
              })
            : url,
          sessions.get(id),
        );
      case '/logout':
        return logout(id);
      default:
        return page(404, 'Not found', '');
    }
  }

  return (request, response) =>
    answer(request, new URL(request.url, origin))
      .catch((error) => page(502, 'Login failed', shown(described(error))))
      .then(({ status, headers, body }) =>
        response.writeHead(status, { 'cache-control': 'no-store', ...headers }).end(body),
      );
}

function home(session) {
  if (!session?.claims) return page(200, 'Not logged in', '<p><a href="/login">Log in</a></p>');
  const { claims, userinfo, scope } = session;
  return page(
    200,
    `Logged in as ${claims.name ?? claims.sub}`,
    `${shown({ claims, userinfo, scope })}<p><a href="/logout">Log out</a></p>`,
  );
}

/**
 * What openid-client says of a failure: `error` and `error_description` are the provider's words, a list is
 * its challenges.
 */
const described = ({ name, message, code, status, error, error_description, cause }) => ({
  name,
  message,
  code,
  status,
  error,
  error_description,
  cause: cause instanceof Error ? described(cause) : Array.isArray(cause) ? cause : undefined,
});

const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const shown = (value) => `<pre>${escaped(JSON.stringify(value, null, 2))}</pre>`;
const seeOther = (location, headers) => ({ status: 303, headers: { location, ...headers } });
const page = (status, title, body) => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>
<h1>${escaped(title)}</h1>${body}`,
});

async function read(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > 65536) throw new Error('more than any answer');
  }
  return body;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { ISSUER = 'http://localhost:9400', CLIENT_ID, CLIENT_SECRET, PORT = '3000' } = process.env;
  const origin = `http://localhost:${PORT}`;
  createServer(application({ issuer: ISSUER, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, origin })).listen(
    Number(PORT),
    'localhost',
    () => console.log(`application on ${origin}`),
  );
}
