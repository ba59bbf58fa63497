/// <reference lib="esnext.disposable" />
// What OAuth names keeps its name, here as on the wire: client_id, redirect_uri, grant_type.

/** Starts `jeton mock` on a free port. It ends with this process, or with `stop()`. */
export function startMock(options?: StartOptions): Promise<Mock>;

/** A mock that runs already, as in a container: `http://localhost:9400`. */
export function connectMock(url: string): Promise<Mock>;

/** Header and claims of a JWT, unverified. */
export function decode(token: string): { header: Claims; claims: Claims };

export interface StartOptions {
  /** The binary; otherwise `JETON_BIN`, the one that was installed with this package, or `jeton` on the `PATH`. */
  bin?: string;
  /** More flags, as on the command line: `['--strict']`. */
  args?: readonly string[];
  /** The configuration, or the path of a TOML or JSON file of it. */
  config?: MockSpec | string;
  /** Absent: a free one. */
  port?: number;
  /** Its environment. It gets nothing of this process's but `PATH`. */
  env?: Readonly<Record<string, string>>;
}

/** A running mock. */
export interface Mock extends AsyncDisposable {
  /** Where this process reaches it. */
  readonly url: string;
  /** Makes an issuer with state of its own, or makes it anew. Without a name it gets a random one. */
  issuer(name?: string, spec?: IssuerSpec): Promise<Issuer>;
  /** An issuer that is there, as it is; without a name the default one. */
  attach(name?: string): Promise<Issuer>;
  issuers(): Promise<IssuerInfo[]>;
  /** Puts every issuer back to what it was configured as; those made since are gone. */
  reset(): Promise<void>;
  /** The certificate (PEM) to trust where it was started with `--https`. */
  ca(): Promise<string>;
  /** Ends the process, if it was started here. */
  stop(): Promise<void>;
}

/** One provider of its own: keys, users, clients, faults, clock and journal. */
export interface Issuer extends AsyncDisposable {
  readonly name: string;
  /** The issuer identifier (`iss`): what an application is configured with. */
  readonly url: string;

  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly deviceAuthorizationEndpoint: string;
  readonly introspectionEndpoint: string;
  readonly revocationEndpoint: string;
  readonly userinfoEndpoint: string;
  readonly endSessionEndpoint: string;
  readonly jwksUri: string;
  /** OpenID Connect Discovery. */
  readonly discoveryUrl: string;

  /** The issuer's time: codes, tokens and polling follow it. */
  readonly clock: Clock;
  readonly keys: Keys;

  /** A token by client credentials; with another `grant_type`, by that. */
  token(parameters?: TokenParameters): Promise<TokenResponse>;
  /** Logs somebody in by code + PKCE, without a browser. */
  login(parameters?: LoginParameters): Promise<TokenResponse>;
  /** Signs any claims. `iss`, `iat`, `exp` and `jti` are filled in; null leaves one out. */
  mint(claims?: Claims, options?: MintOptions): Promise<string>;

  /** Makes something go wrong. */
  addFault(fault: FaultName | Fault): Promise<FaultHandle>;
  faults(): Promise<FaultState[]>;
  clearFaults(): Promise<void>;

  /** Adds a user, or replaces the one with that `sub`. */
  addUser(user: string | User): Promise<User>;
  users(): Promise<User[]>;
  removeUser(sub: string): Promise<void>;

  /** Adds a client (RFC 7591 metadata), or replaces the one with that `client_id`. */
  addClient(client: Client): Promise<Client>;
  clients(): Promise<Client[]>;
  removeClient(client_id: string): Promise<void>;

  /** Adds an API, or replaces the one with that `identifier`. */
  addApi(api: Api): Promise<Api>;
  apis(): Promise<Api[]>;
  removeApi(identifier: string): Promise<void>;

  /** Trusts an issuer, by a document that replaces the one of that issuer. */
  addTrustedIssuer(document: TrustDocument): Promise<TrustDocument>;
  trustedIssuers(): Promise<TrustDocument[]>;
  removeTrustedIssuer(issuer: string): Promise<void>;

  /** Claims for tokens and answers; every rule that matches applies, in order. */
  addClaimRule(rule: ClaimRule): Promise<KeptClaimRule>;
  claimRules(): Promise<KeptClaimRule[]>;
  removeClaimRule(id: number): Promise<void>;
  clearClaimRules(): Promise<void>;

