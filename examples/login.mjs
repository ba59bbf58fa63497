// A login application for Jeton, in one file and without dependencies: it asks for a name and a
// password, keeps a session, and hands Jeton's sealed request back with what it found.
//
// It shows how the two speak, and is not fit to log anybody in. Left out, and owed by a real one (README.md,
// "Logging people in", says how): binding a request to the browser's session before the form is shown,
// comparing a logout's `sub` and `sid` with the session and asking where they differ or are absent, logging
// out by POST, consent, hashed passwords, throttling, Content-Security-Policy with frame-ancestors, sessions
// that end.
//
// Run with:
//   LOGIN_CLIENT_ID=login LOGIN_CLIENT_SECRET=… JETON=http://localhost:8080 PORT=8090 node examples/login.mjs
// and Jeton with:
//   JETON_LOGIN_URL=http://localhost:8090/login JETON_LOGOUT_URL=http://localhost:8090/logout
//   JETON_CLIENTS='[{"client_id":"login","client_secret":"…","grant_types":[],"login":true}, …]'

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const { JETON, LOGIN_CLIENT_ID, LOGIN_CLIENT_SECRET, PORT = '8090' } = process.env;
const USERS = {
  __proto__: null,
  alice: { password: 'wonderland', claims: { name: 'Alice', email: 'alice@example.com', email_verified: true } },
  bob: { password: 'builder', claims: { name: 'Bob', email: 'bob@example.com' } },
};
const sessions = new Map(); // cookie → { subject, authTime }

/** Calls Jeton as the login client: what=request|accept|reject. */
async function jeton(what, form) {
  const credentials = [LOGIN_CLIENT_ID, LOGIN_CLIENT_SECRET].map(encodeURIComponent).join(':');
  const response = await fetch(`${JETON}/authorize/${what}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    body: new URLSearchParams(form),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  // What Jeton refuses it says where to send the browser all the same: to the application, which is told.
  // Where it could not read the call, a rejection leads there.
  let to = answer.redirect_to;
  if (!to && what !== 'reject')
    to = (await jeton('reject', { request: form.request, error: 'server_error' })).redirect_to;
  throw Object.assign(new Error(answer.error_description), { to });
}

const accept = async (request, { subject, authTime }) =>
  (await jeton('accept', { request, subject, auth_time: authTime, claims: JSON.stringify(USERS[subject].claims) }))
    .redirect_to;

/** Where the browser goes next, or the page to show it. */
async function login(method, query, form, session) {
  const request = form.get('request') ?? query.get('request') ?? '';
  const asked = await jeton('request', { request });
  const prompt = (asked.prompt ?? '').split(' ');
  const now = Math.floor(Date.now() / 1000);
  if (method === 'POST') {
    if (form.has('deny')) return { to: (await jeton('reject', { request, error: 'access_denied' })).redirect_to };
    const user = USERS[form.get('username')];
    if (user?.password !== form.get('password')) return { page: page(request, asked, 'Wrong name or password.') };
    const fresh = { subject: form.get('username'), authTime: now };
    return { to: await accept(request, fresh), session: fresh };
  }
  const wanted = session && (asked.sub === undefined || asked.sub === session.subject);
  const recent = wanted && (asked.max_age === undefined || now - session.authTime <= asked.max_age);
  const mustAsk = ['login', 'consent', 'select_account'].some((value) => prompt.includes(value)) || asked.max_age === 0;
  if (recent && !mustAsk) return { to: await accept(request, session) };
  if (prompt.includes('none')) return { to: (await jeton('reject', { request, error: 'login_required' })).redirect_to };
  return { page: page(request, asked) };
}

const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const known = (name) => (name in USERS ? name : '');
const page = (request, asked, problem = '') => `<!doctype html><meta charset="utf-8"><title>Log in</title>
<h1>Log in${(asked.client_name ?? asked.client_id) ? ` to ${escaped(asked.client_name ?? asked.client_id)}` : ''}</h1>
<p role="alert">${problem}</p>${asked.scope ? `<p>It asks for: ${escaped(asked.scope)}</p>` : ''}
<form method="post"><input type="hidden" name="request" value="${escaped(request)}">
<p><label>Name <input name="username" value="${known(asked.sub ?? asked.login_hint)}" autocomplete="username"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
<button>Log in</button> <button name="deny" formnovalidate>Deny</button></form>`;

createServer(async (incoming, outgoing) => {
  const url = new URL(incoming.url, 'http://login');
  const cookie = /(?:^|; )session=([\w-]+)/.exec(incoming.headers.cookie ?? '')?.[1];
  const answer = (status, headers, body = '') =>
    outgoing.writeHead(status, { 'cache-control': 'no-store', ...headers }).end(body);
  try {
    if (url.pathname === '/logout') {
      sessions.delete(cookie);
      const back = url.searchParams.get('return_to') ?? '';
      return back.startsWith(`${JETON}/`) ? answer(303, { location: back }) : answer(400, {});
    }
    if (url.pathname !== '/login') return answer(404, {});
    let body = '';
    for await (const chunk of incoming) {
      body += chunk;
      if (body.length > 65536) return answer(413, {});
    }
    const outcome = await login(incoming.method, url.searchParams, new URLSearchParams(body), sessions.get(cookie));
    if (outcome.page)
      return answer(
        200,
        { 'content-type': 'text/html; charset=utf-8', 'referrer-policy': 'no-referrer' },
        outcome.page,
      );
    const headers = { location: outcome.to };
    if (outcome.session) {
      const id = randomBytes(32).toString('base64url');
      sessions.set(id, outcome.session);
      headers['set-cookie'] = `session=${id}; HttpOnly; SameSite=Lax; Path=/`; // and Secure, where there is TLS
    }
    answer(303, headers);
  } catch (error) {
    console.error(error.message);
    if (error.to) return answer(303, { location: error.to });
    answer(400, { 'content-type': 'text/plain' }, 'This did not work. Begin again.');
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(`login on http://localhost:${PORT}/login`));
