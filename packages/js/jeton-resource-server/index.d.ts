// What OAuth names keeps its name, here as on the wire: client_id, acr_values, jwks_uri.

/** An API as OAuth sees it: it takes the access tokens of one issuer that are for it. */
export class ResourceServer {
  constructor(options: ResourceServerOptions);

  /**
   * The claims of the token in the `Authorization` header; throws a `ResourceServerError`, which has the answer to
   * give. Of a header that came several times, all values in a list.
   */
  verify(authorization: HeaderValue, request?: RequestFacts, need?: Need): Promise<Claims>;
  /** The same of a `Request`. */
  verifyRequest(request: Request, need?: Need): Promise<Claims>;
  /** Holds verified claims against a need that was not known then; throws a `ResourceServerError`. */
  require(claims: Claims, need: Need): void;

  /**
   * A handler that calls this one for requests whose token holds, and answers the others itself, and the one for
   * the metadata.
   */
  protect<Rest extends unknown[]>(
    handler: (request: Request, claims: Claims, ...rest: Rest) => Response | Promise<Response>,
    need?: Need,
  ): (request: Request, ...rest: Rest) => Promise<Response>;

  /** The document of RFC 9728, and where clients look for it; nothing where the resource is no URL. */
  metadata(): ResourceMetadata | undefined;
  /** The document, where the request is for it. */
  metadataResponse(request: Request): Response | undefined;
  /** What the option `certificate` finds in a request of a framework; without the option, what the function finds. */
  certificate(
    request: unknown,
    otherwise?: (request: unknown) => Certificate | undefined,
  ): Certificate | undefined | Promise<Certificate | undefined>;
  /** For `DPoP-Nonce` of an answer, where proofs need one: `protect` sets it itself. */
  nonce(claims: Claims): Promise<string | undefined>;
}

export interface ResourceServerOptions {
  /** The issuer identifier, to the byte. https, or http on this machine. */
  issuer: string;
  /** What `aud` of a token must have: one of these. */
  audience: string | readonly string[];
  /**
   * The URL of this API for the public, path included: for RFC 9728, and for what DPoP proofs are for. Absent: the
   * first audience, if that is a URL.
   */
  resource?: string;
  /** More members of its document: `scopes_supported`, `resource_name`, … */
  resource_metadata?: Readonly<Record<string, unknown>>;

  /** Metadata of the issuer (RFC 8414), where it is not to be asked for it. */
  metadata?: { readonly issuer: string; readonly [member: string]: unknown };
  /** Where its keys are. Absent: where its metadata says. */
  jwks_uri?: string;
  /** Its keys, where nobody is to be asked. */
  jwks?: { readonly keys: readonly object[] };
  /** Absent: ES256, EdDSA, Ed25519, RS256, PS256. */
  algorithms?: readonly Algorithm[];
  /** Seconds that clocks may differ by. Absent: 10. */
  leeway?: number;
  /** `introspection(…)` of `jeton-resource-server/introspection`. Absent: a token that is no JWT is malformed. */
  introspection?: Introspection;

  /** At least 32 random bytes, the same in every process: proofs must then have a nonce made by it. */
  dpopNonceSecret?: string | Uint8Array;
  /** Where used proofs are remembered. Absent: in this process. */
  replay?: ReplayStore;
  /**
   * The client's certificate of a request, as the framework has it, and from nowhere else. Absent: that of the TLS
   * connection, in Express and Fastify.
   */
  // biome-ignore lint/suspicious/noExplicitAny: of the framework's type.
  certificate?: (request: any) => Certificate | undefined | Promise<Certificate | undefined>;

  /** Milliseconds since 1970. Absent: `Date.now`. */
  clock?: () => number;
  /** Absent: the global one. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export type Algorithm =
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512';

/** DER, or the SHA-256 of it in base64url. */
export type Certificate = Uint8Array | string;

export type HeaderValue = string | readonly string[] | null | undefined;

/** What bound tokens are held against. */
export interface RequestFacts {
  method?: string;
  /** Its URL or its path. The origin is that of the resource, whatever is said here. */
  url?: string | URL;
  /** The values of its `DPoP` header. */
  dpop?: HeaderValue;
  certificate?: Certificate | undefined;
}

/** What a token must be good for besides. Lists may be texts with spaces. */
export interface Need {
  /** All of them. */
  scope?: string | readonly string[];
  /** One of them. */
  anyScope?: string | readonly string[];
  /** How somebody logged in: one of them (RFC 9470). */
  acr_values?: string | readonly string[];
  /** How many seconds ago at most. */
  max_age?: number;
}

/** RFC 9068 §2.2, and whatever else the token says. */
export interface Claims {
  /** Absent where an introspection does not say. */
  iss?: string;
  sub?: string;
  aud: string[];
  /** Seconds since 1970, here and below. Absent where an introspection does not say. */
  exp?: number;
  iat?: number;
  nbf?: number;
  jti?: string;
  client_id?: string;
  scope: Set<string>;
  auth_time?: number;
  acr?: string;
  cnf?: { jkt?: string; 'x5t#S256'?: string; [member: string]: unknown };
  [claim: string]: unknown;
}

/** Proofs that were used. */
export interface ReplayStore {
  /** Whether it was not used before; from then on it was, until that time (seconds since 1970). */
  use(key: string, expires_at: number): boolean | Promise<boolean>;
}

export interface ResourceMetadata {
  path: string;
  url: string;
  document: {
    resource: string;
    authorization_servers: string[];
    bearer_methods_supported: string[];
    dpop_signing_alg_values_supported: string[];
    [member: string]: unknown;
  };
}

declare const introspection: unique symbol;
/** Made by `jeton-resource-server/introspection`. */
export interface Introspection {
  readonly [introspection]: never;
}

/** A request that is refused. It holds nothing of the token. */
export class ResourceServerError extends Error {
  private constructor();
  readonly name: 'ResourceServerError';
  readonly fault: 'caller' | 'server' | 'network' | 'token';
  readonly code: ErrorCode;
  /** Of the answer. */
  readonly status: number;
  /** `WWW-Authenticate` of the answer. */
  readonly challenge?: string;
  /** All headers of the answer that matter. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error?: string; readonly error_description: string };
  /** Seconds, where the issuer is out of reach. */
  readonly retryAfter?: number;
  /** The answer. */
  response(): Response;
}

export type ErrorCode =
  | 'missing_token'
  | 'invalid_request'
  | 'malformed'
  | 'too_large'
  | 'unsigned'
  | 'wrong_algorithm'
  | 'unknown_key'
  | 'bad_signature'
  | 'wrong_type'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'expired'
  | 'not_yet_valid'
  | 'inactive'
  | 'bound_token'
  | 'wrong_certificate'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'keys_unavailable'
  | 'introspection_unavailable'
  | 'replay_unavailable'
  | 'invalid_issuer'
  | 'invalid_configuration';