  /** What a job finds in its environment, of the platform that the issuer stands in for. */
  environment(options?: { /** Of the tokens in it. Absent: the issuer. */ audience?: string }): Promise<Environment>;

  /** The requests it got, newest last. */
  journal(filter?: Filter): Promise<Entry[]>;
  count(filter?: Filter): Promise<number>;
  /** The oldest matching request not yet taken; waits for it, and throws if none comes. */
  take(filter?: Filter, options?: { /** Milliseconds; absent: 5000. */ timeout?: number }): Promise<Entry>;
  clearJournal(): Promise<void>;

  info(): Promise<IssuerInfo>;
  /** Puts back what it was made with. */
  reset(): Promise<void>;
  delete(): Promise<void>;
}

export interface Clock {
  /** Seconds since 1970. */
  now(): Promise<number>;
  state(): Promise<ClockState>;
  /** Negative: back. */
  advance(seconds: number): Promise<ClockState>;
  /** To a date, or to seconds since 1970; it goes on from there. */
  set(time: Date | number): Promise<ClockState>;
  /** Stands still, now or at that time. */
  freeze(time?: Date | number): Promise<ClockState>;
  resume(): Promise<ClockState>;
  /** Follows the real time again. */
  reset(): Promise<ClockState>;
}

/** Without an algorithm, each of the issuer's. Every method yields the keys there are then. */
export interface Keys {
  list(): Promise<Key[]>;
  /** A next key is in JWKS, and does not sign yet. */
  publish(alg?: Algorithm): Promise<Key[]>;
  /** The published next key signs. */
  switch(alg?: Algorithm): Promise<Key[]>;
  /** A new key is in JWKS and signs. */
  rotate(alg?: Algorithm): Promise<Key[]>;
  /** A new key signs that JWKS does not show. */
  switchUnpublished(alg?: Algorithm): Promise<Key[]>;
  /** Keys that do not sign leave JWKS. */
  retire(alg?: Algorithm): Promise<Key[]>;
}

export interface FaultHandle extends AsyncDisposable {
  readonly id: number;
  /** How often it acted. */
  acted(): Promise<number>;
  remove(): Promise<void>;
}

/** An answer that was not hoped for: the mock's refusal, an OAuth error, or none at all. */
export class MockError extends Error {
  /** Absent where there was no answer. */
  readonly status?: number;
  readonly error?: string;
  readonly error_description?: string;
}

// Parameters of requests. Others than these go along as they are.

export interface ClientCredentials {
  /** Absent: the demo client's, which does for any client but a strict one; null: a public client. */
  client_secret?: string | null;
  clientId?: never;
  clientSecret?: never;
}

export interface TokenParameters extends ClientCredentials {
  /** Absent: `demo`; null: nobody, where an assertion says who it is. */
  client_id?: string | null;
  /** Absent: `client_credentials`. */
  grant_type?: string;
  grantType?: never;
  scope?: string;
  audience?: string | readonly string[];
  resource?: string | readonly string[];
  [parameter: string]: ParameterValue;
}

export interface LoginParameters extends ClientCredentials {
  /** Absent: `demo`. */
  client_id?: string;
  /** Who; sent as `login_hint`. Absent: `alice`; null: nobody is named, as with `auto_login`. */
  subject?: string | null;
  /** Nobody needs to listen there. */
  redirect_uri?: string;
  redirectUri?: never;
  /** Absent: `openid`. */
  scope?: string;
  prompt?: string;
  [parameter: string]: ParameterValue;
}

export type ParameterValue = string | number | boolean | readonly string[] | null | undefined;

/** RFC 6749 §5.1, and whatever claim rules add. */
export interface TokenResponse {
  access_token: string;
  token_type: string;
  expires_in: number;
  scope?: string;
  refresh_token?: string;
  id_token?: string;
  [member: string]: unknown;
}

export interface MintOptions {
  /** JOSE `typ`: `at+jwt`. */
  typ?: string;
  alg?: Algorithm;
  fault?: TokenFaultName;
}

// The mock described, as in its configuration file.

export type Algorithm = 'RS256' | 'ES256' | 'EdDSA';
/** What others may sign by. */
export type VerificationAlgorithm = 'ES256' | 'ES384' | 'EdDSA' | 'RS256' | 'PS256';
export type Strictness = 'lenient' | 'strict';
// biome-ignore lint/suspicious/noExplicitAny: a claim is any JSON, and a test knows which.
export type Claims = Record<string, any>;
/** `*` stands for any run of characters; between slashes, `/\d+/`, it is a regular expression. */
export type Pattern = string;

