//! Client metadata as JSON (RFC 7591 §2), as it stands in `JETON_CLIENTS` and in every store.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    AccessTokenFormat, ClaimsRecord, Client, ClientAuthentication, ClientId, Delivery, Home,
    InvalidClaimNames, InvalidClientId, InvalidKeys, InvalidRedirectUri, KeysRecord, Localhost,
    Pkce, PrivateUse, RedirectRules, RedirectUri, RefreshPolicy, SecretMethod, origin::Origin,
    unsupported,
};
use crate::{
    crypto::SIGNING_ALGORITHMS,
    grant::GrantType,
    record::other_members,
    scope::{InvalidScope, Scope},
    time::{LONGEST_GRANT_LIFETIME, LONGEST_TOKEN_LIFETIME, Seconds, UnixTime},
    unavailable::Misread,
};

mod secret;

pub use secret::SecretRecord;

/// Members that describe the client and that the server does not read (RFC 7591 §2), and
/// `require_auth_time`, which every ID token fulfils.
const DESCRIPTIVE: [&str; 11] = [
    "client_id_issued_at",
    "contacts",
    "logo_uri",
    "policy_uri",
    "response_types",
    "software_id",
    "software_statement",
    "software_version",
    "tos_uri",
    "application_type",
    "require_auth_time",
];

/// The most values in any list of a record: requests are compared with them.
pub const MOST_VALUES: usize = 1000;

/// Client metadata as JSON, not yet checked: [`ClientRecord::parse`] makes a [`Client`] of it.
/// Internationalized members (`client_name#de`) and those that only describe the client are kept
/// but not read.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientRecord {
    /// RFC 7591 §3.2.1.
    pub client_id: String,
    /// RFC 7591 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// RFC 7591 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// RFC 7591 §3.2.1; in configuration only. A store holds `client_secrets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// RFC 7591 §3.2.1: seconds since the epoch, 0 for never. Goes with `client_secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<UnixTime>,
    /// Ours: the client's secrets as hashes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub client_secrets: Vec<SecretRecord>,
    /// RFC 7591 §2: a [`SecretMethod`], `none`, `private_key_jwt`, `federated_jwt` or `spiffe_jwt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    /// RFC 7591 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    /// RFC 7591 §2: tokens separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Ours: what the client may name as `resource` or `audience`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Ours, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<Seconds>,
    /// Ours, after OpenID's `id_token_signed_response_alg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_signed_response_alg: Option<String>,
    /// Ours: `jwt` or `opaque`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_format: Option<AccessTokenFormat>,
    /// OpenID Connect Dynamic Client Registration 1.0 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    /// RFC 7591 §2.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// OpenID Connect RP-Initiated Logout 1.0 §3.1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// Ours; `false` where absent. With it, redirect URIs may have a scheme without a dot (RFC 8252 §7.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any_private_use_scheme: Option<bool>,
    /// Ours; `false` where absent. With it, the port of `http://localhost` is free (RFC 8252 §7.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub localhost_is_loopback: Option<bool>,
    /// Ours; `true` where absent. Without, an OpenID request needs PKCE or a `nonce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_pkce: Option<bool>,
    /// Ours, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime: Option<Seconds>,
    /// Ours, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_idle_lifetime: Option<Seconds>,
    /// Ours, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_grace: Option<Seconds>,
    /// Ours; `true` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_rotation: Option<bool>,
    /// Ours: `body` or `cookie`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_delivery: Option<String>,
    /// Ours; `true` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline_access_required: Option<bool>,
    /// Ours: origins (RFC 6454) whose pages may read the answers of the token endpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// Ours: the client is a login application. In configuration only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<bool>,
    /// Ours; `false` where absent. With it the client is as if it did not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Its public keys, and what its assertions may be like.
    #[serde(flatten)]
    pub keys: KeysRecord,
    /// Ours: which claims go where.
    #[serde(flatten)]
    pub claims: ClaimsRecord,
    /// All other members.
    #[serde(flatten, deserialize_with = "other_members")]
    pub other: BTreeMap<String, Value>,
}

