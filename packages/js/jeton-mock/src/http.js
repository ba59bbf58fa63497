// One request, and what an answer that was not hoped for is turned into.

// Taken before a test stubs or intercepts it: the mock is what is real in a test.
const { fetch } = globalThis;

/** An answer that was not hoped for: the mock's refusal, an OAuth error, or none at all. */
export class MockError extends Error {
  name = 'MockError';

  /** @param {{ status?: number, error?: string, error_description?: string, cause?: unknown }} about */
  constructor(message, { status, error, error_description, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.error = error;
    this.error_description = error_description;
  }
}

/** Any answer: `{ status, headers, text, what }`. Redirects are answers. */
export async function send(url, { method = 'GET', ...options } = {}) {
  const what = `${method} ${url}`;
  try {
    const response = await fetch(url, { method, redirect: 'manual', ...options });
    return { what, status: response.status, headers: response.headers, text: await response.text() };
  } catch (cause) {
    throw new MockError(`${what}: no answer: ${cause.cause?.message || cause.cause?.code || cause.message}`, { cause });
  }
}

/** The JSON of an answer that must be a good one; nothing of an empty one. */
export function json({ what, status, headers, text }) {
  const body = parse(text);
  if (status < 200 || status > 299) {
    const { error, error_description } = body ?? {};
    const said = error === undefined ? excerpt(headers, text) : [error, error_description].filter(Boolean).join(': ');
    throw new MockError(`${what}: ${status} ${said}`, { status, error, error_description });
  }
  if (status !== 204 && body === undefined) {
    throw new MockError(`${what}: ${status}, but no JSON: ${excerpt(headers, text)}`, { status });
  }
  return body;
}

/** What a page or a broken answer says, on one line. */
export function excerpt(headers, text) {
  const words = text
    .replace(/<style.*?<\/style>|<[^>]*>/gs, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return `${headers.get('content-type') ?? 'no content type'}: ${words.slice(0, 200) || '(empty)'}`;
}

/** A query or a form; what has no value is left out, a list is a parameter that often. */
export const encode = (parameters) =>
  new URLSearchParams(
    Object.entries(parameters)
      .filter(([, value]) => value !== undefined && value !== null)
      .flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)])),
  );

const MISNAMED = /^(?:client|redirect|grant|login)[A-Z]/;

/** OAuth's names go out as they are, so one of JavaScript's would go out unheard. */
export function named(parameters) {
  for (const name of Object.keys(parameters).filter((name) => MISNAMED.test(name))) {
    const expected = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    throw new TypeError(`${name}: expected ${expected}; what OAuth names keeps its name`);
  }
  return parameters;
}

/** With a query, if there is any. */
export const address = (url, query = {}) => `${url}?${encode(query)}`.replace(/\?$/, '');

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
