// Requests of node:http, as Express and Fastify have them.

import { once } from './once.js';

/** The claims of one whose token holds; `url` is its target as it came. */
export async function verified(api, request, raw, url, need) {
  return once(api, raw, need, async () => {
    const certificate = await api.certificate(request, () => raw.socket?.getPeerCertificate?.()?.raw);
    const dpop = values(raw, 'dpop');
    return api.verify(values(raw, 'authorization'), { method: raw.method, url, dpop, certificate }, need);
  });
}

/** Every value of a header. `headers` keeps but the first `Authorization`, and joins other headers. */
function values({ rawHeaders = [], headers }, name) {
  const found = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1].toLowerCase() === name);
  return found.length > 0 ? found : headers[name];
}
