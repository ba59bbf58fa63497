//! Jeton's core: an OAuth 2.0 authorization server as a function of a request, its stores, its
//! cryptography and the time.
//!
//! ```text
//! Server::handle(http::Request<Bytes>, Arrival, budget) -> http::Response<Bytes>
//! ```
//!
//! Hosts convert bytes, call, and convert back. Nothing here names a runtime, a platform, a clock,
//! a socket or a random generator: those come in through the traits of a [`Host`] ([`Registry`],
//! [`Ledger`], [`Crypto`], [`Fetch`]), the [`Arrival`] of a request, and a future that ends its budget.
//!
//! Read it from the top. Each part knows only those to its right:
//!
//! ```text
//! server → endpoint → {authentication, grant} → issue → issuer
//!        → {jose, seal, token, registry, ledger, keys} → {client, config}
//!        → {jwk, scope, time, crypto, document}
//! ```
//!
//! - `server` finds the endpoint of a request and presents what went wrong.
//! - `endpoint` has one file an endpoint, `authentication` one a method by which clients prove
//!   themselves, `grant` one a `grant_type`.
//! - `issue` makes the tokens of a response.
//! - `issuer` is the deployment: configuration, stores, keys; the same for every request.
//! - Below it are the formats: JWTs (`jose`), sealed values (`seal`), codes and refresh tokens
//!   (`token`); the stores (`registry`, `ledger`); and the keys of the moment (`keys`).
//!
//! Beside them stand `refusal` (why a request is refused, and the wire error of each reason) and
//! `fetch` (requests to servers of others).

mod access_token;
mod apart;
mod api;
mod arrival;
mod assertion;
mod attached_claims;
mod audit;
mod authentication;
mod authorization_response;
mod claims;
mod client;
mod client_ids;
mod config;
mod cookie;
mod cors;
mod crypto;
mod delegation;
mod disclosure;
mod document;
mod endpoint;
mod fetch;
mod foreign_keys;
mod foreign_token;
mod grant;
mod host;
mod inserted;
mod inside;
mod issue;
mod issuer;
mod jose;
pub mod json;
mod jwk;
mod keys;
mod ledger;
mod limits;
mod management_scope;
mod mode;
mod needs;
pub mod page;
mod parameters;
mod prefix;
mod public_document;
mod record;
mod refusal;
mod registration;
mod registration_token;
mod registry;
mod request;
mod response;
mod route;
mod scope;
mod seal;
mod secret;
mod secret_use;
mod server;
mod shown_subject;
mod target;
mod time;
mod token;
mod trust;
mod unavailable;

