import { expect, test } from './fixtures.mjs';

test('by a click', async ({ page, issuer }) => {
  await issuer.addUser({ sub: 'dora', name: 'Dora', id_token: { roles: ['admin'] } });
  await page.goto('/');
  await page.getByRole('link', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Dora' }).click();
  await expect(page.getByRole('heading')).toHaveText('Logged in as dora');
  await expect(page.getByText('Roles: admin')).toBeVisible();
});

test('by login_hint, without a page', async ({ page }) => {
  await page.goto('/login?login_hint=alice');
  await expect(page.getByRole('heading')).toHaveText('Logged in as alice');
});

test('whoever says no comes back', async ({ page }) => {
  await page.goto('/login');
  await page.getByRole('button', { name: 'Deny' }).click();
  await expect(page.getByRole('heading')).toHaveText('Login failed');
  await expect(page.getByText('access_denied')).toBeVisible();
});

test('a provider that is down', async ({ page, issuer }) => {
  const fault = await issuer.addFault({ fault: 'status-503', match: { endpoint: 'token' } });
  await page.goto('/login?login_hint=alice');
  await expect(page.getByRole('heading')).toHaveText('Login failed');
  expect(await fault.acted()).toBe(1);

  await fault.remove();
  await page.goto('/login?login_hint=alice');
  await expect(page.getByRole('heading')).toHaveText('Logged in as alice');
});

for (const fault of ['expired', 'wrong-key', 'wrong-nonce']) {
  test(`an ID token that is ${fault} is refused`, async ({ page, issuer }) => {
    await issuer.addFault({ fault, tokens: ['id_token'] });
    await page.goto('/login?login_hint=alice');
    await expect(page.getByRole('heading')).toHaveText('Login failed');
  });
}

test('what the application sent', async ({ page, issuer }) => {
  await page.goto('/login?login_hint=alice');
  const { parameters } = await issuer.take({ endpoint: 'authorize' });
  expect(parameters.code_challenge_method).toBe('S256');
});
