// One process, so that the rows share a host.

import './rows/token.mjs';
import './rows/token-errors.mjs';
import './rows/client-authentication.mjs';
import './rows/target.mjs';
import './rows/keys.mjs';
import './rows/metadata.mjs';
import './rows/http.mjs';
import './rows/registry.mjs';
import './rows/configuration.mjs';
import './rows/gateways.mjs';
import './rows/authorize.mjs';
import './rows/authorize-errors.mjs';
import './rows/handoff.mjs';
import './rows/real-clients.mjs';
import './rows/code.mjs';
import './rows/refresh.mjs';
import './rows/races.mjs';
import './rows/introspect.mjs';
import './rows/revoke.mjs';
import './rows/userinfo.mjs';
import './rows/device.mjs';
import './rows/end-session.mjs';
import './rows/revoke-grants.mjs';
import './rows/browser-applications.mjs';
import './rows/login-configuration.mjs';
import './rows/waiting.mjs';
