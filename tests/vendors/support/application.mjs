// Where logins come back to that an SDK begins in a server: a person without scripts, and what arrives.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Person } from '../../examples/support/person.mjs';
import { formsOf } from '../../mock/support/browser.mjs';

/** A server of `listener` (express's application, say), else of an empty page; it ends with `cleanup`. Its origin. */
export async function serve(cleanup, listener = (_, response) => response.end('There.')) {
  const server = createServer(listener);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${server.address().port}`;
}

/** Logs in at that address, as anybody would without scripts: the page at the end of the way. */
export async function logIn(url, { person = new Person(), user = 'alice' } = {}) {
  const page = await submitted(person, await person.press(await person.open(url), user));
  assert.equal(page.status, 200, `${page.url}: ${page.text}`);
  return page;
}

/** What `response_mode=form_post` shows to a browser without scripts: a form to send on. */
export async function submitted(person, page) {
  const [form] = formsOf(page.text);
  const isFormPost = form?.fields.state !== undefined && (form.fields.code ?? form.fields.id_token) !== undefined;
  return isFormPost ? person.open(form.action, form.fields) : page;
}

/** The parameters that a login came back with. */
export async function codeFor(url, options) {
  const page = await logIn(url, options);
  const parameters = Object.fromEntries(page.url.searchParams);
  assert.ok(parameters.code, page.url.href);
  return parameters;
}

/** Lets a device in, or not, from the page that it names. */
export async function approve(url, userCode, decision = 'Approve') {
  const person = new Person();
  let page = await person.open(url);
  for (let step = 0; step < 4; step += 1) {
    const labels = formsOf(page.text).flatMap(({ buttons }) => buttons.map(({ text }) => text));
    const isThere = (label) => labels.some((text) => text === label || text.startsWith(`${label} `));
    if (isThere(decision) && isThere('Approve')) return person.press(page, decision);
    page = await (isThere('alice')
      ? person.press(page, 'alice')
      : person.press(page, 'Continue', { user_code: userCode }));
  }
  return assert.fail(`no page asks for the decision: ${page.text}`);
}