export interface MockSpec {
  /** What keys are derived from, with the issuer's name. */
  seed?: string;
  strictness?: Strictness;
  host?: string;
  port?: number;
  https?: boolean;
  issuer_url?: string;
  /** The origin browsers reach it by. */
  browser_url?: string;
  /** The origin backends reach it by. */
  backend_url?: string;
  /** Take the issuer from `Host` and `X-Forwarded-*`. */
  trust_host?: boolean;
  /** What every issuer starts with. */
  issuer?: IssuerSpec;
  /** Issuers that start otherwise, by name. */
  issuers?: Record<string, IssuerSpec>;
  /** Vendors of your own, by the name that `profile` has; one of a bundled name takes its place. */
  profiles?: Record<string, Profile>;
}

/** How a vendor answers. Texts are templates. */
export interface Profile {
  /** The identifier: `${base}/`. Absent: the base. */
  issuer?: string;
  /** Issuers that have it unasked: `kiosk/{store}`. A part in braces is a value. */
  names?: string[];
  /** Names that say values where an issuer is given it: `{store:uuid}`, a value that is a UUID. */
  asked_names?: string[];
  /** Values where the name says none. */
  values?: Record<string, string>;
  /** Paths beneath the base, by endpoint; the first is in the metadata, all answer. */
  paths?: Record<string, string[]>;
  /** Null takes a member away. */
  metadata?: Claims;
  /** Before the issuer's own. */
  rules?: ClaimRule[];
  /** By endpoint and name. */
  parameters?: Record<string, Record<string, ProfileParameter>>;
  /** Endpoints that take JSON, too, for a form. */
  json_requests?: string[];
  /** Endpoints that take the query of a POST, too, for a form. */
  query_requests?: string[];
  /** The first that matches. */
  errors?: ProfileError[];
  /** Members of good answers, by endpoint. */
  responses?: Record<string, Claims>;
  /** What is at further paths. */
  documents?: ProfileDocument[];
  /** Of token responses. Absent: `json`. */
  response_format?: 'json' | 'form';
  /** Of scopes, in requests and answers. */
  scope_separator?: string;
  /** Members of token responses that are sent so. */
  base64url?: string[];
  signing_algs?: Algorithm[];
  /** Seconds. */
  access_token_lifetime?: number;
  users?: User[];
}

export interface ProfileParameter {
  /** What clients call it. */
  alias?: string;
  /** It is a part of the scopes: of `api://orders/Orders.Read` the API, or its permissions. */
  scope_part?: 'api' | 'permissions';
  /** It is what the request said that the code came of. */
  remembered?: boolean;
  /** Values that stand for others. */
  values?: Record<string, string>;
  /** What it is where it was not sent. */
  default?: string;
}

export interface ProfileError {
  match?: { endpoint?: string; error?: Pattern; error_description?: Pattern };
  status?: number;
  /** Null takes one away. */
  headers?: Record<string, string | null>;
  body?: Claims;
}

export interface ProfileDocument {
  paths: string[];
  /** Absent: GET. */
  methods?: string[];
  /** Parameters that a request must have; with some it goes before an endpoint at its path. */
  parameters?: string[];
  /** Who must be presented. Absent: nobody. */
  presented?: 'access_token' | 'id_token' | 'client';
  /** The parameter of the token. Absent: `access_token`. */
  token?: string;
  /** What ends of the token that a client presents: what it came of, or the browser's login, too. */
  ends?: 'grant' | 'session';
  status?: number;
  content_type?: string;
  headers?: Record<string, string>;
  /** Any JSON, or a text. */
  body?: unknown;
}

