// One mock for all tests, started with them.
//
// Run with:
//   npm install --save-dev jeton-mock @playwright/test
//   npx playwright test

import { defineConfig } from '@playwright/test';

const { MOCK_PORT = '9400', CHROMIUM, CI } = process.env;
const mock = `http://localhost:${MOCK_PORT}`;

export default defineConfig({
  fullyParallel: true,
  webServer: {
    command: `npx jeton-mock --port ${MOCK_PORT}`,
    url: `${mock}/health`,
    reuseExistingServer: !CI,
  },
  use: {
    mock,
    // A browser that is there already. Without, `npx playwright install chromium` downloads one.
    launchOptions: { executablePath: CHROMIUM },
  },
});
