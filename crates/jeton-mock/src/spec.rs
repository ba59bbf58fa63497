//! The mock described: one set of types for the configuration file, the control API and the Rust
//! builder. A name that is not here is refused in all three.

use std::{collections::BTreeMap, fmt};

use jeton::{ApiRecord, ClientRecord, TrustRecord};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::platform::PlatformSpec;

mod claim_place;
mod claims;
mod client;
mod custom;
mod delay;
mod effect;
mod endpoint;
mod fault;
mod grant;
mod oauth_error;
mod private_jwk;
mod profile;
mod token_fault;
mod user;

pub use claim_place::ClaimPlace;
pub use claims::{ClaimMatch, ClaimRule};
pub use client::ClientSpec;
pub use custom::CustomResponse;
pub use delay::Delay;
pub(crate) use delay::LONGEST_DELAY;
pub use effect::{Effect, FAULT_NAMES, InvalidEffect};
pub(crate) use endpoint::before;
pub use endpoint::{Endpoint, UnknownEndpoint};
pub use fault::{Fault, Matcher, TokenKind};
pub use grant::Grant;
pub use jeton_rules::{InvalidPattern, InvalidSpec, Pattern};
pub use oauth_error::OAuthError;
pub use private_jwk::PrivateJwk;
pub use profile::{
    Credential, DocumentSpec, Ending, ErrorMatch, ErrorSpec, ParameterSpec, ProfileSpec,
    ResponseFormat, ScopePart,
};
pub use token_fault::TokenFault;
pub use user::User;

/// Whether production's rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// Any client, any secret, any redirect, any scope, any audience.
    #[default]
    Lenient,
    /// Only known clients, and exactly production's answers.
    Strict,
}

/// A whole mock: what a configuration file says.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a mock: a table of its settings"
)]
pub struct MockSpec {
    /// What keys are derived from, with the issuer's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// How strict every issuer is that does not say otherwise.
    pub strictness: Strictness,
    /// Address to listen on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Port to listen on; 0 for any free one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "port")]
    pub port: Option<u16>,
    /// TLS, besides plain HTTP, on the same port.
    pub https: bool,
    /// The default issuer's identifier; the others lie beneath.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_url: Option<String>,
    /// The origin browsers reach it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser_url: Option<String>,
    /// The origin backends reach it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_url: Option<String>,
    /// Take the issuer from `Host` and `X-Forwarded-*` instead.
    pub trust_host: bool,
    /// What every issuer starts with.
    pub issuer: IssuerSpec,
    /// Issuers that start otherwise, by name.
    pub issuers: BTreeMap<String, IssuerSpec>,
    /// Profiles besides the bundled ones, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub profiles: BTreeMap<String, ProfileSpec>,
}

/// Without the seed, which is as good as the keys.
impl fmt::Debug for MockSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockSpec")
            .field("seed", &self.seed.as_ref().map(|_| "[redacted]"))
            .field("strictness", &self.strictness)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("https", &self.https)
            .field("issuer_url", &self.issuer_url)
            .field("browser_url", &self.browser_url)
            .field("backend_url", &self.backend_url)
            .field("trust_host", &self.trust_host)
            .field("issuer", &self.issuer)
            .field("issuers", &self.issuers)
            .field("profiles", &self.profiles)
            .finish()
    }
}

fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let given = serde_json::Value::deserialize(deserializer)?;
    let port = given.as_u64().and_then(|number| u16::try_from(number).ok());
    port.map(Some).ok_or_else(|| {
        let wrong = format_args!("port: expected a port number, 0 to 65535, not {given}");
        de::Error::custom(wrong)
    })
}

/// One issuer. An absent member is the template's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "an issuer: a table of users, clients, APIs, claims, faults and settings"
)]
pub struct IssuerSpec {
    /// The vendor it answers like, by the name of a profile; `none`, where its own name has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Whether production's rules hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strictness: Option<Strictness>,
    /// What it signs with; the first is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_algs: Option<Vec<Algorithm>>,
    /// What it signs with in place of keys of the seed: of each algorithm the first signs, and all are
    /// published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<PrivateJwk>>,
    /// How long access tokens live, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<u64>,
    /// The `sub` of the user who is logged in without being asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_login: Option<String>,
    /// The grants that the mock has besides the server's. Absent: all where it is lenient, none where it is
    /// strict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<Grant>>,
    /// Where the claims of users are beside `/userinfo`, for a client whose record does not list any. Absent:
    /// in ID tokens and in introspection where it is lenient, and where it is strict only as records and
    /// requests have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_claims: Option<Vec<ClaimPlace>>,
    /// The time it starts at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockSpec>,
    /// The users that the login page offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<User>>,
    /// RFC 7591 metadata, as in `JETON_CLIENTS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<ClientRecord>>,
    /// The APIs that tokens are for, as in `JETON_APIS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apis: Option<Vec<ApiRecord>>,
    /// The issuers whose tokens stand for clients, as in `JETON_TRUST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Vec<TrustRecord>>,
    /// The rules for what tokens and answers say besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<ClaimRule>>,
    /// The faults that act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faults: Option<Vec<Fault>>,
    /// The platform that it stands in for, with the job that it vouches for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<PlatformSpec>,
}

impl IssuerSpec {
    /// This, with `template`'s members where it has none.
    #[must_use]
    pub fn over(self, template: &Self) -> Self {
        let template = template.clone();
        Self {
            profile: self.profile.or(template.profile),
            strictness: self.strictness.or(template.strictness),
            signing_algs: self.signing_algs.or(template.signing_algs),
            keys: self.keys.or(template.keys),
            access_token_lifetime: self
                .access_token_lifetime
                .or(template.access_token_lifetime),
            auto_login: self.auto_login.or(template.auto_login),
            grants: self.grants.or(template.grants),
            user_claims: self.user_claims.or(template.user_claims),
            clock: self.clock.or(template.clock),
            users: self.users.or(template.users),
            clients: self.clients.or(template.clients),
            apis: self.apis.or(template.apis),
            trust: self.trust.or(template.trust),
            claims: self.claims.or(template.claims),
            faults: self.faults.or(template.faults),
            platform: self.platform.or(template.platform),
        }
    }
}

/// How a clock is moved: each member that is given, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a clock: a table of set, advance, freeze, reset"
)]
pub struct ClockSpec {
    /// Follow the real time again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<bool>,
    /// It is this time now, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<u64>,
    /// So many seconds later; earlier where negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advance: Option<i64>,
    /// Whether it stands still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze: Option<bool>,
}
