// `fetch` with an access token.

import * as oauth from 'oauth4webapi';

/**
 * A `fetch` whose requests bear a token. A refused token is replaced once and a nonce heeded once, where the body
 * can be sent again; to another origin no redirect takes the token.
 *
 * @param renewalOf yields where the tokens come from
 */
export function bearing(connection, renewalOf) {
  return (input, init) => call(new Request(input, init), !isStream(init?.body), 20);

  async function call(request, again, redirects) {
    // A browser shows nobody where a redirect leads. It follows by itself, and takes the token off by itself.
    const follow = request.redirect === 'follow' && !globalThis.location;
    const response = await accepted(connection, renewalOf(), request, again, follow ? 'manual' : request.redirect);
    const next = follow && (await redirected(request, response));
    // What was kept of the body for another attempt.
    if (!request.bodyUsed) drop(request);
    if (!next) return response;
    drop(response);
    if (redirects === 0) throw new TypeError('too many redirects');
    if (new URL(next.url).origin === new URL(request.url).origin) return call(next, true, redirects - 1);
    next.headers.delete('authorization');
    next.headers.delete('cookie');
    return connection.fetch(next);
  }
}

/** The answer to a request whose token was not refused, or to the last attempt. */
async function accepted({ dpop, fetch }, { get, refuse, accept }, request, again, redirect) {
  const { method, signal, url } = request;
  const own = new Headers(request.headers);
  own.delete('authorization');
  let token = await get(signal);
  for (let tokens = 1, nonces = 1; ; ) {
    let wantsNonce = false;
    const response = await oauth
      .protectedResourceRequest(token.access_token, method, new URL(url), own, null, {
        DPoP: token.token_type === 'DPoP' ? dpop : undefined,
        [oauth.allowInsecureRequests]: true,
        [oauth.customFetch]: (_, { headers }) =>
          fetch(new Request(again ? request.clone() : request, { headers, redirect })),
      })
      // A challenge is thrown, with the answer that it is of.
      .catch((error) => {
        wantsNonce = oauth.isDPoPNonceError(error);
        return error?.response ?? Promise.reject(error);
      });
    if (response.status !== 401) {
      accept();
      return response;
    }
    const other = wantsNonce ? nonces-- > 0 : refuse(token) && tokens-- > 0;
    if (!other || !again) return response;
    drop(response);
    if (!wantsNonce) token = await get(signal);
  }
}

/** The request that an answer redirects to (Fetch standard, HTTP-redirect fetch). */
async function redirected(request, { status, headers: said }) {
  const location = said.get('location');
  if (!/^30[12378]$/.test(status) || !location) return undefined;
  const { method, signal } = request;
  const headers = new Headers(request.headers);
  const becomesGet = status === 303 ? method !== 'HEAD' : status < 303 && method === 'POST';
  if (becomesGet) headers.delete('content-type');
  const body = becomesGet || !request.body ? undefined : await request.arrayBuffer();
  return new Request(new URL(location, request.url), { method: becomesGet ? 'GET' : method, headers, body, signal });
}

/** Nobody reads it. */
const drop = ({ body }) => body?.cancel().catch(() => {});

/** Whether it can be sent only once. */
const isStream = (body) => body?.[Symbol.asyncIterator];
