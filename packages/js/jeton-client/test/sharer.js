// One of the processes that share a session (shared.test.js): asks for the access token again and again.

import { Client, none } from 'jeton-client';
import { folderStore } from 'jeton-client/node';

const [, , metadata, folder, key, seconds] = process.argv;
const { issuer } = JSON.parse(metadata);
const client = new Client({ issuer, client_id: 'app', authentication: none(), metadata: JSON.parse(metadata) });
const session = client.session({ store: folderStore(folder), key, scope: 'openid offline_access' });
for (const end = Date.now() + 1000 * Number(seconds); Date.now() < end; ) {
  const { access_token } = await session.accessToken();
  console.log(access_token);
  await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()));
}
