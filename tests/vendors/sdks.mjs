// All SDKs that are asked, in the order of the table.

import './rows/auth0.mjs';
import './rows/cognito.mjs';
import './rows/entra.mjs';
import './rows/okta.mjs';
import './rows/keycloak.mjs';
import './rows/google.mjs';
import './rows/github.mjs';
import './rows/zitadel.mjs';

export { sdks } from './support/rows.mjs';
