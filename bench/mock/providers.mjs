// What is measured: how each provider is installed, started and spoken to.

import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm, once } from '../install.mjs';
import { grants } from './grants.mjs';
import { Connection } from './http.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const installed = join(root, 'target/bench/mock');
const python = process.env.PYTHON ?? 'python3';

/** `beside`: what has to be there already to run it. */
export function install() {
  const binary =
    process.env.JETON_BIN ??
    ['release', 'suite'].map((profile) => join(root, 'target', profile, 'jeton')).find(existsSync);
  if (!binary)
    throw new Error('expected target/release/jeton (cargo build --release -p jeton-cli), or its place in JETON_BIN');
  const jeton = {
    name: 'jeton mock',
    command: (port, ...options) => [binary, 'mock', '--port', port, ...options],
    size: sizeOf(realpathSync(binary)),
    beside: 'nothing',
    endpoints: { token: '/token', authorize: '/authorize', jwks: '/.well-known/jwks.json' },
    grants: ['client_credentials', 'authorization_code'],
  };

  const modules = npm(join(installed, 'npm'), import.meta.url);
  const axa = {
    name: 'oauth2-mock-server',
    command: (port, ...options) => [
      process.execPath,
      join(modules, 'oauth2-mock-server/dist/oauth2-mock-server.mjs'),
      '-a',
      '127.0.0.1',
      '-p',
      port,
      ...options,
    ],
    size: sizeOf(modules),
    beside: `Node ${process.versions.node}`,
    endpoints: { token: '/token', authorize: '/authorize', jwks: '/jwks' },
    grants: ['client_credentials', 'authorization_code'],
  };

  const environment = pip();
  const oidc = {
    name: 'oidc-provider-mock',
    command: (port) => [join(environment, 'bin/oidc-provider-mock'), '--port', port],
    size: sizeOf(join(environment, 'lib')),
    beside: execFileSync(python, ['--version']).toString().trim(),
    endpoints: { token: '/oauth2/token', authorize: '/oauth2/authorize', jwks: '/jwks', login: 'sub=alice' },
    grants: ['authorization_code'],
  };

  const key = join(installed, 'es256.json');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(key, JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256' }));

  // The first of each name is the provider as it comes.
  return [
    { ...jeton, alg: 'RS256', options: [], ours: true },
    { ...jeton, alg: 'ES256', options: ['--signing-algs', 'ES256'], ours: true },
    { ...axa, alg: 'RS256', options: [] },
    { ...axa, alg: 'ES256', options: ['--jwk', key] },
    { ...oidc, alg: 'RS256', options: [] },
  ].map((provider, index, all) => ({
    ...provider,
    id: `${provider.name} ${provider.alg}`,
    asItComes: all.findIndex(({ name }) => name === provider.name) === index,
  }));
}

/** The running provider, its first token, and the milliseconds from spawn to that. `cpu`: the only one it may use. */
export async function start(provider, cpu) {
  const port = await freePort();
  const line = provider.command(String(port), ...provider.options);
  const [command, ...args] = cpu === undefined ? line : ['taskset', '-c', String(cpu), ...line];
  // Nobody's settings but the command line's.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(JETON_|JSON_CONFIG|SERVER_|PORT$|HOST$)/.test(name)),
  );
  const began = performance.now();
  const child = spawn(command, args, { env, stdio: 'ignore' });
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  let failed;
  child.once('error', (error) => (failed = error));
  for (;;) {
    const connection = await Connection.open(port).catch((error) => {
      if (error.code !== 'ECONNREFUSED') throw error;
    });
    if (connection) {
      const token = await grants[provider.grants[0]](connection, provider.endpoints);
      const milliseconds = performance.now() - began;
      return {
        port,
        pid: child.pid,
        connection,
        token,
        milliseconds,
        stop() {
          process.off('exit', stop);
          connection.close();
          return ended(child);
        },
      };
    }
    if (failed || child.exitCode !== null || performance.now() - began > 60_000) {
      throw (
        failed ??
        new Error(
          `expected ${provider.id} to listen on port ${port}; it ended with ${child.exitCode}: ${line.join(' ')}`,
        )
      );
    }
  }
}

function ended(child) {
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGKILL');
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function pip() {
  const directory = join(installed, 'python');
  const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
  once(directory, [execFileSync(python, ['--version']), readFileSync(requirements)], () => {
    const run = (...args) => execFileSync(python, ['-m', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    // No pip inside: it would count as installed.
    run('venv', '--without-pip', directory);
    run(
      'pip',
      '--python',
      join(directory, 'bin/python'),
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--requirement',
      requirements,
    );
  });
  return directory;
}

/** Bytes in all files. */
function sizeOf(path) {
  const status = lstatSync(path);
  return status.isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
    : status.size;
}
