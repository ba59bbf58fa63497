// A login at the Worker from start to tokens, with the bench as browser, login application and client.

import { createHash, randomBytes } from 'node:crypto';
import { client, ISSUER, loginClient } from './handlers.mjs';

const basic = ({ client_id, client_secret }) => ({
  authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`,
});

/** The first refresh token of a grant of its own. */
export async function login(origin) {
  const here = (address) => origin + address.replace(ISSUER, '');
  const post = async (path, by, form) => {
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: basic(by),
      body: new URLSearchParams(form),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const visit = async (address, cookie = '') => {
    const response = await fetch(here(address), { redirect: 'manual', headers: { cookie } });
    if (response.status !== 303) throw new Error(`${address}: ${response.status} ${await response.text()}`);
    return response;
  };
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    scope: 'openid offline_access read write',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const began = await visit(`${ISSUER}/authorize?${query}`);
  const request = new URL(began.headers.get('location')).searchParams.get('request');
  const cookie = began.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const claims = JSON.stringify({ name: 'Alice', email: 'alice@example.com', email_verified: true });
  const accepted = await post('/authorize/accept', loginClient, { request, subject: 'alice', claims });
  const resumed = await visit(accepted.redirect_to, cookie);
  const code = new URL(resumed.headers.get('location')).searchParams.get('code');
  const tokens = await post('/token', client, { grant_type: 'authorization_code', code, code_verifier: verifier });
  return tokens.refresh_token;
}
