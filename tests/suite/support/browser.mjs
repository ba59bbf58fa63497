// A browser without scripts: follows redirects, keeps cookies by host, fills forms.

/** A person at a browser. */
export class Browser {
  #cookies = new Map();

  /** Goes to `url` and on, filling each form with `answers`, until an address starts with `end`. */
  async visit(url, { end, answers = { username: 'alice', password: 'wonderland' }, button } = {}) {
    let next = { url, method: 'GET' };
    for (let step = 0; step < 20; step += 1) {
      const response = await this.#send(next);
      const location = response.headers.get('location');
      if (response.status >= 300 && response.status < 400 && location) {
        const to = new URL(location, next.url).href;
        if (end && to.startsWith(end)) return { url: new URL(to) };
        next = { url: to, method: 'GET' };
        continue;
      }
      const text = await response.text();
      const form = parseForm(text);
      if (!form) return { url: new URL(next.url), status: response.status, text };
      const action = new URL(unescaped(form.action ?? next.url), next.url).href;
      const fields = new URLSearchParams(form.fields.map(({ name, value }) => [name, answers[name] ?? value]));
      if (end && action.startsWith(end)) return { url: new URL(action), form: fields };
      const pressed = form.buttons.find(({ value }) => value === button);
      if (pressed) fields.set(pressed.name, pressed.value);
      next = { url: action, method: 'POST', body: fields };
    }
    throw new Error(`no end after 20 steps, at ${next.url}`);
  }

  async #send({ url, method, body }) {
    const { hostname } = new URL(url);
    const jar = this.#cookies.get(hostname) ?? new Map();
    this.#cookies.set(hostname, jar);
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url, { method, body, redirect: 'manual', headers: cookie ? { cookie } : {} });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/);
      if (/max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }
}

const attribute = (tag, name) => unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]);
const unescaped = (text) =>
  text
    ?.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code))
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');

function parseForm(html) {
  const [, tag, inside] = /<form([^>]*)>([\s\S]*?)<\/form>/.exec(html) ?? [];
  if (inside === undefined) return undefined;
  const inputs = [...inside.matchAll(/<(?:input|textarea)[^>]*>/g)].map(([text]) => ({
    name: attribute(text, 'name'),
    value: attribute(text, 'value') ?? '',
  }));
  const buttons = [...inside.matchAll(/<button[^>]*>/g)].map(([text]) => ({
    name: attribute(text, 'name'),
    value: attribute(text, 'value') ?? '',
  }));
  return { action: attribute(tag, 'action'), fields: inputs.filter(({ name }) => name), buttons };
}
