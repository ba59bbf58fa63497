// Jeton with its built-in login, tried on this machine alone: `jeton serve`, `jeton mock` in the place of Google and
// GitHub, and an application that logs people in.
//
// Run with:
//   npm start
// and open the address that it prints. JETON names the binary; without it, it is built from this checkout. PORT,
// JETON_PORT, MOCK_PORT and GITHUB_PORT are where each listens.

import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { application } from './application.mjs';

const { PORT = '3000', JETON_PORT = '8080', MOCK_PORT = '9400', GITHUB_PORT = '9401' } = process.env;
const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const origin = `http://localhost:${PORT}`;
const issuer = `http://localhost:${JETON_PORT}`;
const mock = `http://localhost:${MOCK_PORT}`;
const github = `http://localhost:${GITHUB_PORT}`;

/** The binary of this checkout. */
function build() {
  console.log('building jeton; the first time this takes minutes');
  execFileSync('cargo', ['build', '--quiet', '--package', 'jeton-cli'], { cwd: REPOSITORY, stdio: 'inherit' });
  return join(process.env.CARGO_TARGET_DIR ?? join(REPOSITORY, 'target'), 'debug/jeton');
}
const jeton = process.env.JETON ?? build();

const folder = mkdtempSync(join(tmpdir(), 'jeton-built-in-login-'));
const children = [];
/** Starts `jeton` with these arguments, and waits until it answers at `url`. */
async function start(parameters, url, environment = {}) {
  const child = spawn(jeton, parameters, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
  child.once('exit', (code) => code && end(`jeton ${parameters[0]} ended with ${code}`));
  for (let tries = 0; tries < 200; tries += 1) {
    if (
      await fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  end(`jeton ${parameters[0]} does not answer at ${url}`);
}

function end(why) {
  if (why) console.error(why);
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
  process.exit(why ? 1 : 0);
}
process.once('SIGINT', () => end());
process.once('SIGTERM', () => end());

const client = {
  client_id: 'shop',
  client_name: 'The Shop',
  client_secret: randomBytes(32).toString('base64url'),
  redirect_uris: [`${origin}/callback`],
  post_logout_redirect_uris: [`${origin}/`],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid profile email offline_access',
};

/** The mock takes any client and any secret. A real provider is told these addresses to come back at. */
const login = {
  name: 'Example Inc',
  providers: [
    {
      id: 'acme',
      type: 'openid',
      name: 'Acme',
      issuer: `${mock}/acme`,
      client_id: 'jeton', // which comes back at /login/callback/acme
      client_secret: 'of-the-mock',
    },
    {
      id: 'github',
      type: 'github',
      url: github,
      client_id: 'jeton', // which comes back at /login/callback/github
      client_secret: 'of-the-mock',
    },
  ],
};

await start(['mock', '--port', MOCK_PORT], mock);
await start(['mock', '--profile', 'github', '--port', GITHUB_PORT], github);
await start(['serve', '--port', JETON_PORT, '--data', join(folder, 'jeton.db')], issuer, {
  JETON_ISSUER: issuer,
  JETON_SECRET: execFileSync(jeton, ['keys', 'new'], { encoding: 'utf8' }).trim(),
  JETON_LOGIN: JSON.stringify(login),
  JETON_CLIENTS: JSON.stringify([client]),
  JETON_DEVELOPMENT: 'true', // http, and an upstream on this machine
});
createServer(application({ issuer, client, origin })).listen(Number(PORT), 'localhost', () => {
  console.log(`log in at ${origin}/ as anybody; your applications are at ${issuer}/login/account`);
});
