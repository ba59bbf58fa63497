// An issuer for each worker, and the application under test beside it.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test as base } from '@playwright/test';
import { connectMock } from 'jeton-mock';

export const test = base.extend({
  mock: ['http://localhost:9400', { option: true, scope: 'worker' }],

  // The application is told its issuer once, when it starts. So a worker has an issuer, and not a test.
  application: [
    async ({ mock }, use, { workerIndex }) => {
      const provider = await connectMock(mock);
      const name = `worker-${workerIndex}`;
      const { url } = await provider.issuer(name);
      const child = spawn(process.execPath, ['app.mjs'], {
        env: { ...process.env, ISSUER: url, PORT: '0' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const { value: origin } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
        if (!origin) throw new Error('the application did not start');
        await use({ origin, provider, name });
      } finally {
        child.kill();
      }
    },
    { scope: 'worker' },
  ],

  // Made anew for each test: its users, faults, clock and journal are the test's. Its keys stay.
  issuer: [async ({ application: { provider, name } }, use) => use(await provider.issuer(name)), { auto: true }],

  baseURL: async ({ application }, use) => use(application.origin),
});

export { expect } from '@playwright/test';