/// Why a [`ClientRecord`] is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClient {
    /// Not JSON, or a member of the wrong type.
    #[error("{0}")]
    Json(String),
    /// A list with more than [`MOST_VALUES`] values.
    #[error("{0}: more than {MOST_VALUES} values")]
    TooMany(&'static str),
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
    /// `id_token_claims`, `access_token_claims`, `userinfo_claims` or `client_claims`.
    #[error(transparent)]
    Claims(#[from] InvalidClaimNames),
    /// `access_token_lifetime`.
    #[error("access_token_lifetime: {0} is not between 1 and {max} seconds", max = LONGEST_TOKEN_LIFETIME.0)]
    Lifetime(u64),
    /// `access_token_signed_response_alg`.
    #[error("access_token_signed_response_alg: {0:?} is none of ES256, EdDSA, RS256")]
    Algorithm(String),
    /// `redirect_uris` or `post_logout_redirect_uris`.
    #[error("redirect_uris: {0}")]
    RedirectUri(#[from] InvalidRedirectUri),
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
        "client_secret: a stored record has client_secrets, which are hashes; `jeton client new` makes one"
    )]
    PlainSecret,
    /// A member that asks for a protection which is not there.
    #[error("{0}: there is no such protection here, so the client would be without it")]
    Unsupported(&'static str),
    /// `login`.
    #[error("login: only a confidential client of JETON_CLIENTS can be a login application")]
    Login,
}

impl Client {
    /// Parses a stored record. Unknown members are ignored, so that an older release reads what a
    /// newer one wrote.
    ///
    /// # Errors
    /// The text is not JSON, a member is invalid or asks for a protection that is not there, or the
    /// record has what only `JETON_CLIENTS` may have: a plain secret, a login application.
    pub fn from_record(json: &str) -> Result<Self, InvalidClient> {
        let record = serde_json::from_str::<ClientRecord>(json)
            .map_err(|error| InvalidClient::Json(Misread(&error).to_string()))?;
        // Who can write the store must not become who logs people in.
        if record.login == Some(true) {
            return Err(InvalidClient::Login);
        }
        // Who can read the store must not learn a secret.
        if record.client_secret.is_some() {
            return Err(InvalidClient::PlainSecret);
        }
        record.parse()
    }
}

/// Shows the record as JSON, without secrets and without members that are not read.
impl fmt::Debug for ClientRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redacted = || "[redacted]".to_owned();
        let shown = Self {
            client_secret: self.client_secret.as_ref().map(|_| redacted()),
            client_secrets: Vec::new(),
            other: BTreeMap::new(),
            ..self.clone()
        };
        let json = serde_json::to_string(&shown).map_err(|_| fmt::Error)?;
        write!(f, "ClientRecord({json})")
    }
}

impl ClientRecord {
    /// The first member that is neither read, nor descriptive, nor internationalized.
    #[must_use]
    pub fn unknown_member(&self) -> Option<&str> {
        self.other.keys().map(String::as_str).find(|name| {
            !DESCRIPTIVE.contains(name) && !unsupported::is_known(name) && !name.contains('#')
        })
    }

    /// The client of this record, with every member checked and a plain secret hashed.
    ///
    /// # Errors
    /// The first member that is invalid.
    pub fn parse(self) -> Result<Client, InvalidClient> {
        self.check_lengths()?;
        let id = ClientId::from_str(&self.client_id)?;
        if let Some(member) = unsupported::first_asked_for(&self.other) {
            return Err(InvalidClient::Unsupported(member));
        }
        let authentication = self.authentication()?;
        let grant_types = match &self.grant_types {
            None => vec![GrantType::AuthorizationCode],
            Some(names) => names
                .iter()
                .map(|name| {
                    GrantType::from_name(name).ok_or_else(|| InvalidClient::GrantType(name.clone()))
                })
                .collect::<Result<_, _>>()?,
        };
        let scope = self.scope.as_deref().unwrap_or_default().parse::<Scope>()?;
        if self.audiences.iter().any(String::is_empty) {
            return Err(InvalidClient::Audience);
        }
        if let Some(lifetime) = self.access_token_lifetime
            && !(Seconds(1)..=LONGEST_TOKEN_LIFETIME).contains(&lifetime)
        {
            return Err(InvalidClient::Lifetime(lifetime.0));
        }
        let algorithm = |name: Option<&str>| name.map(signing_algorithm).transpose();
        let redirect_uris = self.redirects(&self.redirect_uris)?;
        if self.grant_types.is_some()
            && grant_types.contains(&GrantType::AuthorizationCode)
            && redirect_uris.is_empty()
        {
            return Err(InvalidClient::NoRedirectUri);
        }
        let public = authentication == ClientAuthentication::None;
        let pkce = match self.require_pkce {
            None | Some(true) => Pkce::Required,
            Some(false) if public => return Err(InvalidClient::PublicWithoutPkce),
            Some(false) => Pkce::OrNonce,
        };
        let login = self.login.unwrap_or(false);
        if login && public {
            return Err(InvalidClient::Login);
        }
        Ok(Client {
            refresh: self.refresh_policy(&authentication)?,
            post_logout_redirect_uris: self.redirects(&self.post_logout_redirect_uris)?,
            access_token_signed_response_alg: algorithm(
                self.access_token_signed_response_alg.as_deref(),
            )?,
            id_token_signed_response_alg: algorithm(self.id_token_signed_response_alg.as_deref())?,
            id,
            name: self.client_name,
            home: self.client_uri.as_deref().and_then(Home::of),
            authentication,
            grant_types,
            scope,
            audiences: self.audiences,
            access_token_lifetime: self.access_token_lifetime,
            access_token_format: self.access_token_format.unwrap_or_default(),
            claims: self.claims.parse()?,
            redirect_uris,
            pkce,
            login,
            disabled: self.disabled.unwrap_or(false),
        })
    }