/** A member that is absent is the template's. */
export interface IssuerSpec {
  strictness?: Strictness;
  /** The first is the default. Absent: those of `keys`, else RS256, ES256, EdDSA. */
  signing_algs?: Algorithm[];
  /** In place of keys of the seed: of each algorithm the first signs, and all are published. */
  keys?: PrivateJwk[];
  /** Seconds. */
  access_token_lifetime?: number;
  /** The `sub` that is logged in without being asked. */
  auto_login?: string;
  /** The vendor it answers like: `auth0`, `keycloak` or another profile; `none`, where its own name has one. */
  profile?: string;
  /** Besides the server's. Absent: all where it is lenient, none where it is strict. */
  grants?: ('password' | 'implicit' | 'hybrid')[];
  /**
   * Where the claims of users are besides userinfo. Absent: in ID tokens and introspection where it is lenient, nowhere
   * where it is strict.
   */
  user_claims?: ('id_token' | 'access_token' | 'introspection')[];
  clock?: { reset?: boolean; set?: number; advance?: number; freeze?: boolean };
  users?: User[];
  clients?: Client[];
  apis?: Api[];
  trust?: TrustDocument[];
  claims?: ClaimRule[];
  faults?: Fault[];
  platform?: Platform;
}

/** The platform that an issuer stands in for, with the job that it vouches for. What is absent is an example's. */
export type Platform =
  | { github_actions: GithubActions }
  | { gitlab: Gitlab }
  | { kubernetes: Kubernetes }
  | { aws: Aws }
  | { spiffe: Spiffe }
  | { gcp: Gcp }
  | { azure: Azure };

/** A job of a workflow. */
export interface GithubActions {
  /** `iss`, if not the mock's address: that of github.com, of an enterprise, of a server of one's own. */
  issuer?: string;
  /** The repository, as `OWNER/NAME`. */
  repository?: string;
  /** Its id. */
  repository_id?: string;
  /** The id of its owner. */
  repository_owner_id?: string;
  /** `public`, `private` or `internal`. */
  repository_visibility?: 'public' | 'private' | 'internal';
  /** Whether `sub` has ids beside names, as of each repository since July 2026. */
  immutable_subject?: boolean;
  /** What has started the workflow. */
  event_name?: string;
  /** The branch, tag or pull request; absent: `refs/heads/main`, or `refs/pull/1/merge`. */
  ref?: string;
  /** `branch` or `tag`; absent: as `ref` says. */
  ref_type?: 'branch' | 'tag';
  /** Whether the branch or tag is protected. */
  ref_protected?: boolean;
  /** The branch that a pull request is of; absent: `feature`. */
  head_ref?: string;
  /** The branch that a pull request is for; absent: `main`. */
  base_ref?: string;
  /** The commit. */
  sha?: string;
  /** The environment of the job. */
  environment?: string;
  /** The name of the workflow. */
  workflow?: string;
  /** Its file; absent: `deploy.yml` of the repository, at `ref`. */
  workflow_ref?: string;
  /** The file of the job, which is another one for a reusable workflow; absent: the workflow's. */
  job_workflow_ref?: string;
  /** `github-hosted` or `self-hosted`. */
  runner_environment?: 'github-hosted' | 'self-hosted';
  /** Who has started it. */
  actor?: string;
  /** Their id. */
  actor_id?: string;
  /** The id of the run. */
  run_id?: string;
  /** How many runs the workflow has had. */
  run_number?: string;
  /** How often this one was tried. */
  run_attempt?: string;
}

/** A job of a pipeline. */
export interface Gitlab {
  /** `iss`, if not the mock's address: that of an instance, such as `https://gitlab.com`. */
  issuer?: string;
  /** The project, as `GROUP/NAME`. */
  project_path?: string;
  /** Its id. */
  project_id?: string;
  /** The id of its group. */
  namespace_id?: string;
  /** `public`, `internal` or `private`. */
  project_visibility?: 'public' | 'internal' | 'private';
  /** The branch or tag, as `main`. */
  ref?: string;
  /** `branch` or `tag`. */
  ref_type?: 'branch' | 'tag';
  /** Whether it is protected. */
  ref_protected?: boolean;
  /** The commit. */
  sha?: string;
  /** The environment of the job. */
  environment?: string;
  /** Whether it is protected. */
  environment_protected?: boolean;
  /** Its tier. */
  deployment_tier?: 'production' | 'staging' | 'testing' | 'development' | 'other';
  /** What has started the pipeline. */
  pipeline_source?: string;
  /** The id of the pipeline. */
  pipeline_id?: string;
  /** The id of the job. */
  job_id?: string;
  /** The id of the runner. */
  runner_id?: number;
  /** `gitlab-hosted` or `self-hosted`. */
  runner_environment?: 'gitlab-hosted' | 'self-hosted';
  /** Where its configuration is; absent: `.gitlab-ci.yml` of the project, at `ref`. */
  ci_config_ref_uri?: string;
  /** Who has started it. */
  user_login?: string;
  /** Their id. */
  user_id?: string;
  /** Their email. */
  user_email?: string;
  /** What they are in the project. */
  user_access_level?: 'guest' | 'planner' | 'reporter' | 'developer' | 'maintainer' | 'owner';
  /** The tokens that the job asks for, by their variables. Empty: `GITLAB_OIDC_TOKEN`, for the audience that the environment is asked for. */
  id_tokens?: Record<string, { aud: string | string[] }>;
}

