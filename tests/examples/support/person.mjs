// A person with a browser that has no scripts: it keeps cookies, follows redirects, and presses buttons.

import assert from 'node:assert/strict';
import { formsOf } from '../../mock/support/browser.mjs';

export class Person {
  /** By host, as browsers have them, whatever the port. */
  #cookies = new Map();

  /** Goes there and wherever that leads: the page at the end, `{ url, status, text, headers }`. */
  async open(url, form) {
    let next = { url: new URL(url), form };
    for (let step = 0; step < 20; step += 1) {
      const response = await this.#ask(next);
      const to = response.headers.get('location');
      const { status, headers } = response;
      if (status < 300 || status > 399 || !to) return { url: next.url, status, headers, text: await response.text() };
      next = { url: new URL(to, next.url) };
    }
    throw new Error(`no end after 20 steps, at ${next.url}`);
  }

  /** Presses the button with that text, or a name that begins with it. */
  async press(page, label, fields = {}) {
    const isIt = ({ text }) => text === label || text.startsWith(`${label} `);
    const form = formsOf(page.text).find(({ buttons }) => buttons.some(isIt));
    assert.ok(form, `no button ${label} in ${page.text}`);
    const { name, value = '' } = form.buttons.find(isIt);
    const values = { ...form.fields, ...fields, ...(name && { [name]: value }) };
    const action = new URL(form.action ?? page.url, page.url);
    if (form.method?.toLowerCase() === 'post') return this.open(action, values);
    action.search = new URLSearchParams(values);
    return this.open(action);
  }

  async #ask({ url, form }) {
    const jar = this.#cookies.get(url.hostname) ?? new Map();
    this.#cookies.set(url.hostname, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { ...(cookie && { cookie }), ...(form && { origin: url.origin }) },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/; *max-age=0(;|$)/i.test(line) || value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }
}
