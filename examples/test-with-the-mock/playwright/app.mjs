// What is under test: an application that logs people in by openid-client. Yours stands in its place.

import { createServer } from 'node:http';
import * as openid from 'openid-client';

const { ISSUER, PORT = '3000' } = process.env;
// Over plain http nothing but the signature vouches for an ID token, and openid-client leaves it out by default.
const execute = [openid.allowInsecureRequests, openid.enableNonRepudiationChecks];
const provider = await openid.discovery(new URL(ISSUER), 'shop', 'any', undefined, { execute });
const logins = new Map();
let origin;

const escaped = (text) => String(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
const page = (status, title, text) => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><title>Shop</title><h1>${escaped(title)}</h1>${text}`,
});

const routes = {
  '/': () => page(200, 'Shop', '<a href="/login">Log in</a>'),

  '/login': async (url) => {
    const [verifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()];
    logins.set(state, { verifier, nonce });
    const to = openid.buildAuthorizationUrl(provider, {
      redirect_uri: `${origin}/callback`,
      scope: 'openid',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...Object.fromEntries(url.searchParams),
    });
    const cookie = `login=${state}; HttpOnly; SameSite=Lax; Path=/`;
    return { status: 303, headers: { location: to.href, 'set-cookie': cookie } };
  },

  '/callback': async (url, request) => {
    const [, state] = /(?:^|; )login=([\w-]+)/.exec(request.headers.cookie ?? '') ?? [];
    const { verifier, nonce } = logins.get(state) ?? {};
    logins.delete(state);
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
    const { sub, roles } = (await openid.authorizationCodeGrant(provider, url, checks)).claims();
    return page(200, `Logged in as ${sub}`, `<p>Roles: ${escaped(roles ?? 'none')}</p>`);
  },
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, origin);
  const answer = routes[url.pathname] ?? (() => page(404, 'Not found', ''));
  const failed = ({ error, message }) => page(502, 'Login failed', `<p>${escaped(error ?? message)}</p>`);
  const { status, headers, body } = await Promise.resolve(answer(url, request)).catch(failed);
  response.writeHead(status, headers).end(body);
});
server.listen(Number(PORT), 'localhost', () => {
  origin = `http://localhost:${server.address().port}`;
  console.log(origin);
});