/** A pod. */
export interface Kubernetes {
  /** `iss`, if not the mock's address: that of a cluster. */
  issuer?: string;
  /** The namespace. */
  namespace?: string;
  /** The service account. */
  service_account?: string;
  /** Its uid; absent: one that is always the same for its names. */
  service_account_uid?: string;
  /** The pod that a token is bound to where its request names none. */
  pod?: { name: string; uid: string };
  /** The node that it runs on. */
  node?: { name: string; uid: string };
  /** How long the token lives that is projected into the pod, in seconds. */
  expiration_seconds?: number;
}

/** A session of a role. */
export interface Aws {
  /** `iss`, if not the mock's address: that of an account, as `https://3a1b2c3d.tokens.sts.global.api.aws`. */
  issuer?: string;
  /** The account. */
  account?: string;
  /** The role, with its path if it has one. */
  role?: string;
  /** The name of the session. */
  session?: string;
  /** The region. */
  region?: string;
  /** The organization of the account. */
  org_id?: string;
  /** The tags of the role. */
  principal_tags?: Record<string, string>;
}

/** A workload. */
export interface Spiffe {
  /** The trust domain, without `spiffe://`. */
  trust_domain?: string;
  /** The path of the workload in it. */
  path?: string;
  /** `iss`, which most servers leave out. */
  issuer?: string;
  /** After how many seconds the bundle is to be fetched anew. */
  refresh_hint?: number;
}

/** A machine with a service account. */
export interface Gcp {
  /** `iss`, if not the mock's address: `https://accounts.google.com`. */
  issuer?: string;
  /** The email of the service account. */
  service_account?: string;
  /** Its unique id. */
  service_account_id?: string;
  /** The scopes of its access tokens. */
  scopes?: string[];
  /** The project. */
  project_id?: string;
  /** Its number. */
  project_number?: number;
  /** The zone. */
  zone?: string;
  /** The id of the machine. */
  instance_id?: string;
  /** Its name. */
  instance_name?: string;
}

/** A managed identity, or an application with a federated credential. */
export interface Azure {
  /** `iss`, if not the mock's address: `https://login.microsoftonline.com/TENANT/v2.0`, or `https://sts.windows.net/TENANT/`. */
  issuer?: string;
  /** The tenant. */
  tenant_id?: string;
  /** The principal, by its object id. */
  object_id?: string;
  /** The application, by its client id. */
  client_id?: string;
  /** The managed identity, by its resource id. */
  resource_id?: string;
  /** What it runs on: `virtual_machine`, `app_service` or `kubernetes`. Each leads SDKs here by other variables. */
  host?: 'virtual_machine' | 'app_service' | 'kubernetes';
  /** The version of access tokens, 1 or 2, as the resource's registration asks for it. */
  access_token_version?: 1 | 2;
  /** Whose tokens the application takes; absent: anybody's. */
  federated_credential?: { issuer: string; subject: string };
}

/**
 * A private key (RFC 7517 §4): EC P-256, OKP Ed25519, or RSA with all its members. JWKS shows its public half, with
 * `kid`, `x5c`, `x5t` and `x5t#S256` as they are given.
 */
export interface PrivateJwk {
  kty: 'EC' | 'OKP' | 'RSA';
  alg?: Algorithm;
  kid?: string;
  x5c?: string[];
  x5t?: string;
  'x5t#S256'?: string;
  d: string;
  [member: string]: unknown;
}

/** RFC 7517 §5: public keys. */
export interface Jwks {
  keys: { [member: string]: unknown }[];
  [member: string]: unknown;
}

/**
 * An API (resource server) that tokens are for. A final slash more or less of a URL is an alias that need not be
 * listed.
 */
