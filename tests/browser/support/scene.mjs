// One scene: an issuer, an application and a browser that nobody else uses.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as openid from 'openid-client';
import { launch } from '../../hosts/native.mjs';
import { startApplication } from './app.mjs';
import { newPage, unless } from './chromium.mjs';

let started;
after(async () => (await started)?.stop());

export async function theMock() {
  started ??= launch('mock', ['mock'], {});
  const { url, stop } = await started;
  return { origin: `http://localhost:${new URL(url).port}`, stop };
}

let scenes = 0;

/**
 * A test of `act({ page, app, issuer, control, … })`. `browser`: options of the browser; `client`: of the
 * application, as its `clientId`; `seed`: what the issuer is made with.
 */
export function scene(name, { browser, client, seed, skip = unless.skip } = {}, act) {
  test(name, { skip }, async (t) => {
    const mock = await theMock();
    scenes += 1;
    const issuerName = `scene-${process.pid}-${scenes}`;
    const issuer = `${mock.origin}/${issuerName}`;
    const control = (method, path, body, query) => controlled(mock.origin, issuerName, method, path, body, query);
    if (seed) await control('PUT', 'issuer', seed);
    const app = await startApplication(t, { issuer, ...client });
    const origins = [mock.origin, app];
    const { page, behaved, release, close } = await newPage({ origins, ...browser });
    try {
      await act({
        t,
        mock: mock.origin,
        issuer,
        issuerName,
        app,
        page,
        control,
        mayReach: (origin) => origins.push(origin),
      });
      behaved();
    } catch (error) {
      await close();
      throw error;
    }
    release();
  });
}

/** A call of the control API about one issuer. */
async function controlled(origin, issuer, method, path, body, query = {}) {
  const response = await fetch(`${origin}/_mock/${path}?${new URLSearchParams({ issuer, ...query })}`, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** What the application shows of a login: `{ claims, userinfo, scope }`, once it is through. */
export async function loggedIn(page, app) {
  assert.match(await arrived(page, app), /^Logged in as/);
  return shown(page);
}

/** What the application shows of a failure. */
export async function failed(page, app) {
  assert.equal(await arrived(page, app), 'Login failed');
  return shown(page);
}

/** Waits until the browser is back at the application, and says what it reads there. */
async function arrived(page, app) {
  const heading = page.getByRole('heading', { level: 1, name: /^(Login failed|Logged in as)/ });
  await heading.waitFor();
  assert.equal(new URL(page.url()).origin, app);
  return heading.innerText();
}

export const shown = async (page) => JSON.parse(await page.locator('pre').textContent());

/** A device authorization of `tv`, which the library may poll without waiting. */
export async function deviceOf(issuer) {
  const config = await openid.discovery(new URL(issuer), 'tv', undefined, openid.None(), {
    execute: [openid.allowInsecureRequests],
  });
  const device = await openid.initiateDeviceAuthorization(config, { scope: 'openid profile' });
  return { ...device, interval: 0, config };
}
