// A single-page application that logs a person in and calls an API in their name, with nothing behind it.
//
// Run with:
//   npm install jeton-client esbuild
//   npx esbuild main.mjs --bundle --format=esm --outfile=main.js --servedir=. --serve=127.0.0.1:3000 \
//     --define:process.env.ISSUER='"https://tokens.example.com"' --define:process.env.CLIENT_ID='"…"' \
//     --define:process.env.API='"https://orders.example.com"'

import { Client, ClientError } from 'jeton-client';
import { browserStore } from 'jeton-client/browser';

// The bundler puts them in.
const ISSUER = process.env.ISSUER;
const CLIENT_ID = process.env.CLIENT_ID;
const API = process.env.API;

const home = `${location.origin}/`;
// A public client: what a page has, whoever reads it has.
const client = new Client({ issuer: ISSUER, client_id: CLIENT_ID });
// All tabs have this one session. The refresh token is sealed with a key that no script can read.
const session = client.session({
  store: browserStore(),
  redirect_uri: home,
  scope: 'openid profile offline_access orders:read',
  resource: API,
});

const element = (id) => document.getElementById(id);
const show = (text, isLoggedIn) => {
  element('who').textContent = text;
  element('login').hidden = isLoggedIn;
  element('logout').hidden = !isLoggedIn;
};
const problem = (error) => {
  if (!(error instanceof ClientError)) throw error;
  const isOver = error.fault === 'caller' || error.fault === 'token';
  show(error.code === 'not_logged_in' ? 'Nobody is logged in.' : `It did not work: ${error.code}`, !isOver);
};

element('login').onclick = async () => {
  const { url } = await session.login();
  location.assign(url);
};
element('logout').onclick = async () => {
  const { url } = await session.logout({ post_logout_redirect_uri: home });
  location.assign(url ?? home);
};

try {
  const answer = location.href;
  if (new URLSearchParams(location.search).has('state')) {
    // Not into the history, nor to whom the page links to.
    history.replaceState(null, '', home);
    await session.callback(answer);
  }
  const { name, sub } = await session.idClaims();
  show(`Logged in as ${name ?? sub}`, true);
  const response = await session.fetch()(`${API}/orders`);
  element('orders').textContent = await response.text();
} catch (error) {
  problem(error);
}
