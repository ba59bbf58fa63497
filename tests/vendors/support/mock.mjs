// The one mock that plays every vendor, by http and https on one port, and Node's trust in its certificate.

import { after } from 'node:test';
import tls from 'node:tls';
import { start } from '../../mock/support/process.mjs';

let started;
let stop;
after(() => stop?.());

/** The mock, started by the first who asks: `{ http, https, ca, control }`. */
export const theMock = () => (started ??= launch());

async function launch() {
  const config = { https: true, trust_host: true };
  // It is for all rows, not for the one that asks for it first.
  const t = {
    after(end) {
      stop = end;
    },
  };
  const mock = await start({ t, config, args: ['--profile', 'auth0'] });
  const ca = (await mock.send('/_mock/ca.pem')).text;
  trust(ca);
  return {
    /** The origins: issuers are what the request says (`trust_host`), so each of the two is an issuer's. */
    http: `http://localhost:${mock.port}`,
    https: `https://localhost:${mock.port}`,
    ca,
    issuer: mock.at,
  };
}

/**
 * What NODE_EXTRA_CA_CERTS does for a process that is started after the mock: this one is not, and the SDKs bring
 * several clients of HTTP.
 */
function trust(ca) {
  const { createSecureContext } = tls;
  tls.createSecureContext = (options) => {
    const made = createSecureContext(options);
    made.context.addCACert(ca);
    return made;
  };
}
