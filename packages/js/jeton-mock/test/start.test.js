// A mock from beginning to end: how it starts, what it says when it cannot, that it does not outlive anybody.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectMock, MockError, startMock } from 'jeton-mock';
import { bin, get } from './support.js';

const isUp = (url) =>
  fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );

async function until(condition) {
  for (let n = 0; n < 200; n += 1) {
    if (await condition()) return true;
    await new Promise((done) => setTimeout(done, 20));
  }
  return false;
}

describe('startMock', () => {
  test('starts on a free port; stop ends it, twice as well as once', async () => {
    const [one, other] = await Promise.all([startMock({ bin }), startMock({ bin })]);
    assert.notEqual(one.url, other.url);
    await one.stop();
    await one.stop();
    assert.equal(await isUp(one.url), false);
    assert.equal(await isUp(other.url), true);
    await other[Symbol.asyncDispose]();
    assert.equal(await isUp(other.url), false);
  });

  test('takes a configuration as an object', async (t) => {
    const config = { issuer: { users: [{ sub: 'template' }] }, issuers: { acme: { users: [{ sub: 'own' }] } } };
    const mock = await startMock({ bin, config });
    t.after(() => mock.stop());
    assert.deepEqual(
      (await (await mock.attach()).users()).map(({ sub }) => sub),
      ['template'],
    );
    assert.deepEqual(
      (await (await mock.attach('acme')).users()).map(({ sub }) => sub),
      ['own'],
    );
  });

  test('takes a configuration as a file', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'jeton-mock-test-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const config = join(folder, 'mock.toml');
    writeFileSync(config, 'strictness = "strict"\n');
    const mock = await startMock({ bin, config });
    t.after(() => mock.stop());
    assert.equal((await (await mock.attach()).info()).strictness, 'strict');
  });

  test('takes flags, a port and an environment', async (t) => {
    const port = await freePort();
    const mock = await startMock({
      bin,
      port,
      args: ['--strict', '--issuer', 'https://idp.example'],
      env: { RUST_BACKTRACE: '1' },
    });
    t.after(() => mock.stop());
    assert.equal(new URL(mock.url).port, String(port));
    const issuer = await mock.attach();
    assert.equal(issuer.url, 'https://idp.example');
    // Nobody listens there, and it works all the same.
    const { access_token } = await issuer.token();
    assert.ok(access_token);
  });

  test('speaks plain HTTP to a mock with TLS, and has its CA', async (t) => {
    const mock = await startMock({ bin, args: ['--https'] });
    t.after(() => mock.stop());
    assert.match(mock.url, /^http:/);
    assert.match(await mock.ca(), /^-----BEGIN CERTIFICATE-----/);
  });

  test('without TLS there is no CA', async (t) => {
    const mock = await startMock({ bin });
    t.after(() => mock.stop());
    await assert.rejects(mock.ca(), { name: 'MockError', status: 404 });
  });

  test('a binary that is not there', async () => {
    await assert.rejects(startMock({ bin: '/nowhere/jeton' }), (error) => {
      assert.ok(error instanceof MockError);
      assert.match(error.message, /there is no \/nowhere\/jeton: give bin, set JETON_BIN, or put jeton on the PATH/);
      return true;
    });
  });

  test('a configuration that is refused: what the mock says about it', async () => {
    await assert.rejects(startMock({ bin, config: { strictnes: 'strict' } }), /did not start.*strictnes/s);
  });

  const script = `
    import { startMock } from 'jeton-mock';
    const mock = await startMock({ bin: ${JSON.stringify(bin)} });
    console.log(mock.url);
  `;
  for (const [how, code, signal] of [
    ['comes to its end without stop', '', null],
    ['fails', 'throw new Error("as tests do");', null],
    ['calls process.exit', 'process.exit(0);', null],
    ['is ended by SIGTERM', 'setInterval(() => {}, 1000);', 'SIGTERM'],
    ['is interrupted', 'setInterval(() => {}, 1000);', 'SIGINT'],
    ['is killed', 'setInterval(() => {}, 1000);', 'SIGKILL'],
  ]) {
    test(`a process that ${how} takes the mock with it`, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script + code], {
        cwd: fileURLToPath(new URL('.', import.meta.url)),
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const ended = new Promise((resolve) => child.once('close', (_, by) => resolve(by)));
      const url = await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
      if (signal) {
        assert.equal(await isUp(url), true);
        child.kill(signal);
      }
      assert.equal(await ended, signal);
      assert.ok(await until(async () => !(await isUp(url))));
    });
  }
});

describe('connectMock', () => {
  test('finds a mock that runs; stop leaves it running', async (t) => {
    const own = await startMock({ bin });
    t.after(() => own.stop());
    const mock = await connectMock(`${own.url}/`);
    assert.equal(mock.url, own.url);
    const issuer = await mock.issuer();
    assert.equal((await get(issuer.discoveryUrl)).issuer, issuer.url);
    await mock.stop();
    assert.equal(await isUp(own.url), true);
  });

  test('nobody there', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await assert.rejects(connectMock(url), {
      name: 'MockError',
      status: undefined,
      message: new RegExp(`^GET ${url}/_mock/issuers: no answer: .*ECONNREFUSED`),
    });
  });
});

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
