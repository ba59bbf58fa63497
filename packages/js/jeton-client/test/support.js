import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { startMock } from '../../jeton-mock/index.js';

const bin = process.env.JETON_BIN ?? fileURLToPath(new URL('../../../../target/suite/jeton', import.meta.url));

/** `jeton mock`, until the process ends. */
export const mock = () => startMock({ bin });

/** What the other tests of this repository have installed. */
export const toolOf = createRequire(new URL('../../../../tests/package.json', import.meta.url));

export const ISSUER = 'https://tokens.example';

/**
 * An authorization server that is a function: `fetch` of a client, `asked`, what of it was asked, and `answers`, the
 * next ones of its token endpoint in place of the usual; `hold` holds up its metadata.
 */
export function server({ lifetime = 300, ...metadata } = {}) {
  const it = {
    metadata: { issuer: ISSUER, token_endpoint: `${ISSUER}/token`, ...metadata },
    asked: [],
    answers: [],
    tokens: 0,
    async fetch(input, init) {
      const request = new Request(input, init);
      const { pathname } = new URL(request.url);
      if (pathname.startsWith('/.well-known/')) {
        await it.hold?.();
        return Response.json(it.metadata);
      }
      const form = Object.fromEntries(new URLSearchParams(await request.text()));
      it.asked.push({ pathname, form, headers: request.headers, signal: request.signal });
      if (pathname === '/revoke') return new Response('');
      const answer = await (it.answers.shift() ?? it.usual)();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async usual() {
      it.tokens += 1;
      return Response.json({ access_token: `token-${it.tokens}`, token_type: 'Bearer', expires_in: lifetime });
    },
  };
  return it;
}

export const refusal = (status, error, more) => Response.json({ error, ...more }, { status });

/** A clock that stands until it is moved, in seconds. */
export function clock() {
  let now = 1_800_000_000;
  return { now: () => now * 1000, advance: (seconds) => (now += seconds) };
}

/** An HTTP server of this test; resolves to its origin. */
export async function listen(t, act) {
  const listening = createServer(act);
  await new Promise((resolve) => listening.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return `http://127.0.0.1:${listening.address().port}`;
}
