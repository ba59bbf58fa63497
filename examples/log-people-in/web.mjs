// A web application that logs people in and calls an API in their name: node:http and jeton-client.
//
// Run with:
//   npm install jeton-client
//   ISSUER=https://tokens.example.com CLIENT_ID=… CLIENT_SECRET=… API=https://orders.example.com \
//     ORIGIN=https://shop.example.com SESSION_KEY=… PORT=3000 node web.mjs
// SESSION_KEY are 16 random bytes at least, the same in every process: what is kept in the folder SESSIONS and in
// the cookie of a login is sealed with them.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { Client, ClientError, clientSecret } from 'jeton-client';
import { folderStore } from 'jeton-client/node';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, API, ORIGIN, SESSION_KEY, PORT, SESSIONS = 'sessions' } = process.env;

const client = new Client({ issuer: ISSUER, client_id: CLIENT_ID, authentication: clientSecret(CLIENT_SECRET) });
const store = folderStore(SESSIONS);

/** The login of one browser, which has the name in a cookie. */
const sessionOf = (name) =>
  client.session({
    store,
    name,
    key: SESSION_KEY,
    redirect_uri: `${ORIGIN}/callback`,
    scope: 'openid profile offline_access orders:read',
    resource: API,
  });

// Over https nobody but this origin can set them.
const prefix = ORIGIN.startsWith('https:') ? '__Host-' : '';
const cookie = (name, value, seconds) =>
  `${prefix}${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${prefix && '; Secure'}`;
const cookieOf = (request, name) =>
  request.headers.cookie
    ?.split('; ')
    .find((pair) => pair.startsWith(`${prefix}${name}=`))
    ?.slice(prefix.length + name.length + 1);

const MONTH = 30 * 24 * 60 * 60;
const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const to = (location, ...cookies) => ({ status: 303, headers: { location, 'set-cookie': cookies } });
const page = (status, body) => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><h1>Shop</h1>${body}`,
});
const LOG_IN = '<p><a href="/login">Log in</a></p>';

const routes = {
  'GET /': async (_request, session) => {
    const { name, sub } = await session.idClaims();
    const response = await session.fetch()(`${API}/orders`);
    return page(
      200,
      `<p>Logged in as ${escaped(name ?? sub)}</p><pre>${escaped(await response.text())}</pre>
<form method="post" action="/logout"><button>Log out</button></form>`,
    );
  },

  'GET /login': async () => {
    // A new name for each login: a cookie that somebody else has put there leads nowhere.
    const name = randomBytes(32).toString('hex');
    const { url, transaction } = await sessionOf(name).login({ keep: false });
    return to(url, cookie('login', `${name}.${transaction}`, 900));
  },

  'GET /callback': async (request) => {
    const [name, transaction] = (cookieOf(request, 'login') ?? '').split('.');
    await sessionOf(name).callback(`${ORIGIN}${request.url}`, { transaction });
    return to('/', cookie('login', '', 0), cookie('session', name, MONTH));
  },

  'POST /logout': async (_request, session) => {
    const { url } = await session.logout({ post_logout_redirect_uri: `${ORIGIN}/` });
    return to(url ?? '/', cookie('session', '', 0));
  },
};

async function answer(request) {
  const route = routes[`${request.method} ${request.url.split('?')[0]}`];
  if (!route) return page(404, '');
  try {
    return await route(request, sessionOf(cookieOf(request, 'session') || 'nobody'));
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (error.code === 'not_logged_in') return page(401, LOG_IN);
    // The person said no, came too late, or came back in another browser: they may begin again.
    if (error.fault === 'caller') return page(400, `<p>Nobody was logged in: ${error.code}</p>${LOG_IN}`);
    console.error(`${error.fault}: ${error.message}`);
    return page(503, '<p>Try again in a moment.</p>');
  }
}

createServer((request, response) => {
  answer(request)
    .catch((error) => {
      console.error(error);
      return page(500, '');
    })
    .then(({ status, headers, body }) =>
      response.writeHead(status, { 'cache-control': 'no-store', ...headers }).end(body),
    );
}).listen(Number(PORT), '127.0.0.1');
