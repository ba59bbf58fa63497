import type { Introspection } from './index.js';

/** Asks the issuer of tokens that are no JWTs (RFC 7662), as this client of it. */
export function introspection(options: { client_id: string; authentication: Authentication }): Introspection;

/** `client_secret_basic`, or `client_secret_post` where the issuer takes that alone. */
export function clientSecret(secret: string): Authentication;

/** `private_key_jwt`. The key is a private JWK; of an RSA key without `alg`, RS256. */
export function privateKeyJwt(key: PrivateJwk): Authentication;

export interface PrivateJwk {
  kty: string;
  kid?: string;
  alg?: string;
  [member: string]: unknown;
}

/** What a way to authenticate adds to the request. */
export type Authentication = (request: {
  client_id: string;
  issuer: string;
  /** The issuer's `introspection_endpoint_auth_methods_supported`. */
  methods?: readonly string[];
  /** Seconds since 1970. */
  now: number;
}) => AuthenticationParts | Promise<AuthenticationParts>;

export interface AuthenticationParts {
  headers?: Record<string, string>;
  form?: Record<string, string>;
}
