// A browser without scripts: it keeps cookies by host and path, follows redirects, sends forms.

import assert from 'node:assert/strict';
import { encode, send, submit } from './http.mjs';

export class Browser {
  /** `{ name, value, host, path }` each. */
  cookies = [];

  constructor(mock, { headers = {} } = {}) {
    this.mock = mock;
    this.headers = headers;
    /** Every address it asked. */
    this.visited = [];
  }

  /** Goes to `url` and on until it is told to leave for `until`, or shown a page. */
  async open(url, { until, form } = {}) {
    let next = { url, form };
    for (let step = 0; step < 20; step += 1) {
      const response = await this.#ask(next);
      const { location } = response.headers;
      if (!location || response.status < 300 || response.status > 399) return { url: new URL(next.url), response };
      const to = new URL(location, next.url);
      if (until && to.href.startsWith(until)) return { arrived: to, response };
      assert.equal(Number(to.port), this.mock.port, `sent to a stranger: ${to}`);
      next = { url: to.href };
    }
    throw new Error(`no end after 20 steps, at ${next.url}`);
  }

  /** Presses the button with that label of a page, or of `form`; without a label, the form’s own submit button. */
  press({ url, response }, { label, fields = {}, form, until }) {
    const found =
      form ?? formsOf(response.text).find(({ buttons }) => buttons.some((button) => matches(button, label)));
    assert.ok(found, `no button ${label} in ${response.text}`);
    const button = label === undefined ? undefined : found.buttons.find((one) => matches(one, label));
    const values = { ...found.fields, ...fields, ...(button?.name ? { [button.name]: button.value ?? '' } : {}) };
    const action = new URL(button?.formaction ?? found.action ?? url.href, url);
    if ((found.method ?? 'get').toLowerCase() === 'get') {
      action.search = encode(values);
      return this.open(action.href, { until });
    }
    return this.open(action.href, { form: values, until });
  }

  async #ask({ url, form }) {
    this.visited.push(url);
    const { hostname, pathname, origin } = new URL(url);
    const cookie = this.cookies
      .filter((one) => one.host === hostname && within(pathname, one.path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const headers = { ...this.headers, ...(cookie ? { cookie } : {}), ...(form ? { origin } : {}) };
    const response = form ? await submit(url, form, { headers }) : await send(url, { headers });
    for (const line of [response.headers['set-cookie'] ?? []].flat()) this.#keep(new URL(url), line);
    return response;
  }

  #keep({ hostname, pathname, protocol }, line) {
    const [pair, ...attributes] = line.split(/; */);
    const [, name, value] = pair.match(/^([^=]*)=(.*)$/);
    const attribute = (wanted) => attributes.find((one) => one.toLowerCase().startsWith(wanted))?.split('=')[1];
    const path = attribute('path') ?? pathname.replace(/\/[^/]*$/, '');
    this.cookies = this.cookies.filter((one) => one.name !== name || one.host !== hostname || one.path !== path);
    if (attribute('max-age') === '0') return;
    // RFC 6265bis §5.7: no scheme that anybody can listen to.
    if (protocol === 'http:' && attributes.some((one) => /^secure$/i.test(one))) return;
    this.cookies.push({ name, value, host: hostname, path });
  }
}

const within = (pathname, path) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
const matches = (button, label) =>
  label instanceof RegExp
    ? label.test(button.text) || label.test(button.value ?? '')
    : button.text === label || button.value === label;

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'", nbsp: '\u00a0' };
export const unescaped = (text) => text.replace(/&([#\w]+);/g, (entity, name) => ENTITIES[name] ?? entity);

function attributes(tag) {
  const found = {};
  for (const [, name, , value] of tag.matchAll(/([\w-]+)(="([^"]*)")?/g)) found[name] = unescaped(value ?? '');
  return found;
}

/** Every form of a page: `{ action, method, fields, buttons: [{ name, value, text }] }`. */
export function formsOf(html) {
  return [...html.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)].map(([, head, body]) => {
    const inputs = [...body.matchAll(/<input([^>]*)>/g)].map(([, tag]) => attributes(tag));
    const areas = [...body.matchAll(/<textarea([^>]*)>(.*?)<\/textarea>/gs)].map(([, tag, text]) => ({
      ...attributes(tag),
      value: unescaped(text),
    }));
    const buttons = [...body.matchAll(/<button([^>]*)>(.*?)<\/button>/gs)].map(([, tag, text]) => ({
      ...attributes(tag),
      text: unescaped(text.replace(/<[^>]*>/g, '')).trim(),
    }));
    const pairs = [...inputs, ...areas].filter(
      ({ name, type }) => name && !['checkbox', 'radio', 'submit'].includes(type),
    );
    return {
      ...attributes(head),
      fields: Object.fromEntries(pairs.map(({ name, value }) => [name, value ?? ''])),
      inputs,
      areas,
      buttons,
    };
  });
}