export interface Api {
  /** The audience of its tokens. */
  identifier: string;
  /** What clients may write in its place. */
  aliases?: string[];
  /** For people. */
  name?: string;
  /** Each with words for people. */
  scopes?: Record<string, string>;
  /** At most; seconds. */
  access_token_lifetime?: number;
  access_token_format?: 'jwt' | 'opaque';
  access_token_signed_response_alg?: Algorithm;
  /** In tokens that clients get for themselves. */
  client_claims?: Claims;
  /** The same, with the value of a member of the client: `client_name`, `software_id`, `labels.NAME`, … */
  client_claims_from?: Record<string, string>;
  /** Who may introspect its tokens, besides each token's own client. */
  introspection_clients?: string[];
  /** Whether clients that registered themselves may have its tokens. Absent: false. */
  self_registered_clients?: boolean;
  labels?: Record<string, string>;
  disabled?: boolean;
}

/**
 * An issuer whose tokens stand for clients. The mock asks nobody for keys but its own issuers: those of others
 * are in `jwks`, or one of its own stands in for them.
 */
export interface TrustDocument {
  /** `iss` of its tokens, to the byte; of SPIFFE the trust domain, `spiffe://example.org`. */
  issuer: string;
  /** Where its keys are. Absent, as `jwks` is: where its metadata says. */
  jwks_uri?: string;
  jwks?: Jwks;
  /** Absent: all. */
  algorithms?: VerificationAlgorithm[];
  labels?: Record<string, string>;
  disabled?: boolean;
  rules?: TrustRule[];
}

/** A token that meets all conditions stands for the client. */
export interface TrustRule {
  /** One of its own in the document. */
  name: string;
  disabled?: boolean;
  /** The one audience of the token; absent: the issuer identifier. */
  audience?: string;
  conditions: TrustCondition[];
  client_id: string;
  /** The most scope. */
  scope?: string;
  /** The most audiences. */
  audiences?: string[];
  /** The longest, in seconds. */
  access_token_lifetime?: number;
  /** Each token stands for the client once, by its `jti`. */
  single_use?: boolean;
  /** Whom its tokens are about; absent: the client. */
  subject?: 'client' | 'hashed';
  /** A token exchanged by it does not name who acts. */
  impersonation?: boolean;
  /** Names of dangers that it may have. */
  accepted_dangers?: string[];
}

/** One test of a claim. What is missing never passes. */
export interface TrustCondition {
  /** Its name, or of one inside of others their names. */
  claim: string | string[];
  equals?: string | number | boolean;
  one_of?: (string | number | boolean)[];
  /** It ends in `/` or `:`, the border of a segment. */
  prefix?: string;
  /** An element of an array. */
  contains?: string | number | boolean;
}

export interface User {
  sub: string;
  /** On the login page. */
  name?: string;
  /** For the grant `password`, where it is strict; a lenient issuer takes any. */
  password?: string;
  /** At userinfo, and where `user_claims` says; the standard ones by scope. Absent: an example of each. */
  claims?: Claims;
  /** In ID tokens besides. */
  id_token?: Claims;
  /** In access tokens besides. */
  access_token?: Claims;
  /** At userinfo besides, whatever the scope. */
  userinfo?: Claims;
}

/** The most that clients may have which register themselves. */
export interface RegistrationCeiling {
  /** Absent: `openid profile email offline_access`. */
  scope?: string;
  apis?: { identifier: string; scope?: string }[];
  /** Absent: `authorization_code` and `refresh_token`. */
  grant_types?: string[];
  /** How many clients are registered by its tokens in a day. */
  count?: number;
  /** After how many seconds a client ends. */
  client_lifetime?: number;
}

