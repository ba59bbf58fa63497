// A resource server: what stands between access tokens and an API (RFC 6750, 8705, 9068, 9449, 9470, 9728).

export { ResourceServerError } from './src/error.js';
export { ResourceServer } from './src/resource-server.js';
