// What is asked of the authorization server.

const TIMEOUT = 10_000;
const LARGEST = 256 * 1024;
const CLOCK_TOLERANCE = 30;

/** No answer, or none that is of use; `about` is that of the refusal it becomes. */
export class Failure extends Error {
  constructor(detail, fault = 'server', retryAfter) {
    super(detail);
    this.about = { detail, fault, retryAfter };
  }
}

/** Whether a URL may be asked: http only where nobody is in between. */
export function isSafe(url) {
  const { protocol, hostname } = parsed(url);
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname));
}

/** A URL, or nothing of one. */
export function parsed(url) {
  try {
    return new URL(url);
  } catch {
    return {};
  }
}

/** The object that JSON is, if it is one; of bytes, by the decoder. */
export function object(text, decoder) {
  try {
    const value = JSON.parse(decoder ? decoder.decode(text) : text);
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** The authorization server, as far as JSON comes from it. */
export function serverOf(fetch, clock) {
  const self = {
    /** What an error says of the clocks, where they differ. */
    clocks: '',

    /** The object that is answered with 200. */
    async json(url, init) {
      if (!isSafe(url)) throw new Failure('a URL is not https');
      const { status, headers, text } = await answered(fetch, url, init);
      self.clocks = compared(clock(), headers);
      if (status !== 200) {
        throw new Failure(`it answered ${status}`, 'server', seconds(headers.get('retry-after')));
      }
      const answer = object(text);
      if (!answer) throw new Failure('it answered no JSON object');
      return answer;
    },
  };
  return self;
}

async function answered(fetch, url, init) {
  try {
    // Workers know no `redirect: 'error'`.
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT) });
    return { status: response.status, headers: response.headers, text: await limited(response.body) };
  } catch (error) {
    if (error instanceof Failure) throw error;
    // Not as a cause: what a transport throws may hold the request.
    const code = error?.cause?.code ?? error?.name;
    throw new Failure(/^\w{1,40}$/.test(code) ? code : 'no answer', 'network');
  }
}

function limited(body) {
  let size = 0;
  const limit = {
    transform(chunk, to) {
      size += chunk.length;
      if (size > LARGEST) throw new Failure('its answer is too large');
      to.enqueue(chunk);
    },
  };
  return new Response(body?.pipeThrough(new TransformStream(limit))).text();
}

/** `Age` is how long a cache in between has kept the answer. */
function compared(now, headers) {
  const ahead = Math.round(now - Date.parse(headers.get('date')) / 1000 - headers.get('age'));
  if (!(Math.abs(ahead) > CLOCK_TOLERANCE)) return '';
  return `the clock here is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} the server's`;
}

/** `Retry-After` in seconds; as a date it is not worth its code. */
const seconds = (text) => (/^\d{1,5}$/.test(text) ? Number(text) : undefined);
