// A login application for Jeton, in one file and without dependencies: it asks for a name and a password, keeps a
// session, asks for consent, and hands Jeton's sealed request back with what it found. Yours has people of its own
// in the place of USERS. What it owes them is in README.md, "Logging people in"; left out here are throttling, and
// a place where other processes find the sessions.
//
// Run with:
//   LOGIN_CLIENT_ID=login LOGIN_CLIENT_SECRET=… JETON=http://localhost:8080 PORT=8090 node examples/login.mjs
// and Jeton with:
//   JETON_LOGIN_URL=http://localhost:8090/login JETON_LOGOUT_URL=http://localhost:8090/logout
//   JETON_CLIENTS='[{"client_id":"login","client_secret":"…","grant_types":[],"login":true}, …]'

import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { promisify } from 'node:util';

const { JETON, LOGIN_CLIENT_ID, LOGIN_CLIENT_SECRET, PORT = '8090' } = process.env;
const SESSION = 12 * 3600;
const KEY = randomBytes(32);
// By their subjects. The passwords are "wonderland" and "builder": a salt, and scrypt of both.
const USERS = {
  __proto__: null,
  alice: {
    password: '9zZsja4B_2DHrQxvg5ciCw:L01vHjaox3MR3LUpKukZuOEnYm77-hvpbOFqAzcXHvg',
    claims: { name: 'Alice', email: 'alice@example.com', email_verified: true },
  },
  bob: { password: 'TR7S7fSWPtARJ5dn2y4WQQ:Z-IkmNjSnpGo-XwZVw1s_bXEane7lIE9ntwuUASkQWE', claims: { name: 'Bob' } },
};
const sessions = new Map(); // cookie → { subject, authTime, sids, agreed }

const random = () => randomBytes(32).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const isSame = (one, other) => one.length === other.length && timingSafeEqual(one, other);
/** What a form has to bring back: it was shown to this browser, for this request. */
const formKey = (cookie, request) => createHmac('sha256', KEY).update(`${cookie} ${request}`).digest('base64url');
const isOurs = (form, cookie, request) =>
  isSame(Buffer.from(form.get('key') ?? ''), Buffer.from(formKey(cookie, request)));

/** The subject of the person whose name and password these are. It takes as long for a name that nobody has. */
async function authenticate(form) {
  const name = form.get('username') ?? '';
  const [salt, hash] = (USERS[name] ?? USERS.alice).password.split(':');
  const given = await promisify(scrypt)(form.get('password') ?? '', salt, 32);
  return isSame(given, Buffer.from(hash, 'base64url')) && name in USERS ? name : undefined;
}

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

/** Where the browser goes next, or the page to show it; and the session that has begun. */
async function login(method, request, form, cookie) {
  let session = sessions.get(cookie);
  // Who that is tells Jeton whether a client which knows people by pairwise subjects asks for them.
  const asked = await jeton('request', { request, ...(session && { subject: session.subject }) });
  const prompts = (asked.prompt ?? '').split(' ');
  const reject = async (error) => ({ to: (await jeton('reject', { request, error })).redirect_to });
  const shown = (subject, problem) => ({ page: loginPage(formKey(cookie, request), request, asked, subject, problem) });

  const anew = prompts.includes('login') || prompts.includes('select_account');
  const isRecent = now() - session?.authTime < (asked.max_age ?? SESSION);
  const isKnown = !anew && isRecent && (asked.sub ?? session.subject) === session.subject;
  const consent = JSON.stringify([asked.client_id, asked.redirect_uri, asked.scope, asked.audiences, asked.claims]);
  if (method === 'POST') {
    if (!isOurs(form, cookie, request)) return { to: `/login?${new URLSearchParams({ request })}` };
    if (form.has('deny')) return reject('access_denied');
    if (!isKnown) {
      const subject = await authenticate(form);
      if (!subject) return shown(undefined, 'Wrong name or password.');
      const kept = session?.subject === subject ? session : { sids: new Set(), agreed: new Set() };
      session = { ...kept, subject, authTime: now() };
    }
    session.agreed.add(consent);
  } else {
    // What a device is, and asks for, Jeton's own page shows afterwards.
    const isAgreed = asked.kind === 'device' || asked.first_party || session?.agreed.has(consent);
    const isQuiet = isAgreed && asked.identity_assured !== false && !prompts.includes('consent');
    if (prompts.includes('none') && !(isKnown && isQuiet))
      return reject(isKnown ? 'consent_required' : 'login_required');
    if (!isKnown || !isQuiet) return shown(isKnown ? session.subject : undefined);
  }
  if (asked.sid) session.sids.add(asked.sid);
  const { subject, authTime } = session;
  const claims = JSON.stringify(USERS[subject].claims);
  const { redirect_to } = await jeton('accept', { request, subject, auth_time: authTime, claims });
  return { to: redirect_to, session: isKnown ? undefined : session };
}

