// As much of a browser's reading of HTML as the pages need.

import assert from 'node:assert/strict';

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const unescaped = (text) =>
  text.replace(/&([^;]*);/g, (entity, name) => ENTITIES[name] ?? assert.fail(`unknown ${entity}`));

function attributes(tag) {
  const found = {};
  for (const [, name, value] of tag.matchAll(/([\w-]+)="([^"]*)"/g)) found[name] = unescaped(value);
  return found;
}

/** The one form of a page: `{ method, action, fields, buttons: [{ name, value }] }`. */
export function formOf(html) {
  const forms = [...html.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)];
  assert.equal(forms.length, 1, html);
  const [, head, body] = forms[0];
  const inputs = [...body.matchAll(/<input([^>]*)>/g)].map(([, tag]) => attributes(tag));
  const buttons = [...body.matchAll(/<button([^>]*)>/g)].map(([, tag]) => attributes(tag));
  return {
    ...attributes(head),
    fields: Object.fromEntries(inputs.map(({ name, value }) => [name, value])),
    buttons: buttons.filter((button) => button.name),
  };
}

/** A page for a person: nothing foreign runs in it, frames it, or learns its address. */
export function isPage(response, status = 200, { framedBy = "'none'" } = {}) {
  assert.equal(response.status, status, response.text);
  assert.equal(response.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(response.headers['cache-control'], 'no-store');
  // Under no-referrer a form on the page would be of the origin `null`.
  assert.equal(response.headers['referrer-policy'], 'same-origin');
  assert.equal(response.headers['x-content-type-options'], 'nosniff');
  assert.equal(response.headers.location, undefined);
  const policy = policyOf(response);
  assert.equal(policy['default-src'], "'none'");
  assert.equal(policy['frame-ancestors'], framedBy);
  assert.equal(policy['base-uri'], "'none'");
  assert.ok(!/'unsafe-inline'|'unsafe-eval'|\*/.test(response.headers['content-security-policy']));
  // The style sheet is no text of the page, and what stands around it is the host's own. The mock's visitors are
  // developers: its pages repeat what was sent, and lead to the request.
  return response.text
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<header>.*?<\/header>/s, '')
    .replace(/<dt>Value<\/dt><dd>.*?<\/dd>/s, '')
    .replace(/<br><a href="[^"]*\/debugger\/journal\/[^>]*>.*?<\/a>/, '');
}

/** A page without the id of its request, by which two of the same differ. */
export const withoutReference = (text) => text.replace(/Reference: <code>.*?<\/code>/, '');

/** Content-Security-Policy as `{ directive: values }`. */
export const policyOf = (response) =>
  Object.fromEntries(
    response.headers['content-security-policy'].split(';').map((directive) => {
      const [name, ...values] = directive.trim().split(' ');
      return [name, values.join(' ')];
    }),
  );