/** RFC 7591 metadata. */
export interface Client {
  client_id: string;
  client_secret?: string;
  /** Seconds since 1970; 0: never. */
  client_secret_expires_at?: number;
  /** As hashes, base64url of their SHA-256. */
  client_secrets?: { sha256: string; created_at?: number; expires_at?: number }[];
  client_name?: string;
  client_uri?: string;
  token_endpoint_auth_method?:
    | 'client_secret_basic'
    | 'client_secret_post'
    | 'private_key_jwt'
    | 'federated_jwt'
    | 'spiffe_jwt'
    | 'none';
  /** Its public keys. */
  jwks?: Jwks;
  /** Where its public keys are. The mock asks nobody but its own issuers. */
  jwks_uri?: string;
  token_endpoint_auth_signing_alg?: VerificationAlgorithm;
  /** The URL of the token endpoint is an audience of its assertions too. */
  token_endpoint_is_audience?: boolean;
  /** How many seconds ahead the exp of its assertions may be; 300 where absent. */
  client_assertion_lifetime?: number;
  /** Whether an assertion is taken once; true where absent. */
  client_assertion_single_use?: boolean;
  grant_types?: (
    | 'client_credentials'
    | 'authorization_code'
    | 'refresh_token'
    | 'urn:ietf:params:oauth:grant-type:device_code'
    | 'urn:ietf:params:oauth:grant-type:jwt-bearer'
    | 'urn:ietf:params:oauth:grant-type:token-exchange'
  )[];
  /** All it may ask for, and what it gets when it asks for none. */
  scope?: string;
  /** What its access tokens may be for. */
  audiences?: string[];
  /** The APIs that its access tokens may be for, and what it may have of their scopes. */
  apis?: { identifier: string; scope?: string }[];
  /** Texts that an API may have in tokens. */
  labels?: Record<string, string>;
  redirect_uris?: string[];
  post_logout_redirect_uris?: string[];
  access_token_lifetime?: number;
  access_token_format?: 'jwt' | 'opaque';
  access_token_signed_response_alg?: Algorithm;
  id_token_signed_response_alg?: Algorithm;
  /** By which subjects it knows people: the same as all clients, or those of its sector. */
  subject_type?: 'public' | 'pairwise';
  /** With `pairwise`, unless all redirect URIs are of one website: its host is the sector. */
  sector_identifier_uri?: string;
  /** Its redirect URIs may have a scheme without a dot, such as `cursor://`. */
  any_private_use_scheme?: boolean;
  /** The port of `http://localhost` is free. */
  localhost_is_loopback?: boolean;
  require_pkce?: boolean;
  refresh_token_rotation?: boolean;
  refresh_token_grace?: number;
  refresh_token_lifetime?: number;
  refresh_token_idle_lifetime?: number;
  refresh_token_delivery?: 'body' | 'cookie';
  offline_access_required?: boolean;
  /** At a refresh a built-in login asks what is true of the person now; the mock has none. */
  renew_claims?: boolean;
  allowed_origins?: string[];
  /** Claims about the person in ID tokens, the standard ones by scope; acr, amr and auth_time are there anyway. */
  id_token_claims?: string[];
  /** The same of access tokens. */
  access_token_claims?: string[];
  /** Claims at /userinfo, the standard ones by scope; absent: all but acr and amr. */
  userinfo_claims?: string[];
  /** Claims about the client in the tokens it gets by client_credentials. */
  client_claims?: Claims;
  /** Nobody is asked for consent to it. */
  first_party?: boolean;
  /** It is a login application. */
  login?: boolean;
  /** It is as if it did not exist, also where the issuer is lenient. */
  disabled?: boolean;
  /** From then on it is as if it were disabled; 0: never. */
  client_expires_at?: number;
  /** What clients may have that are registered by its tokens of the scope `jeton:register`. */
  registration_ceiling?: RegistrationCeiling;
  /** It registered itself. */
  registration?: { tokens: { sha256: string }[]; ceiling: RegistrationCeiling };
  [member: string]: unknown;
}

/**
 * What tokens and answers say besides; null takes away. In texts `${name}` is client_id, subject, issuer, issuer_name,
 * base, scope, scopes (a list), grant_type, now, user.NAME (a claim of the user), claims.NAME (of what is being made),
 * uuid:NAME, a parameter that OAuth or OpenID Connect registers, or parameters.NAME; `${a|b}` is the first that is there.
 */
export interface ClaimRule {
  /** All that is named must match. */
  match?: {
    client_id?: Pattern;
    grant_type?: Pattern;
    scope?: Pattern;
    subject?: Pattern;
    parameters?: Record<string, Pattern>;
  };
  id_token?: Claims;
  access_token?: Claims;
  userinfo?: Claims;
  /** Members of what /introspect says of an active token. */
  introspection?: Claims;
  /** Members of the token response. */
  response?: Claims;
  /** Claims of the refresh token, which leaves as a JWT then. */
  refresh_token?: Claims;
  /** Members of the access token's JOSE header, but not alg. */
  access_token_header?: Claims;
  /** The same of the ID token's. */
  id_token_header?: Claims;
  /** Of both tokens, in seconds. */
  lifetime?: number;
  /** No rule after this one, where it matches. */
  last?: boolean;
  /** Only of the next login that matches. */
  next_login?: boolean;
}

/** A rule that is there. */
export interface KeptClaimRule extends ClaimRule {
  id: number;
}

