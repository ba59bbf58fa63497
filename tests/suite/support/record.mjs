// Every answer of a run with what is random in it masked, so that two runs can be compared: set
// `JETON_RECORD` to a file. Lines are in no order that means anything; sort them before comparing.

import { appendFileSync } from 'node:fs';

const file = process.env.JETON_RECORD;

/** What differs between two runs of the same code, and what stands for it. */
const RANDOM = [
  [/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, '<jwt>'],
  [/(?<![\w-])j[a-z]{2}_[\w-]+/gi, '<token>'],
  [/(?<![\w-])(?=[\w-]*[A-Z\d])[\w-]{44,}/g, '<long>'],
  [/http(s?):\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+/g, 'http$1://$2:<port>'],
  [/http(s?)%3A%2F%2F(127\.0\.0\.1|localhost|%5B%3A%3A1%5D)%3A\d+/g, 'http$1%3A%2F%2F$2%3A<port>'],
  [/jeton-(browser|refresh)-[\w-]{16}=[\w-]*/g, 'jeton-$1-<name>=<value>'],
  [/\b(state|code_verifier|user_code|client_secret)=[^&"]*/g, '$1=<value>'],
  [/(?<![\w-])(?=[\w-]*[A-Z\d])[\w-]{43}(?![\w-])/g, '<43>'],
  [/(?<![\w-])(?=[\w-]*[A-Z\d])[\w-]{22}(?![\w-])/g, '<22>'],
  [/\b[BCDFGHJKLMNPQRSTVWXZ]{4}-?[BCDFGHJKLMNPQRSTVWXZ]{4}\b/gi, '<user code>'],
  [/\b1[789]\d{8}\b/g, '<time>'],
  [/Basic [\w+/=%-]+/g, 'Basic <credentials>'],
];

/** What the transport adds, differently on each host. */
const OF_TRANSPORT = ['connection', 'content-length', 'date', 'host', 'keep-alive', 'transfer-encoding', 'user-agent'];

const masked = (text) => RANDOM.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), text);

function headerLines(headers) {
  return Object.entries(headers)
    .filter(([name]) => !OF_TRANSPORT.includes(name.toLowerCase()))
    .map(([name, value]) => `${name.toLowerCase()}: ${masked(String(value))}`)
    .sort();
}

/** Notes one exchange. */
export function record(request, response) {
  if (!file) return;
  const body = request.body === undefined ? '' : masked(Buffer.from(request.body).subarray(0, 4096).toString());
  const line = {
    request: `${request.method} ${masked(request.path)}`,
    sent: [...headerLines(request.headers ?? {}), body],
    status: response.status,
    headers: headerLines(response.headers),
    body: masked(response.text),
  };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}
