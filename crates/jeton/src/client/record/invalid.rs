//! Why client metadata is refused.

use crate::{
    client::{
        authentication::SecretMethod, ceiling::InvalidCeiling, claims::InvalidClaimNames,
        id::InvalidClientId, keys::InvalidKeys, named_api::InvalidNamedApi,
        redirect::InvalidRedirectUri, subject_type::InvalidSubjectType,
    },
    grant::GrantType,
    json::InvalidJson,
    scope::InvalidScope,
    time::LONGEST_TOKEN_LIFETIME,
};

/// The most values in any list of a record: requests are compared with them.
pub const MOST_VALUES: usize = 1000;

/// The longest label, in bytes: an API may have it in tokens.
pub(crate) const LONGEST_LABEL: usize = 255;

/// Why a [`ClientRecord`] is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClient {
    /// Not JSON, or a member of the wrong type.
    #[error(transparent)]
    Json(#[from] InvalidJson),
    /// A list with more than [`MOST_VALUES`] values.
    #[error("{0}: more than {MOST_VALUES} values")]
    TooMany(&'static str),
    /// `labels`.
    #[error("labels: one is longer than {LONGEST_LABEL} bytes")]
    Label,
    /// `client_id`.
    #[error("client_id: {0}")]
    Id(#[from] InvalidClientId),
    /// `client_secrets[].sha256`.
    #[error("client_secrets: sha256 must be 43 characters of base64url, the SHA-256 of the secret")]
    SecretHash,
    /// A confidential client without a secret, or a public one with one.
    #[error(
        "token_endpoint_auth_method is {method:?}, so the client must {must} client_secret or client_secrets"
    )]
    Secret {
        /// As written, or the default.
        method: String,
        /// `have a` or `not have a`.
        must: &'static str,
    },
    /// `token_endpoint_auth_method`.
    #[error("token_endpoint_auth_method: {0:?} is none of {names}, none, private_key_jwt, federated_jwt, spiffe_jwt", names = SecretMethod::names())]
    AuthMethod(String),
    /// `jwks`, `jwks_uri`, or what goes with them.
    #[error(transparent)]
    Keys(#[from] InvalidKeys),
    /// `grant_types`.
    #[error("grant_types: {0:?} is none of {names}", names = GrantType::names())]
    GrantType(String),
    /// `scope`.
    #[error("scope: {0}")]
    Scope(#[from] InvalidScope),
    /// `audiences`.
    #[error("audiences: an audience must not be empty")]
    Audience,
    /// `apis`.
    #[error(transparent)]
    Apis(#[from] InvalidNamedApi),
    /// `id_token_claims`, `access_token_claims`, `userinfo_claims` or `client_claims`.
    #[error(transparent)]
    Claims(#[from] InvalidClaimNames),
    /// `access_token_lifetime`.
    #[error("access_token_lifetime: {0} is not between 1 and {max} seconds", max = LONGEST_TOKEN_LIFETIME.0)]
    Lifetime(u64),
    /// `access_token_signed_response_alg` or `id_token_signed_response_alg`.
    #[error("{member}: {name:?} is none of ES256, EdDSA, RS256")]
    Algorithm {
        /// The member.
        member: &'static str,
        /// As written.
        name: String,
    },
    /// `subject_type` or `sector_identifier_uri`.
    #[error(transparent)]
    SubjectType(#[from] InvalidSubjectType),
    /// `redirect_uris` or `post_logout_redirect_uris`.
    #[error("{member}: {why}")]
    RedirectUri {
        /// The member.
        member: &'static str,
        /// What is wrong.
        why: InvalidRedirectUri,
    },
    /// `grant_types` has `authorization_code`, and there is nowhere to send the code.
    #[error("redirect_uris: the grant authorization_code needs at least one")]
    NoRedirectUri,
    /// `require_pkce`.
    #[error("require_pkce: a public client always needs PKCE (RFC 9700 section 2.1.1)")]
    PublicWithoutPkce,
    /// `refresh_token_rotation`.
    #[error(
        "refresh_token_rotation: a public client's refresh tokens rotate (RFC 9700 section 2.2.2)"
    )]
    PublicWithoutRotation,
    /// `renew_claims`.
    #[error(
        "renew_claims: claims are kept with the step that rotates the refresh token, which \
         refresh_token_rotation false takes away"
    )]
    RenewedWithoutRotation,
    /// One of the refresh token lifetimes.
    #[error("{member}: {given} is not between {least} and {most} seconds")]
    RefreshLifetime {
        /// The member.
        member: &'static str,
        /// As written.
        given: u64,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// `refresh_token_delivery`.
    #[error("refresh_token_delivery: body, or cookie together with allowed_origins")]
    Delivery,
    /// `allowed_origins`.
    #[error(
        "allowed_origins: {0:?} is no origin as browsers send it: scheme, host and port, without path and wildcard, such as https://app.example.com or capacitor://localhost"
    )]
    Origin(String),
    /// `allowed_origins` with `refresh_token_delivery` `cookie`.
    #[error(
        "allowed_origins: {0:?} is no website's, and browsers keep SameSite=Strict cookies from all others; refresh_token_delivery is body for it"
    )]
    CookieOrigin(String),
    /// `client_secret` in a stored record.
    #[error(
        "client_secret: a stored record has client_secrets, which are hashes; `jeton keys new --client` makes one"
    )]
    PlainSecret,
    /// A member that asks for a protection which is not there.
    #[error("{0}: there is no such protection here, so the client would be without it")]
    Unsupported(&'static str),
    /// The id of the client that is built in.
    #[error("client_id: jeton-cli is the client that is built in")]
    BuiltIn,
    /// A tombstone.
    #[error("deleted_at: the client was deleted")]
    Deleted,
    /// `registration_ceiling`, or the ceiling in `registration`.
    #[error("{member}: {why}")]
    Ceiling {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        why: InvalidCeiling,
    },
    /// `registration.tokens[].sha256`.
    #[error("registration: sha256 must be 43 characters of base64url, the SHA-256 of the token")]
    RegistrationToken,
    /// `login`.
    #[error("login: only a confidential client of JETON_CLIENTS can be a login application")]
    Login,
}
