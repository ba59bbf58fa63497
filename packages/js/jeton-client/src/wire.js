// One request to the authorization server and its answer, which is small, on time and no redirect.

import { ClientError, fail } from './error.js';

const LARGEST = 256 * 1024;
/** Seconds: whoever says more is asked after that. */
const LONGEST_PAUSE = 3600;

/** Throws where it is neither TLS nor a host that no network lies before. */
export function checkSecure(address, fault, code, what) {
  const { protocol, hostname } = URL.canParse(address) ? new URL(address) : {};
  if (protocol !== 'https:' && !(protocol === 'http:' && /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname))) {
    fail(fault, code, `${what} is no https URL, nor of this machine`);
  }
}

/** The answer, read to its end within `timeout` milliseconds. */
export async function send(fetch, url, init, timeout = 10_000) {
  const { host } = new URL(url);
  const signal = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, { ...init, signal });
    const { status, headers } = response;
    // Nobody has said that where it leads is the server's. A browser does not even show it, and says 0.
    if (status < 200 || (status > 299 && status < 400)) fail('server', 'invalid_response', 'the answer is a redirect');
    return new Response((await text(response)) || null, { status, headers });
  } catch (error) {
    if (error instanceof ClientError) throw error;
    if (signal.aborted) fail('network', 'timeout', `no answer of ${host} within ${timeout} ms`);
    // Of foreign errors only what cannot hold a value of ours.
    const code = error?.cause?.code ?? error?.code;
    return fail('network', 'unreachable', `no answer of ${host}${/^[A-Z_]+$/.test(code) ? `: ${code}` : ''}`);
  }
}

async function text({ body }) {
  let size = 0;
  const limit = {
    transform(chunk, to) {
      size += chunk.length;
      if (size > LARGEST) fail('server', 'invalid_response', 'the answer has more than 256 kB');
      to.enqueue(chunk);
    },
  };
  return new Response(body?.pipeThrough(new TransformStream(limit))).text();
}

const WORDS = [
  ['token', /^(expired_token|invalid_grant)$/],
  // The last three are steps of a protocol, from which whoever made the request goes on.
  ['server', /^(server_error|temporarily_unavailable|authorization_pending|slow_down|use_dpop_nonce)$/],
  [
    'caller',
    /^(access_denied|unauthorized_client|unsupported_grant_type|invalid_(client|dpop_proof|request|scope|target))$/,
  ],
];

/** What an error of RFC 6749 means, of an endpoint or in a redirect. */
export function refusalOf(said, about) {
  const { status } = about;
  let [fault] = WORDS.find(([, words]) => words.test(said)) ?? [];
  let code = said === 'invalid_dpop_proof' ? 'invalid_request' : said;
  if (!fault || status === 429) {
    fault = 'server';
    code = status > 499 ? 'server_error' : 'invalid_response';
    if (status === 429) code = 'rate_limited';
    if (status === 503) code = 'temporarily_unavailable';
  }
  return new ClientError(fault, code, `the server answers: ${code}`, about);
}

/** What an answer that is no 200 means. `sent` are the values that no error may hold; `now` is in seconds. */
export async function refusal(response, sent, now) {
  const { status, headers } = response;
  const { error, error_description } = (await response.json().catch(() => {})) ?? {};
  const about = { status, description: printable(error_description, sent) };
  const later = headers.get('retry-after');
  const seconds = Math.ceil(later > 0 ? later : Date.parse(later) / 1000 - now);
  if (seconds > 0) about.retry_after = Math.min(seconds, LONGEST_PAUSE);
  return refusalOf(error, about);
}

/** Says so where the server's clock and ours are further apart than what was refused may bear. */
export function withClock(error, headers, now) {
  const off = Math.round(now - Date.parse(headers.get('date')) / 1000);
  const side = off > 0 ? 'ahead of' : 'behind';
  if (Math.abs(off) > 30) error.message += ` (the clock here is ${Math.abs(off)} s ${side} the server's)`;
  return error;
}

/** What RFC 6749 §5.2 lets a description be, without what was sent, be that as it is or as a form has it. */
export const printable = (text, sent) =>
  typeof text === 'string' &&
  /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,500}$/.test(text) &&
  !sent.some((value) => text.includes(value) || text.includes(encodeURIComponent(value)))
    ? text
    : undefined;

/** The same answer, in which what is null is absent. */
export const withoutNulls = async (response) =>
  Response.json(
    JSON.parse(await response.text(), (_, value) => value ?? undefined),
    response,
  );

const SECRET = /(assertion|code|secret|token|verifier)$/;

/** Everything in a request that nobody else may see. */
export function secretsOf({ headers: { authorization = '' }, body }) {
  const [, basic = ''] = authorization.split(' ');
  const [, password = ''] = atob(basic).split(':');
  const sent = [...body].map(([name, value]) => SECRET.test(name) && value);
  return [...sent, basic, decodeURIComponent(password)].filter(Boolean);
}
