// The Worker's work at a refresh with `openid` in plain JavaScript, without its care: authenticates the
// client, verifies the refresh token's MAC, moves the grant by one atomic step of its object, signs an
// access token and an ID token with ES256, derives the next refresh token, writes a log line.

import { DurableObject } from 'cloudflare:workers';

const CLIENT = 'bench';
const SECRET_SHA256 = '__SECRET_SHA256__';
const ISSUER = 'https://issuer.example';
const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HMAC = { name: 'HMAC', hash: 'SHA-256' };
const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' };
const DAY = 86_400;
const encoder = new TextEncoder();

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const bytesOf = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
const json64 = (value) => base64url(encoder.encode(JSON.stringify(value)));
const sha256 = async (text) => new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
const random = () => base64url(crypto.getRandomValues(new Uint8Array(16)));

/** One grant, in one row. */
export class Grant extends DurableObject {
  async open(grant) {
    const { sql } = this.ctx.storage;
    await this.ctx.storage.setAlarm(grant.expires_at * 1000);
    sql.exec('CREATE TABLE record (id INTEGER PRIMARY KEY CHECK (id = 0), record TEXT NOT NULL)');
    sql.exec('INSERT INTO record (id, record) VALUES (0, ?)', JSON.stringify(grant));
  }

  alarm() {
    return this.ctx.storage.deleteAll();
  }

  /** From one generation to the next: the grant as it then stands, or nothing. */
  advance(step) {
    const { sql } = this.ctx.storage;
    const [row] = sql.exec('SELECT record FROM record WHERE id = 0').toArray();
    const grant = row && JSON.parse(row.record);
    const mayMove =
      grant?.client_id === step.client_id &&
      grant.generation === step.standing &&
      step.now < Math.min(grant.expires_at, grant.idle_expires_at);
    if (!mayMove) return null;
    grant.generation = step.to;
    grant.advanced_at = step.now;
    grant.idle_expires_at = step.now + 30 * DAY;
    grant.last_attempt = step.attempt;
    sql.exec('UPDATE record SET record = ? WHERE id = 0', JSON.stringify(grant));
    return grant;
  }
}

let keys;

/** Made at the first request and kept, as the Worker's are. */
async function importKeys() {
  const [signing, mac] = await Promise.all([
    crypto.subtle.generateKey(ES256, false, ['sign']),
    crypto.subtle.importKey('raw', new Uint8Array(32).fill(7), HMAC, false, ['sign', 'verify']),
  ]);
  const kid = base64url(await sha256('kid'));
  const header = (typ) => json64({ typ, alg: 'ES256', kid });
  return { signing: signing.privateKey, mac, accessToken: header('at+jwt'), idToken: header('JWT') };
}

async function sign(header, claims) {
  const signed = `${header}.${json64(claims)}`;
  const signature = await crypto.subtle.sign(ES256, keys.signing, encoder.encode(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}

const macOf = (id, generation) => encoder.encode(`jrt_\0${ISSUER}\0${CLIENT}\0${id}\0${generation}`);

async function refreshToken(id, generation) {
  const mac = await crypto.subtle.sign(HMAC, keys.mac, macOf(id, generation));
  return `jrt_${id}.${generation}.${base64url(new Uint8Array(mac))}`;
}

const objectOf = (env, id) => env.LEDGER.get(env.LEDGER.idFromName(`grant:${id}`));
const refused = (status) => new Response(null, { status });

export default {
  async fetch(request, env) {
    keys ??= await importKeys();
    const now = Math.floor(Date.now() / 1000);
    if (new URL(request.url).pathname === '/open') return new Response(await open(env, now));

    const form = new URLSearchParams(await request.text());
    const [client, secret] = atob(request.headers.get('authorization').slice('Basic '.length)).split(':');
    const known = client === CLIENT && base64url(await sha256(secret)) === SECRET_SHA256;
    if (!known || form.get('grant_type') !== 'refresh_token') return refused(401);

    const [id, standing, mac] = form.get('refresh_token').slice('jrt_'.length).split('.');
    const genuine = await crypto.subtle.verify(HMAC, keys.mac, bytesOf(mac), macOf(id, standing));
    if (!genuine) return refused(400);
    const to = Number(standing) + 1;
    const step = { id, standing: to - 1, to, client_id: client, attempt: random(), now };
    const grant = await objectOf(env, id).advance(step);
    if (!grant) return refused(400);

    const jti = random();
    const times = { iat: now, exp: Math.min(now + 3600, grant.expires_at) };
    const { subject: sub, scope, audiences: aud, auth_time } = grant;
    const access_token = await sign(keys.accessToken, {
      iss: ISSUER,
      sub,
      aud,
      client_id: client,
      ...times,
      jti,
      scope,
      sid: id,
      auth_time,
    });
    const at_hash = base64url((await sha256(access_token)).subarray(0, 16));
    const id_token = await sign(keys.idToken, { iss: ISSUER, sub, aud: client, ...times, auth_time, at_hash, sid: id });
    const refresh_token = await refreshToken(id, to);

    console.log(
      JSON.stringify({
        time: new Date().toISOString(),
        level: 'info',
        endpoint: 'token',
        status: 200,
        client_id: client,
        grant_type: 'refresh_token',
        subject: sub,
        grant: id,
        generation: to,
        scope,
        audience: aud,
        jti,
      }),
    );
    const tokens = { access_token, token_type: 'Bearer', expires_in: times.exp - now, scope, refresh_token, id_token };
    return new Response(JSON.stringify(tokens), { headers: HEADERS });
  },
};

/** A grant of its own, as a login leaves it: its first refresh token. */
async function open(env, now) {
  const id = random();
  await objectOf(env, id).open({
    id,
    state: 'live',
    client_id: CLIENT,
    subject: 'alice',
    scope: 'openid offline_access read write',
    audiences: ['https://api.example', ISSUER],
    claims: { name: 'Alice', email: 'alice@example.com', email_verified: true },
    generation: 1,
    created_at: now,
    auth_time: now,
    expires_at: now + 90 * DAY,
    idle_expires_at: now + 30 * DAY,
    advanced_at: now,
    last_attempt: random(),
  });
  return refreshToken(id, 1);
}