pub use access_token::{Audience, revoked_marker};
pub use apart::apart;
pub use api::{Api, ApiRecord, ClientMember, InvalidApi, SelfRegistered};
pub use arrival::{Arrival, BODY_TIMEOUT, BUDGET, InvalidRequestId, RequestId, within};
pub use audit::{Audit, LONGEST_LINE, Moment, REQUEST_ID};
pub use authentication::{ClientAssertion, Presented, Proof};
pub use claims::{
    InvalidClaims, InvalidObject, LONGEST_CLAIMS, LONGEST_TOKEN_CLAIMS, check_claims, may_be_given,
    parse_object, read_claims, reserved_claim, scope_of as scope_of_claim,
};
pub use client::{
    AccessTokenFormat, Ceiling, CeilingRecord, ClaimsRecord, Client, ClientAuthentication,
    ClientId, ClientKeys, ClientRecord, ClientSecret, Delivery, GrantedApi, Home, InvalidCeiling,
    InvalidClaimNames, InvalidClient, InvalidClientId, InvalidKeys, InvalidNamedApi,
    InvalidRedirectUri, InvalidSubjectType, KeysRecord, Localhost, MOST_VALUES, NamedApi,
    NamedApiRecord, NewSecret, Pkce, PrivateKeyJwt, PrivateUse, RedirectRules, RedirectUri,
    RefreshPolicy, RegisteredClaims, Registration, RegistrationRecord, RegistrationToken,
    RegistrationTokenRecord, SecretHash, SecretMethod, SecretRecord, Sector, SubjectType,
};
pub use config::{
    Config, ConfigError, Frame, InvalidIssuer, IssuerIdentifier, Mistake, Mistakes, SETTINGS,
    Setting, Theme, UnregisteredScopes,
};
pub use cookie::{COOKIE_PREFIXES, Cookie, separate_cookies};
pub use crypto::{Crypto, CryptoError, SIGNING_ALGORITHMS, VERIFICATION_ALGORITHMS};
pub use document::{Document, Expected, Put, Version};
pub use endpoint::{
    authorize::handoff::LONGEST_SUBJECT,
    management::{Managed, merge, path_segment},
};
pub use fetch::{
    Arriving, Documents, Fetch, Fetched, ForeignUrl, Found, LONGEST_HEAD, Loopback, MOST_HEADERS,
    MemoryFetch, Outgoing, Reach, Unreachable, get_json,
};
pub use foreign_token::{Examination, Examiner, Signature};
pub use grant::GrantType;
pub use host::{Capabilities, Host};
pub use inside::{Connecting, Inside, LoginSeal, People, Renewed, Renewing};
pub use jose::{JwtFault, LONGEST_JWT, UnverifiedJwt, VerifiedJwt};
pub use jwk::{
    InvalidJwks, InvalidPublicJwks, InvalidRsa, MOCK_MEMBER, Point, PrivateKey, PublicJwk,
    PublicJwks, PublicKey, RsaPublicKey, UnusableJwk,
};
pub use keys::{EPOCH, signing_key};
pub use ledger::{
    Advance, Attachment, AttachmentId, Attempt, Claims, Decision, Grant, GrantId, GrantState,
    INDEX_PAGE, Id128, LONGEST_PERSONAL, Ledger, Marker, MemoryLedger, Opened, PersonalKey,
    PersonalRecord, PersonalTooLong, Replacement, RequestedClaims, SLACK, Step, SubjectKey, Unmet,
    rotation, transition,
};
pub use limits::{LIMITS, Limit};
pub use management_scope::MANAGEMENT_SCOPES;
pub use mode::{InvalidMode, Mode};
pub use parameters::{BODY_LIMIT, InvalidParameters, MOST_AUDIENCES, MOST_PARAMETERS, Parameters};
pub use prefix::credential_prefixes;
pub use refusal::{AssertionFault, ClientFault, ErrorCode, Fault};
pub use registry::{
    Collection, Cursor, CutOff, InvalidRealm, Key, Kind, MemoryRegistry, PAGE, Page, Reading,
    Realm, Registry, put_cut_off,
};
pub use request::REQUEST_HEADERS;
pub use route::{endpoints, in_front_of_issuer, unstripped};
pub use scope::{InvalidScope, MOST_SCOPE_TOKENS, Scope};
pub use secret::{
    Guessable, InvalidPairwiseSalt, InvalidSecret, PUBLIC_PREFIX, PUBLIC_SECRET, PairwiseSalt,
    Secrets,
};
pub use secret_use::SecretUse;
pub use server::{InvalidManagementToken, LONGEST_MANAGEMENT_TOKEN, ManagementToken, Server};
pub use time::{LEEWAY, LONGEST_GRANT_LIFETIME, LONGEST_TOKEN_LIFETIME, Seconds, UnixTime};
pub use token::grant_of_refresh_token;
pub use trust::{
    ClaimPath, Condition, ConditionRecord, Danger, InvalidRule, InvalidTrust, KeySource,
    MOST_CONDITIONS, MOST_RULES, Rule, RuleRecord, SPIFFE_SCHEME, Scalar, Subject, Test,
    TrustRecord, TrustedIssuer, dangers, hashed_subject, trust_domain_of,
};
pub use unavailable::Unavailable;