    /// These texts as redirect URIs of the client, by what it opts into.
    fn redirects(&self, texts: &[String]) -> Result<Vec<RedirectUri>, InvalidRedirectUri> {
        let rules = RedirectRules {
            private_use: match self.any_private_use_scheme {
                Some(true) => PrivateUse::Any,
                Some(false) | None => PrivateUse::WithDot,
            },
            localhost: match self.localhost_is_loopback {
                Some(true) => Localhost::Loopback,
                Some(false) | None => Localhost::Name,
            },
        };
        let texts = texts.iter();
        texts.map(|text| RedirectUri::parse(text, rules)).collect()
    }

    fn check_lengths(&self) -> Result<(), InvalidClient> {
        for (member, length) in [
            ("client_secrets", self.client_secrets.len()),
            ("grant_types", self.grant_types.as_ref().map_or(0, Vec::len)),
            ("audiences", self.audiences.len()),
            ("redirect_uris", self.redirect_uris.len()),
            (
                "post_logout_redirect_uris",
                self.post_logout_redirect_uris.len(),
            ),
            ("allowed_origins", self.allowed_origins.len()),
        ]
        .into_iter()
        .chain(self.claims.lengths())
        {
            if length > MOST_VALUES {
                return Err(InvalidClient::TooMany(member));
            }
        }
        Ok(())
    }

    fn refresh_policy(
        &self,
        authentication: &ClientAuthentication,
    ) -> Result<RefreshPolicy, InvalidClient> {
        let default = RefreshPolicy::default();
        let rotation = self.refresh_token_rotation.unwrap_or(true);
        if *authentication == ClientAuthentication::None && !rotation {
            return Err(InvalidClient::PublicWithoutRotation);
        }
        let has_cookie = self.refresh_token_delivery.as_deref() == Some("cookie");
        for origin in &self.allowed_origins {
            match Origin::of(origin) {
                None => return Err(InvalidClient::Origin(origin.clone())),
                Some(Origin::App) if has_cookie => {
                    return Err(InvalidClient::CookieOrigin(origin.clone()));
                }
                Some(Origin::App | Origin::Website) => {}
            }
        }
        let allowed_origins = self.allowed_origins.clone();
        let delivery = match self.refresh_token_delivery.as_deref() {
            None | Some("body") => Delivery::Body { allowed_origins },
            Some("cookie") if !allowed_origins.is_empty() => Delivery::Cookie { allowed_origins },
            Some(_) => return Err(InvalidClient::Delivery),
        };
        Ok(RefreshPolicy {
            lifetime: bounded_length(
                "refresh_token_lifetime",
                self.refresh_token_lifetime,
                default.lifetime,
                (1, LONGEST_GRANT_LIFETIME.0),
            )?,
            idle_lifetime: bounded_length(
                "refresh_token_idle_lifetime",
                self.refresh_token_idle_lifetime,
                default.idle_lifetime,
                (1, LONGEST_GRANT_LIFETIME.0),
            )?,
            grace: bounded_length(
                "refresh_token_grace",
                self.refresh_token_grace,
                default.grace,
                (0, 300),
            )?,
            rotation,
            offline_access_required: self.offline_access_required.unwrap_or(true),
            delivery,
        })
    }
}

/// The length of time that `member` gives, or the default; refused outside of its bounds.
fn bounded_length(
    member: &'static str,
    given: Option<Seconds>,
    default: Seconds,
    (least, most): (u64, u64),
) -> Result<Seconds, InvalidClient> {
    let length = given.unwrap_or(default);
    if (least..=most).contains(&length.0) {
        return Ok(length);
    }
    Err(InvalidClient::RefreshLifetime {
        member,
        given: length.0,
        least,
        most,
    })
}

fn signing_algorithm(name: &str) -> Result<Algorithm, InvalidClient> {
    name.parse::<Algorithm>()
        .ok()
        .filter(|algorithm| SIGNING_ALGORITHMS.contains(algorithm))
        .ok_or_else(|| InvalidClient::Algorithm(name.to_owned()))
}

#[cfg(test)]
mod tests;