/** The same of a logout. Only one of this very session needs no question. */
async function logout(method, query, form, cookie) {
  const [back, request] = ['return_to', 'request'].map((name) => query.get(name) ?? '');
  if (!back.startsWith(`${JETON}/`)) throw new Error('return_to is not beneath the issuer');
  const session = sessions.get(cookie);
  const { kind, sub, sid } = await jeton('request', { request }).catch(() => ({}));
  const isMeant = kind === 'logout' && sub === session?.subject && session?.sids.has(sid);
  if (session && !isMeant && !(method === 'POST' && isOurs(form, cookie, back)))
    return { page: logoutPage(formKey(cookie, back), session.subject) };
  sessions.delete(cookie);
  return { to: back };
}

const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const page = (title, key, inside) => `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1>
<form method="post"><input type="hidden" name="key" value="${key}">${inside}</form>`;

const logoutPage = (key, subject) =>
  page('Log out', key, `<p>You are ${escaped(subject)}.</p><button>Log out</button>`);

/** The form for whoever is not known yet, with what they agree to. */
function loginPage(key, request, asked, subject, problem = '') {
  const hint = asked.sub ?? asked.login_hint;
  const who = subject
    ? `<p>You are ${escaped(subject)}.</p><button>Allow</button>`
    : `<p><label>Name <input name="username" value="${hint in USERS ? hint : ''}" autocomplete="username"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
<button>Log in</button>`;
  return page(
    'Log in',
    key,
    `<input type="hidden" name="request" value="${escaped(request)}">
<p role="alert">${problem}</p>${asked.kind === 'code' ? consentTo(asked) : ''}${who} <button name="deny">Deny</button>`,
  );
}

/** Who asks, and for what. */
function consentTo({ client_id, client_name = client_id, redirect_uri, self_registered, scopes, claims = {} }) {
  const { protocol, hostname, host } = new URL(redirect_uri);
  const isHere = !/^https?:$/.test(protocol) || /^(127\..*|\[::1\]|(.*\.)?localhost)$/.test(hostname);
  const words = scopes.flatMap(({ scope, also = [], ...first }) =>
    [first, ...also].map(({ description, api }) => `${description ?? scope}${api ? ` (${api})` : ''}`),
  );
  const listed = [...words, ...Object.values(claims).flatMap(Object.keys)].map((text) => `<li>${escaped(text)}</li>`);
  return `<p>For ${escaped(client_name)}, at ${isHere ? 'a program on this machine' : escaped(host)}.
${self_registered ? 'Nobody has checked whose name that is.' : ''} It gets:</p><ul>${listed.join('')}</ul>`;
}

const HEADERS = {
  'cache-control': 'no-store',
  // Without form-action: browsers hold the redirects after a form to it, and these end at any client.
  'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

createServer(async (incoming, outgoing) => {
  const { pathname, searchParams } = new URL(incoming.url, 'http://login');
  const answer = (status, headers, body = '') => outgoing.writeHead(status, { ...HEADERS, ...headers }).end(body);
  try {
    if (!['/login', '/logout'].includes(pathname)) return answer(404, {});
    let body = '';
    for await (const chunk of incoming) {
      body += chunk;
      if (body.length > 65536) return answer(413, {});
    }
    const form = new URLSearchParams(body);
    const known = /(?:^|; *)__Host-login=([\w-]{43})(?:;|$)/.exec(incoming.headers.cookie ?? '')?.[1];
    let cookie = known ?? random();
    const { method } = incoming;
    const { page, to, session } =
      pathname === '/logout'
        ? await logout(method, searchParams, form, cookie)
        : await login(method, (method === 'POST' ? form : searchParams).get('request') ?? '', form, cookie);
    if (session) {
      sessions.delete(cookie);
      cookie = random(); // one that was known before the login is nobody's session
      sessions.set(cookie, session);
      setTimeout((ended) => sessions.delete(ended), SESSION * 1000, cookie).unref();
    }
    const set = `__Host-login=${cookie}; Path=/; Secure; HttpOnly; SameSite=Lax`;
    // Not on the way elsewhere: a form of another site comes without the cookie, and must not replace it.
    const headers = cookie !== known && (page || session) ? { 'set-cookie': set } : {};
    if (page) answer(200, { ...headers, 'content-type': 'text/html; charset=utf-8' }, page);
    else answer(303, { ...headers, location: to });
  } catch (error) {
    console.error(error.message);
    if (error.to) return answer(303, { location: error.to });
    answer(400, { 'content-type': 'text/plain' }, 'This did not work. Begin again.');
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(`login on http://localhost:${PORT}/login`));
