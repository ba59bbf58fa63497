// What OAuth names keeps its name, here as on the wire: client_id, redirect_uri, expires_at. Times are seconds since
// 1970, but for `now`, which is a clock like `Date.now`.

import type { AuthorizationServer, ClientAuth, CryptoKey, CryptoKeyPair, IDToken, JWK } from 'oauth4webapi';

/** A client of one authorization server. Keep it: it remembers tokens, metadata and nonces. */
export class Client {
  constructor(options: ClientOptions);
  /** A token of the client's own (`client_credentials`, RFC 6749 §4.4): the one that stands, or a new one. */
  token(options?: Wanted & Cancellable): Promise<AccessToken>;
  /** `fetch` with such tokens. The answer is the API's; where there is no token it rejects with a `ClientError`. */
  fetch(options?: Wanted): Fetch;
  /** Begins to connect a device that has no browser (RFC 8628); the token is not kept. */
  device(options?: Wanted): Promise<Device<AccessToken>>;
  /** One person's login. Nothing is asked or read before a method is called. */
  session(options: SessionOptions): Session;
  /** What the server says of itself, discovered or as given. */
  metadata(): Promise<AuthorizationServer>;
}

export interface ClientOptions {
  /** The issuer identifier, to the character: https, or http of this machine. */
  issuer: string;
  client_id: string;
  /** Absent: `none()`. */
  authentication?: Authentication;
  /** Binds tokens to this key where the server can (RFC 9449). */
  dpop?: CryptoKeyPair;
  /** Instead of discovery. */
  metadata?: AuthorizationServer;
  /** Sends every request, to the server and to APIs. Absent: the global one. */
  fetch?: Fetch;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Fills the bytes with random ones, and returns them. Absent: `crypto.getRandomValues`. */
  random?: (bytes: Uint8Array) => Uint8Array;
}

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** What a token is for. */
export interface Wanted {
  /** A list, or a text with spaces; the order does not matter. */
  scope?: string | readonly string[];
  /** RFC 8707. */
  resource?: string | readonly string[];
}

export interface Cancellable {
  /** Ends this call alone; others that wait for the same go on. */
  signal?: AbortSignal;
}

/** It is printed without the token. */
export class AccessToken {
  private constructor();
  readonly access_token: string;
  readonly token_type: 'Bearer' | 'DPoP';
  readonly expires_at: number;
  /** As granted; what was asked for where the server says nothing; null where nothing was. */
  readonly scope: string | null;
}

/** How a client proves who it is, made by one of the next four. */
export type Authentication = (request: {
  metadata: AuthorizationServer;
  id: () => string;
  fetch: Fetch;
}) => ClientAuth | Promise<ClientAuth>;

/** A secret, by Basic; in the body where the server has only that. */
export function clientSecret(secret: string): Authentication;
/** The client's own key, RFC 7523 §2.2: a private JWK with `alg`, or a CryptoKey with or without its `kid`. */
export function privateKeyJwt(key: CryptoKey | { key: CryptoKey; kid?: string } | JWK): Authentication;
/**
 * What a platform says of who runs there, as a client assertion; or itself as the grant, RFC 7523 §2.1. For sources
 * see `jeton-client/node`.
 */
export function platformToken(source: PlatformSource, options?: { as?: 'assertion' | 'grant' }): Authentication;
/** A public client. */
export function none(): Authentication;

/** Yields a platform's token for that audience, which is the issuer. It is asked for each request. */
export type PlatformSource = (request: { audience: string; fetch: Fetch }) => string | Promise<string>;

/** A key for `dpop`, whose private half nobody can export. */
export function dpopKey(): Promise<CryptoKeyPair>;

/** A login on another device. */
export interface Device<T> {
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete?: string;
  readonly expires_at: number;
  /** Asks until the person has decided. `signal` ends that; `wait` may then be called again. */
  wait(options?: Cancellable): Promise<T>;
}

export interface SessionOptions extends Wanted {
  store: Store;
  /**
   * What the records are sealed with: at least 16 random bytes, the same in every process that shares the store.
   * Absent: the store's own.
   */
  key?: string | Uint8Array | CryptoKey;
  /** Of the records in the store: on a server, one for each person. Absent: `session`. */
  name?: string;
  /** Where the server sends the browser back to. */
  redirect_uri?: string;
}

/** What is kept of one person's login. Tabs and processes may have one each of the same store. */
export interface Session {
  /** Where to send the browser. `parameters` are further ones of the request, as `prompt` and `login_hint`. */
  login(options?: { parameters?: Readonly<Record<string, string>>; keep?: true }): Promise<{ url: string }>;
  /** The same, with nothing put into the store: `transaction` is sealed, and belongs into a cookie of the browser. */
  login(options: {
    parameters?: Readonly<Record<string, string>>;
    keep: false;
  }): Promise<{ url: string; transaction: string }>;
  /** With the address that the browser came back to. The claims of the ID token, if `openid` was asked for. */
  callback(url: string | URL, options?: { transaction?: string }): Promise<IDToken | undefined>;
  /** The one that stands, refreshed by one of all who share the store. */
  accessToken(options?: Cancellable): Promise<AccessToken>;
  idClaims(): Promise<IDToken | undefined>;
  /** `fetch` with the person's tokens. */
  fetch(): Fetch;
  /** A login on another device, which `wait()` keeps here. */
  device(): Promise<Device<IDToken | undefined>>;
  /**
   * Ends it here, and has the server forget its tokens: `revoked` says whether that went well. `url` is where to
   * send the browser so that the login at the server ends as well, where it has such an address.
   */
  logout(options?: { post_logout_redirect_uri?: string }): Promise<{ url?: string; revoked: boolean }>;
}

/** Bytes by name, changed by compare-and-swap. */
export interface Store {
  get(name: string): Promise<{ value: Uint8Array; version: string } | undefined>;
  /**
   * Writes, or removes where the value is undefined, if `expected` is the version that stands (undefined: none
   * does); whether it did. A version never comes back.
   */
  set(name: string, value: Uint8Array | undefined, expected: string | undefined): Promise<boolean>;
  /** Whether all who use it share Web Locks: who has the lock of a session waits for no lease then. */
  readonly isOfTabs?: boolean;
  /** A key of its own, for sessions that are given none. */
  key?(): Promise<Uint8Array | CryptoKey>;
}

/** For this process. */
export function memoryStore(): Store & { key(): Promise<Uint8Array> };

/** What could not be done, and whose fault that is. It never holds a token, a secret, a code or a verifier. */
export class ClientError extends Error {
  private constructor();
  readonly name: 'ClientError';
  readonly fault: Fault;
  readonly code: Code;
  /** Of the answer, where there was one. */
  readonly status?: number;
  /** Seconds: no request before then. */
  readonly retry_after?: number;
  /** The server's own words, if they are printable and have nothing of what was sent. */
  readonly description?: string;
}

export type Fault = 'caller' | 'server' | 'network' | 'token';

export type Code =
  // caller
  | 'invalid_issuer'
  | 'invalid_configuration'
  | 'credential_unavailable'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_request'
  | 'unsupported_grant_type'
  | 'access_denied'
  | 'state_mismatch'
  | 'login_expired'
  | 'not_logged_in'
  // server
  | 'no_metadata'
  | 'issuer_mismatch'
  | 'invalid_metadata'
  | 'invalid_response'
  | 'nonce_mismatch'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'rate_limited'
  | 'use_dpop_nonce'
  // network
  | 'unreachable'
  | 'timeout'
  // token
  | 'invalid_grant'
  | 'expired_token';
