// A command that logs a person in with a browser on any other device (RFC 8628), and keeps them logged in.
//
// Run with:
//   npm install jeton-client
//   ISSUER=https://tokens.example.com CLIENT_ID=… API=https://orders.example.com SESSION_KEY=… node command-line.mjs
// SESSION_KEY are 16 random bytes at least: what is kept in the folder SESSIONS is sealed with them.

import { Client, ClientError } from 'jeton-client';
import { folderStore } from 'jeton-client/node';

const { ISSUER, CLIENT_ID, API, SESSION_KEY, SESSIONS = 'sessions' } = process.env;

const session = new Client({ issuer: ISSUER, client_id: CLIENT_ID }).session({
  store: folderStore(SESSIONS),
  key: SESSION_KEY,
  scope: 'openid profile offline_access orders:read',
  resource: API,
});

async function isLoggedIn() {
  try {
    await session.accessToken();
    return true;
  } catch (error) {
    if (error instanceof ClientError && error.code === 'not_logged_in') return false;
    throw error;
  }
}

try {
  if (!(await isLoggedIn())) {
    const device = await session.device();
    console.error(`Open ${device.verification_uri} and enter ${device.user_code}`);
    await device.wait();
  }
  const response = await session.fetch()(`${API}/orders`);
  if (!response.ok) throw new Error(`${response.status}: ${response.headers.get('www-authenticate')}`);
  console.log(await response.text());
} catch (error) {
  // A ClientError says whose fault it is: caller, server, network or token.
  console.error(error.fault ? `${error.fault}: ${error.message}` : error.message);
  process.exitCode = 1;
}
