// The mock's pages as a person knows them: every control by its role and its accessible name.

export const loginPage = (page) => ({
  heading: page.getByRole('heading', { level: 1, name: 'Log in', exact: true }),
  user: (name) => page.getByRole('button', { name, exact: true }),
  subject: page.getByRole('textbox', { name: 'Subject', exact: true }),
  claims: page.getByRole('textbox', { name: 'Claims (JSON)', exact: true }),
  logIn: page.getByRole('button', { name: 'Log in', exact: true }),
  deny: page.getByRole('button', { name: 'Deny', exact: true }),
  error: (code) => page.getByRole('button', { name: code, exact: true }),
  alert: page.getByRole('alert'),
});

export const consentPage = (page) => ({
  scope: (name) => page.getByRole('checkbox', { name, exact: true }),
  allow: page.getByRole('button', { name: 'Allow', exact: true }),
  deny: page.getByRole('button', { name: 'Deny', exact: true }),
});

export const devicePage = (page) => ({
  code: page.getByRole('textbox', { name: /code/i }),
  next: page.getByRole('button', { name: 'Continue', exact: true }),
  approve: page.getByRole('button', { name: 'Approve', exact: true }),
  deny: page.getByRole('button', { name: 'Deny', exact: true }),
  alert: page.getByRole('alert'),
});
