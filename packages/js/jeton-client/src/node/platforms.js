// Platforms that say who runs on them, as sources of `platformToken`.

import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { ClientError } from '../error.js';
import { checkSecure, send } from '../wire.js';

const LARGEST = 64 * 1024;
const unavailable = (why) => new ClientError('caller', 'credential_unavailable', why);

/** A file that the platform renews, as Kubernetes and SPIFFE helpers do: read each time that it is needed. */
export const file = (path) => async () => {
  let token;
  try {
    token = await readFile(path, 'utf8');
  } catch ({ code }) {
    throw unavailable(`the platform's token cannot be read from ${path}: ${code}`);
  }
  if (!token.trim() || token.length > LARGEST) throw unavailable(`${path} has no token`);
  return token;
};

/** The token of a job of GitHub Actions with `permissions: { id-token: write }`; for the issuer, unless it says otherwise. */
export const githubActions =
  ({ audience } = {}) =>
  async ({ audience: issuer, fetch }) => {
    const { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = process.env;
    if (!address || !token) throw unavailable('this is no job of GitHub Actions with the permission id-token: write');
    checkSecure(address, 'caller', 'credential_unavailable', 'ACTIONS_ID_TOKEN_REQUEST_URL');
    const url = new URL(address);
    url.searchParams.set('audience', audience ?? issuer);
    let response;
    try {
      const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
      response = await send(fetch, url.href, { headers, redirect: 'error' });
      const { value } = await response.json();
      if (response.ok && typeof value === 'string') return value;
    } catch {
      throw unavailable(response ? "GitHub's answer has no token" : 'GitHub does not answer');
    }
    throw unavailable(`GitHub answers ${response.status}, without a token`);
  };

/** What AWS says of the role that runs here (`sts:GetWebIdentityToken`), asked for with the application's own SDK. */
export const aws =
  ({ audience, algorithm = 'ES384', sts } = {}) =>
  async ({ audience: issuer }) => {
    try {
      const client = sts ?? new (await import('@aws-sdk/client-sts')).STS();
      const answer = await client.getWebIdentityToken({
        Audience: [audience ?? issuer],
        SigningAlgorithm: algorithm,
        DurationSeconds: 300,
      });
      return answer.WebIdentityToken;
    } catch ({ name, code }) {
      throw unavailable(`AWS gives no token: ${code ?? name}`);
    }
  };
