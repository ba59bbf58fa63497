// A browser without scripts: it keeps cookies, goes where it is told, sends forms, and remembers every page.

import assert from 'node:assert/strict';
import { formsOf } from '../../mock/support/browser.mjs';
import { encode, send, submit } from '../../mock/support/http.mjs';
import { collect } from './secrets.mjs';

/** Every page and answer that any browser of this run was shown: `{ url, response }`. */
export const shown = [];

export class Browser {
  /** By host, path and name, whatever the port, as browsers have them: `{ host, path, name, value }`. */
  cookies = new Map();

  /** `headers` go with every request; `reaches` are the origins of the servers that are there. */
  constructor({ headers = {}, reaches = [] } = {}) {
    this.headers = headers;
    this.reaches = reaches;
    /** Every address it asked, in order. */
    this.visited = [];
  }

  /** Another window: the same headers and servers, and a copy of the cookies if they are wanted. */
  another({ cookies = new Map(), headers = this.headers } = {}) {
    const other = new Browser({ headers, reaches: this.reaches });
    other.cookies = new Map(cookies);
    return other;
  }

  /** One request, wherever its answer points. */
  async ask(url, { form, headers = {}, method } = {}) {
    const { hostname, pathname, origin } = new URL(url);
    this.visited.push(String(url));
    const own = [...this.cookies.values()].filter(({ host, path }) => host === hostname && isWithin(pathname, path));
    const cookie = own.map(({ name, value }) => `${name}=${value}`).join('; ');
    const all = {
      accept: 'text/html',
      ...(cookie && { cookie }),
      ...(form !== undefined && { origin }),
      ...this.headers,
      ...headers,
    };
    for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name];
    const response =
      form !== undefined ? await submit(url, form, { headers: all }) : await send(url, { headers: all, method });
    for (const line of [response.headers['set-cookie'] ?? []].flat()) this.#keep(new URL(url), line);
    const sent = form && { 'content-type': 'application/x-www-form-urlencoded' };
    collect({ path: String(url), headers: { ...sent, ...all }, body: form && encode(form) }, response);
    const page = { url: new URL(url), response };
    shown.push(page);
    return page;
  }

  /**
   * Goes to `url` and on, while it is sent to servers that are there: `{ url, response }` of the page at the end, or
   * `{ arrived, url, response }` with an address of nobody, which is an application's.
   */
  async open(url, options) {
    let page = await this.ask(url, options);
    for (let step = 0; step < 20; step += 1) {
      const { location } = page.response.headers;
      if (!location || page.response.status < 300 || page.response.status > 399) return page;
      // A form is never sent on to where its answer leads.
      assert.ok([302, 303].includes(page.response.status), `${page.response.status} at ${page.url}`);
      const to = new URL(location, page.url);
      if (!this.reaches.includes(to.origin)) return { arrived: to, ...page };
      page = await this.ask(to.href, { headers: options?.headers });
    }
    throw new Error(`no end after 20 steps, at ${page.url}`);
  }

  /**
   * Presses the button of a page that leads to `action`; of several, the one of this value or text. `fields` take the
   * place of the form's own of these names.
   */
  send(page, action, { button, fields = {}, headers, without = [] } = {}) {
    const found = formsTo(page, action).find(({ buttons }) => button === undefined || buttonOf(buttons, button));
    assert.ok(found, `no button ${button ?? ''} to ${action} at ${page.url}: ${textOf(page.response)}`);
    const pressed = button === undefined ? found.buttons[0] : buttonOf(found.buttons, button);
    const checked = found.inputs.filter(({ type, checked }) => type === 'checkbox' && checked !== undefined);
    const own = [
      ...Object.entries(found.fields),
      ...checked.map(({ name, value }) => [name, value]),
      ...(pressed?.name ? [[pressed.name, pressed.value ?? '']] : []),
    ].filter(([name]) => !(name in fields) && !without.includes(name));
    const others = Object.entries(fields).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
    const to = new URL(pressed?.formaction ?? found.action ?? page.url.href, page.url);
    if ((found.method ?? 'get').toLowerCase() === 'post') {
      return this.open(to.href, { form: encode([...own, ...others]), headers });
    }
    to.search = encode([...own, ...others]);
    return this.open(to.href, { headers });
  }

  #keep({ hostname, pathname }, line) {
    const [pair, ...attributes] = line.split(/; */);
    const [, name, value] = /^([^=]*)=(.*)$/.exec(pair);
    const [, path] = /; *path=(\/[^;]*)/i.exec(line) ?? [undefined, pathname.replace(/\/[^/]*$/, '') || '/'];
    const isOver = (one) => /^max-age=0$/i.test(one) || /^expires=.*(1970|2000)/i.test(one);
    if (attributes.some(isOver)) this.cookies.delete(`${hostname} ${path} ${name}`);
    else this.setCookie(hostname, name, value, path);
  }

  /** The cookies of a host whose names have this in them, as `[name, value]`. */
  cookiesOf(hostname, part) {
    const own = [...this.cookies.values()].filter(({ host, name }) => host === hostname && name.includes(part));
    return own.map(({ name, value }) => [name, value]);
  }

  setCookie(host, name, value, path = '/') {
    this.cookies.set(`${host} ${path} ${name}`, { host, path, name, value });
  }

  /** Forgets the cookies of a host whose names have this in them. */
  forget(hostname, part) {
    for (const [key, { host, name }] of this.cookies) {
      if (host === hostname && name.includes(part)) this.cookies.delete(key);
    }
  }
}

/** RFC 6265 §5.1.4. */
const isWithin = (pathname, path) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);

const buttonOf = (buttons, wanted) =>
  buttons.find(({ text, value, name }) => text === wanted || (value === wanted && name !== undefined));

/** The forms of a page that lead to `action`, each with those of its buttons alone that do. */
export function formsTo({ url, response }, action) {
  const leads = (to) => new URL(to ?? url.href, url).pathname.endsWith(action);
  return formsOf(response.text)
    .map((form) => ({
      ...form,
      hasButtons: form.buttons.length > 0,
      buttons: form.buttons.filter(({ formaction }) => leads(formaction ?? form.action)),
    }))
    .filter(({ action: own, buttons, hasButtons }) => (hasButtons ? buttons.length > 0 : leads(own)));
}

/** What a person reads. */
export const textOf = ({ text }) =>
  text
    .replace(/<(style|title|head)[^>]*>.*?<\/\1>/gs, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
