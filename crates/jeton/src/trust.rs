//! Trust: which tokens of other issuers stand for which of our clients, without a secret.
//!
//! One document for each issuer: where its keys are, and up to [`MOST_RULES`] rules, so that a request
//! reads one document. A rule names a client, and conditions that a token must meet to stand for it.
//!
//! A document about our own issuer is read where a token of ours is exchanged. Its rules make no token stand
//! for anybody: they open audiences, let a client go unnamed, and narrow.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{client::ClientId, jwk::PublicJwks, scope::Scope, time::Seconds};

mod condition;
mod danger;
mod pins;
mod platform;
mod record;
mod spiffe;

pub use condition::{ClaimPath, Condition, Scalar, Test};
pub use danger::{Danger, dangers};
pub(crate) use record::is_issuer;
pub use record::{ConditionRecord, InvalidRule, InvalidTrust, RuleRecord, TrustRecord};
pub use spiffe::{SPIFFE_SCHEME, trust_domain_of};

/// The most rules of one issuer. All may be asked of one token.
pub const MOST_RULES: usize = 100;

/// The most conditions of one rule, and the most values of one condition.
pub const MOST_CONDITIONS: usize = 50;

/// An issuer whose tokens stand for clients of ours, by its rules. Parsed: everything has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// `issuer`: its tokens' `iss`, compared to the byte. Of SPIFFE the trust domain, `spiffe://…`, which
    /// stands in `sub`.
    pub issuer: String,
    /// Where its keys are.
    pub keys: KeySource,
    /// `algorithms`: those that its tokens may be signed by. Never empty.
    pub algorithms: Vec<Algorithm>,
    /// `disabled`: none of its tokens stands for anybody.
    pub disabled: bool,
    /// `rules`.
    pub rules: Vec<Rule>,
}

/// Where the keys of an issuer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Its metadata says so (OpenID Connect Discovery 1.0 §4): neither `jwks_uri` nor `jwks` is given.
    Discovery,
    /// `jwks_uri`: at this URL. Of SPIFFE, its bundle endpoint.
    Uri(String),
    /// `jwks`: here.
    Pasted(PublicJwks),
}

/// A rule: a token of the issuer that meets all conditions stands for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `name`: unique within its document. For the audit.
    pub name: String,
    /// `disabled`: the rule is never met.
    pub disabled: bool,
    /// `audience`: the one audience of the token (RFC 7519 §4.1.3). `None`: our issuer identifier.
    pub audience: Option<String>,
    /// `conditions`: all must be met.
    pub conditions: Vec<Condition>,
    /// `client_id`: the client that the token stands for.
    pub client_id: ClientId,
    /// `scope`: all that it is for, of what the client may ask for. `None`: all of that.
    pub scope: Option<Scope>,
    /// `audiences`: the same, of the client's audiences. `None`: all of these.
    pub audiences: Option<Vec<String>>,
    /// `access_token_lifetime`: the longest, in seconds. No token lives longer than the assertion anyway.
    pub access_token_lifetime: Option<Seconds>,
    /// `single_use`: each token of the issuer stands for the client once, by its `jti`.
    pub single_use: bool,
    /// `subject`: whom the tokens that are issued are about.
    pub subject: Subject,
    /// `impersonation`: a token exchanged by this rule does not name who acts (RFC 8693 §1.1).
    pub impersonation: bool,
    /// `accepted_dangers`: those that whoever wrote the rule knows of.
    pub accepted_dangers: Vec<Danger>,
}

/// The subject of the tokens that are issued by a rule: `subject`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// `client`: the client itself (RFC 9068 §2.2).
    #[default]
    Client,
    /// `hashed`: a hash of the token's issuer and subject, see [`hashed_subject`].
    Hashed,
}

/// The subject that stands for `subject` of another `issuer`: `jfs_ ‖ base64url(SHA-256(part(issuer)
/// part(subject)))`, a part being its length as u64 big-endian and its bytes. The same in every
/// deployment and for ever; no two issuers can name the same one.
#[must_use]
pub fn hashed_subject(issuer: &str, subject: &str) -> String {
    format!("jfs_{}", URL_SAFE_NO_PAD.encode(digest_of(issuer, subject)))
}

/// The SHA-256 of a name that an issuer gives, with the issuer: `part(issuer) part(name)`, so that no two
/// issuers run together to the same bytes.
pub(crate) fn digest_of(issuer: &str, name: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [issuer, name] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
