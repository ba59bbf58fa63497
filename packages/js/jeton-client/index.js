// Both what a service needs of an authorization server and what a person's login needs: tokens, in time.

export { clientSecret, dpopKey, none, platformToken, privateKeyJwt } from './src/authentication.js';
export { Client } from './src/client.js';
export { ClientError } from './src/error.js';
export { memoryStore } from './src/store.js';
export { AccessToken } from './src/token.js';
