// Every credential that a run sends or receives, and where one of them stands in a text: so that the
// hosts' logs can be shown to hold none.

import { clients, ISSUER, OLDER_SECRET, overlapping, SECRET } from './fixtures.mjs';
import { trust } from './platforms.mjs';

/** Parameters whose values are names of ours or registered ones, which a log may have. */
const PUBLIC = new Set(
  `actor_token_type after audience client client_assertion_type client_id code_challenge_method error error_description
   grant_type identifier iss issuer prompt requested_token_type resource response_mode response_type scope sub subject
   subject_token_type token_type_hint`.split(/\s+/),
);
/** Parameters that are credentials however short. */
const SHORT = new Set(['user_code']);

/** Members of an answer that are credentials. */
const SECRET_MEMBERS = [
  'access_token',
  'client_secret',
  'device_code',
  'id_token',
  'refresh_token',
  'registration_access_token',
  'user_code',
];

/** What a credential of Jeton looks like, wherever it stands: a JWT, or a prefix and base64url. `jfs_` is a subject. */
const CREDENTIAL = /eyJ[\w-]{16,}\.[\w-]+\.[\w-]*|(?<![\w-])j(?!fs_)[a-z]{2}_[\w-]{20,}/g;

/** How many characters of a credential are a leak. */
const PIECE = 16;
const STEP = 8;

const seen = new Map();

/** Remembers a value that no log may hold. */
export function isSecret(value, kind) {
  if (typeof value === 'string' && value !== '') seen.set(value, kind);
}

isSecret(SECRET, 'master secret');
isSecret(OLDER_SECRET, 'master secret');
for (const { client_secret } of Object.values(clients)) isSecret(client_secret, 'client secret');

/** Texts in which a piece of a credential proves nothing. */
const published = [...Object.values(clients), overlapping]
  .flatMap(({ client_id, scope = '', audiences = [] }) => [client_id, scope, ...audiences])
  .concat(trust.map(({ issuer }) => issuer))
  // Also the issuers of rows that reach this machine.
  .concat(ISSUER, 'http://127.0.0.1', 'https://localhost:8443')
  .join('\n');

/** Remembers the credentials of one exchange. */
export function collect({ path, headers = {}, body }, response) {
  const query = path.slice(path.indexOf('?') + 1 || path.length);
  const sent = body === undefined ? '' : Buffer.from(body).toString();
  const isJson = lines(headers).some(
    ([name, value]) => name === 'content-type' && value.startsWith('application/json'),
  );
  for (const pairs of [query, isJson ? '' : sent]) ofParameters(new URLSearchParams(pairs));
  if (isJson) ofText(sent);
  for (const [name, value] of lines(headers)) {
    if (name === 'authorization') ofAuthorization(value);
    if (name === 'cookie') ofCookies(value, 'cookie');
  }
  for (const line of response.headers['set-cookie'] ?? []) ofCookies(line.split(';')[0], 'cookie');
  const location = response.headers.location ?? '';
  ofParameters(new URLSearchParams(location.slice(location.indexOf('?') + 1)));
  for (const text of [path, location, response.text]) ofText(text);
  ofJson(response);
}

/** The lines of a head: of an object, or of a list of names and values in turn. */
function lines(headers) {
  const pairs = Array.isArray(headers)
    ? headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]]] : []))
    : Object.entries(headers).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
  return pairs.map(([name, value]) => [name.toLowerCase(), value]);
}

function ofParameters(parameters) {
  for (const [name, value] of parameters) {
    if (SHORT.has(name) && value.length >= 8) isSecret(value, name);
    else if (PUBLIC.has(name)) ofText(value);
    else if (name === 'claims') for (const text of textsIn(value)) isSecret(text, name);
    else if (value.length >= PIECE) isSecret(value, name);
  }
}

/** The long strings in a JSON text that are not published, as the names in it may be; the text itself where it is none. */
function textsIn(json) {
  const texts = [];
  try {
    JSON.parse(json, (_, value) => {
      if (typeof value === 'string') texts.push(value);
      return value;
    });
  } catch {
    texts.push(json);
  }
  return texts.filter((text) => text.length >= PIECE && !published.includes(text));
}

function ofAuthorization(value) {
  const [scheme, token = ''] = value.split(' ');
  if (token.length < PIECE) return;
  isSecret(token, scheme.toLowerCase());
  const [, secret = ''] = Buffer.from(token, 'base64').toString().split(':');
  if (scheme.toLowerCase() === 'basic' && secret.length >= PIECE) isSecret(secret, 'client secret');
}

function ofCookies(line, kind) {
  for (const pair of line.split(';')) {
    const value = pair.slice(pair.indexOf('=') + 1).trim();
    if (value.length >= PIECE) isSecret(value, kind);
  }
}

function ofText(text) {
  for (const [credential] of text.matchAll(CREDENTIAL)) isSecret(credential, 'by its form');
}

function ofJson({ headers, text }) {
  if (!headers['content-type']?.startsWith('application/json') || text === '') return;
  const answer = JSON.parse(text) ?? {};
  for (const name of SECRET_MEMBERS) isSecret(answer[name], name);
  if (answer.redirect_to) ofParameters(new URL(answer.redirect_to).searchParams);
}

/** The ways in which a value may be written. */
const writings = (value) => [
  value,
  encodeURIComponent(value),
  new URLSearchParams({ '': value }).toString().slice(1),
  JSON.stringify(value).slice(1, -1),
  Buffer.from(value).toString('base64'),
  Buffer.from(value).toString('base64url'),
  Buffer.from(value).toString('hex'),
];

/** What to search for: pieces of one length, of long values; and short values, whole. */
function needles(values) {
  const pieces = new Map();
  const whole = new Map();
  // Millions are asked for: each is looked up, and not searched for.
  const known = new Set();
  for (let at = 0; at + PIECE <= published.length; at += 1) known.add(published.slice(at, at + PIECE));
  const put = (piece, kind) => known.has(piece) || pieces.set(piece, kind);
  for (const [value, kind] of values) {
    for (const text of new Set(writings(value))) {
      if (text.length < PIECE) whole.set(text.toLowerCase(), kind);
      for (let at = 0; at + PIECE <= text.length; at += STEP) put(text.slice(at, at + PIECE), kind);
      // What begins like something published may end otherwise.
      if (text.length >= PIECE) put(text.slice(-PIECE), kind);
    }
  }
  return { pieces, whole };
}

/**
 * A search for everything that was remembered until now: `search(text)` tells the kinds of what a text holds, with
 * where; `search.finds(text)` whether it holds any, and looks no further than the first.
 */
export function searcher() {
  const { pieces, whole } = needles(seen);
  function* found(text) {
    for (let at = 0; at + PIECE <= text.length; at += 1) {
      const kind = pieces.get(text.slice(at, at + PIECE));
      if (kind) yield `${kind}: …${text.slice(Math.max(0, at - 20), at + 4)}…`;
    }
    const lower = text.toLowerCase();
    for (const [short, kind] of whole) if (lower.includes(short)) yield kind;
    for (const [credential] of text.matchAll(CREDENTIAL)) yield `by its form: ${credential.slice(0, 8)}…`;
  }
  const search = (text) => [...found(text)];
  search.finds = (text) => !found(text).next().done;
  return search;
}

/** The values that were remembered until now, with their kinds. */
export const remembered = () => [...seen];