export interface Fault {
  /** All that is named must match. Without an endpoint it acts where it has its place. */
  match?: {
    endpoint?: Endpoint;
    method?: Pattern;
    client_id?: Pattern;
    grant_type?: Pattern;
    parameters?: Record<string, Pattern>;
  };
  /** First acts on this one of the requests that match, counted from 1; then once, unless `times` says otherwise. */
  nth?: number;
  /** How often it acts; absent: always. */
  times?: number;
  fault: FaultName | CustomResponse;
  /** Token faults: which; absent: all in the answer. */
  tokens?: ('access_token' | 'id_token')[];
}

export interface CustomResponse {
  /** Absent: 400. */
  status?: number;
  error?: string;
  error_description?: string;
  headers?: Record<string, string>;
  /** In place of the JSON of `error` and `error_description`. */
  body?: string;
}

export type FaultName =
  | OAuthErrorCode
  | TokenFaultName
  | `status-${number}`
  | 'rate-limit'
  | `rate-limit-${number}`
  | `slow-${number}s`
  | `slow-${number}ms`
  | 'drop'
  | 'truncate'
  | 'html'
  | 'content-type-text'
  | 'empty'
  | `missing-${string}`;

export type TokenFaultName =
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'wrong-nonce'
  | 'wrong-key'
  | 'alg-none'
  | 'tampered'
  | 'unknown-kid'
  | 'wrong-typ'
  | 'oversized'
  | `without-${string}`;

export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'access_denied'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'account_selection_required'
  | 'authorization_pending'
  | 'slow_down'
  | 'expired_token'
  | 'invalid_token'
  | 'insufficient_scope';

export type Endpoint =
  | 'token'
  | 'authorize'
  | 'authorize_request'
  | 'authorize_accept'
  | 'authorize_reject'
  | 'authorize_resume'
  | 'device_authorization'
  | 'device'
  | 'introspect'
  | 'revoke'
  | 'revoke_grants'
  | 'userinfo'
  | 'end_session'
  | 'end_session_resume'
  | 'jwks'
  | 'openid_configuration'
  | 'authorization_server_metadata'
  | 'manage'
  | 'register'
  | 'health'
  | 'openapi'
  | 'login'
  | 'logout'
  | 'debugger'
  | 'document'
  | 'platform';

// What the mock answers.

/** What a platform puts into the environment of a job. */
export interface Environment {
  variables: Record<string, string>;
  files: { path: string; content: string }[];
}

export interface IssuerInfo {
  /** Empty: the default one. */
  name: string;
  /** The issuer identifier. */
  issuer: string;
  strictness: Strictness;
  /** Seconds since 1970. */
  now: number;
  /** Requests in its journal. */
  journal: number;
}

export interface FaultState extends Fault {
  id: number;
  /** Requests that matched. */
  seen: number;
  /** How often it acted. */
  acted: number;
}

export interface ClockState {
  /** Seconds since 1970. */
  now: number;
  frozen: boolean;
  /** Seconds ahead of the real time. */
  offset: number;
}

export interface Key {
  kid: string;
  alg: Algorithm;
  /** Tokens are signed with it. */
  signs: boolean;
  /** It is in JWKS. */
  published: boolean;
}

/** Which requests: all that is named must be so. */
export interface Filter {
  endpoint?: Endpoint;
  client_id?: string;
  grant_type?: string;
  subject?: string;
  status?: number;
  /** Only those with a greater id. */
  after?: number;
}

/** A request and how it was answered. */
export interface Entry {
  id: number;
  /** By the issuer's clock, seconds since 1970. */
  at: number;
  /** The issuer's name. */
  issuer: string;
  endpoint: Endpoint;
  method: string;
  path: string;
  /** Of query and body; credentials read `[redacted]`. */
  parameters: Record<string, string>;
  client_id?: string;
  grant_type?: string;
  subject?: string;
  /** Absent where the connection was dropped. */
  status?: number;
  /** The error code of the answer. */
  error?: string;
  /** Why it was refused, in the words of the server's log. */
  reason?: string;
  /** The id of the request, which its answer has in `X-Request-Id` and a page as its reference. */
  request_id?: string;
  /** What strict would have refused. */
  waived?: string[];
  /** The faults that acted. */
  faults?: string[];
  /** Which issuer was asked, where another one may have been meant. */
  hint?: string;
}
