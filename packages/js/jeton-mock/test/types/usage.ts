// Checked by `npm run types`, never run: what must compile, and what must not.

import {
  connectMock,
  decode,
  type Entry,
  type FaultHandle,
  type Issuer,
  type Key,
  MockError,
  type MockSpec,
  startMock,
} from 'jeton-mock';

export async function compiles(): Promise<void> {
  const config: MockSpec = {
    seed: 'x',
    issuer: { signing_algs: ['RS256'], users: [{ sub: 'dora', claims: { roles: ['admin'] } }] },
    profiles: { kiosk: { issuer: '${base}/', paths: { token: ['/x'] }, metadata: { registration_endpoint: null } } },
  };
  await using mock = await startMock({
    bin: 'jeton',
    args: ['--strict'],
    config,
    port: 0,
    env: { RUST_BACKTRACE: '1' },
  });
  await connectMock(mock.url);
  await using issuer = await mock.issuer();
  const other: Issuer = await mock.issuer('other', {
    strictness: 'strict',
    clock: { set: 1_700_000_000, freeze: true },
    faults: [{ fault: 'drop' }],
    trust: [{ issuer: 'https://ci.example', jwks: { keys: [{ kty: 'EC' }] }, algorithms: ['ES384'] }],
  });
  const endpoints: string[] = [
    issuer.url,
    issuer.tokenEndpoint,
    issuer.authorizationEndpoint,
    issuer.jwksUri,
    issuer.discoveryUrl,
  ];

  const { access_token } = await issuer.token({
    client_id: 'billing',
    scope: 'read',
    resource: ['https://a', 'https://b'],
    tenant: 'acme',
  });
  const { refresh_token, id_token } = await issuer.login({
    client_secret: null,
    subject: 'dora',
    scope: 'openid offline_access',
    acr_values: 'mfa',
  });
  await issuer.token({ grant_type: 'refresh_token', refresh_token });
  if (id_token !== undefined) decode(id_token).claims.sub;
  const minted: string = await issuer.mint(
    { sub: 'x', exp: null },
    { typ: 'at+jwt', alg: 'ES256', fault: 'without-sub' },
  );

  const fault: FaultHandle = await issuer.addFault('slow-300ms');
  await issuer.addFault({
    match: { endpoint: 'token', grant_type: 'refresh_*' },
    nth: 2,
    times: 1,
    fault: 'invalid_grant',
  });
  await issuer.addFault({ fault: { status: 418, headers: { 'x-a': 'b' }, body: 'short and stout' } });
  const acted: number = await fault.acted();
  await fault.remove();

  const now: number = await issuer.clock.now();
  const keys: Key[] = await issuer.keys.rotate('ES256');
  const entry: Entry = await issuer.take({ endpoint: 'token', client_id: 'billing' }, { timeout: 100 });
  const status: number | undefined = entry.status;
  try {
    await other.addUser('x');
  } catch (error) {
    if (error instanceof MockError) [error.status, error.error_description];
  }
  console.log(endpoints, access_token, minted, acted, now, keys, status);
}

export async function doesNotCompile(issuer: Issuer): Promise<void> {
  // @ts-expect-error no such fault
  await issuer.addFault('slwo-2s');
  // @ts-expect-error a token fault is all a minted token can have
  await issuer.mint({}, { fault: 'drop' });
  // @ts-expect-error no such endpoint
  await issuer.count({ endpoint: 'tokens' });
  // @ts-expect-error names are the wire's
  await issuer.token({ clientId: 'billing' });
  // @ts-expect-error and in filters
  await issuer.take({ clientId: 'billing' });
  // @ts-expect-error a user has a subject
  await issuer.addUser({ name: 'Dora' });
  // @ts-expect-error no such algorithm
  await issuer.keys.rotate('HS256');
}

declare const console: { log(...values: unknown[]): void };
