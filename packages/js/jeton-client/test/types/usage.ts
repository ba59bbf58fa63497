// Checked by `npm run types`, never run: what must compile, and what must not.

import {
  type AccessToken,
  Client,
  ClientError,
  type Code,
  clientSecret,
  type Device,
  dpopKey,
  type Fetch,
  memoryStore,
  none,
  platformToken,
  privateKeyJwt,
  type Session,
  type Store,
} from 'jeton-client';
import { browserStore } from 'jeton-client/browser';
import { aws, file, folderStore, githubActions } from 'jeton-client/node';

export async function compiles(key: CryptoKey, jwk: { kty: string; d: string; kid: string }): Promise<void> {
  const client = new Client({
    issuer: 'https://tokens.example',
    client_id: 'billing',
    authentication: clientSecret('secret'),
    dpop: await dpopKey(),
    fetch: (input, init) => fetch(input, init),
    now: () => Date.now(),
    random: (bytes) => bytes.fill(4),
  });
  for (const authentication of [
    privateKeyJwt(jwk),
    privateKeyJwt(key),
    privateKeyJwt({ key, kid: '1' }),
    platformToken(file('/var/run/secrets/jeton/token')),
    platformToken(githubActions(), { as: 'grant' }),
    platformToken(aws({ audience: 'https://tokens.example', algorithm: 'RS256' })),
    platformToken(async ({ audience }) => audience),
    none(),
  ]) {
    new Client({ issuer: 'https://tokens.example', client_id: 'billing', authentication });
  }
  const token: AccessToken = await client.token({
    scope: ['read', 'write'],
    resource: 'https://api.example',
    signal: AbortSignal.timeout(1000),
  });
  const told: [string, number, string | null] = [token.access_token, token.expires_at, token.scope];

  const api: Fetch = client.fetch({ scope: 'read' });
  const response: Response = await api('https://api.example/orders', { method: 'POST', body: '{}' });
  await api(new Request('https://api.example/orders'));
  const usual: typeof fetch = api;

  const device: Device<AccessToken> = await client.device({ scope: 'read' });
  await device.wait({ signal: AbortSignal.timeout(1000) });

  const own: Store = {
    async get() {
      return { value: new Uint8Array(), version: '1' };
    },
    async set(_name, value, expected) {
      return value === undefined && expected === undefined;
    },
  };
  for (const store of [memoryStore(), browserStore(), browserStore({ database: 'mine' }), folderStore('/tmp/x'), own]) {
    client.session({ store, key: new Uint8Array(32), redirect_uri: 'https://app.example/callback', scope: 'openid' });
  }
  const session: Session = client.session({ store: browserStore() });
  const { url } = await session.login({ parameters: { prompt: 'login' } });
  const { transaction } = await session.login({ keep: false });
  const claims = await session.callback(new URL(url), { transaction });
  const sub: string | undefined = claims?.sub;
  await session.accessToken();
  await session.fetch()('https://api.example/orders');
  const { url: end, revoked } = await session.logout({ post_logout_redirect_uri: 'https://app.example/' });
  const answers: [string | undefined, boolean] = [end, revoked];

  try {
    await client.token();
  } catch (error) {
    if (error instanceof ClientError) {
      const code: Code = error.code;
      const wait: number | undefined = error.retry_after;
      if (error.fault === 'network' || code === 'rate_limited') console.log(error.message, wait, error.description);
    }
  }
  console.log(told, response.status, usual, sub, answers, (await browserStore().dpopKey()).publicKey);
}

export async function doesNotCompile(client: Client, token: AccessToken, error: ClientError): Promise<void> {
  // @ts-expect-error what OAuth names keeps its name
  new Client({ issuer: 'https://tokens.example', clientId: 'billing' });
  // @ts-expect-error a secret says how it is one
  new Client({ issuer: 'https://tokens.example', client_id: 'billing', authentication: 'secret' });
  // @ts-expect-error a session has a store
  client.session({ redirect_uri: 'https://app.example/callback' });
  // @ts-expect-error what is kept in the store is not given as well
  (await client.session({ store: memoryStore() }).login()).transaction;
  // @ts-expect-error no such code
  error.code === 'no_such_code';
  // @ts-expect-error tokens are not changed
  token.access_token = 'other';
  // @ts-expect-error AWS has two
  aws({ algorithm: 'ES256' });
}
