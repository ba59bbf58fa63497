//! How a client proves itself by a key of its own: `private_key_jwt` (RFC 7523 §2.2).

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    fetch::{Loopback, Reach, Unreachable},
    jwk::{InvalidPublicJwks, PublicJwks, verification_algorithm},
    record::object_or_null,
    time::Seconds,
};

/// How long before its `exp` an assertion may be sent, where the record does not say.
pub(crate) const USUAL_ASSERTION_LIFETIME: Seconds = Seconds(300);

/// The longest that a record may say: some libraries make assertions for an hour.
const LONGEST_LIFETIME: Seconds = Seconds(3600);

/// What a client's assertions are verified by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateKeyJwt {
    /// `jwks` or `jwks_uri`.
    pub keys: ClientKeys,
    /// `token_endpoint_auth_signing_alg`; `None`: every algorithm that is verified.
    pub algorithm: Option<Algorithm>,
    /// `token_endpoint_is_audience` (ours): the URL of the token endpoint is an audience of its
    /// assertions as well. RFC 10070 leaves the issuer identifier alone.
    pub token_endpoint_is_audience: bool,
    /// `client_assertion_lifetime` (ours): how far ahead `exp` may be.
    pub longest_lifetime: Seconds,
    /// `client_assertion_single_use` (ours): each assertion is accepted once, by its `jti`.
    pub single_use: bool,
}

/// Where a client's public keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientKeys {
    /// `jwks_uri`: at this URL.
    Uri(String),
    /// `jwks`: in its record.
    Here(PublicJwks),
}

/// The members of a client's record about its keys, as JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeysRecord {
    /// RFC 7591 §2: the public keys themselves.
    #[serde(
        deserialize_with = "object_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub jwks: Option<Value>,
    /// RFC 7591 §2: where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// OpenID Connect Dynamic Client Registration 1.0 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// Ours; `false` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_is_audience: Option<bool>,
    /// Ours, in seconds; 300 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion_lifetime: Option<Seconds>,
    /// Ours; `true` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion_single_use: Option<bool>,
}

/// Why the [`KeysRecord`] of a client is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeys {
    /// Both of `jwks` and `jwks_uri`.
    #[error("jwks, jwks_uri: one of them (RFC 7591 section 2)")]
    Two,
    /// `private_key_jwt` without keys.
    #[error("jwks, jwks_uri: private_key_jwt needs one of them")]
    Missing,
    /// `jwks`.
    #[error("jwks: {0}")]
    Jwks(#[from] InvalidPublicJwks),
    /// `jwks` without a key that verifies.
    #[error("jwks: no key in it can verify a signature")]
    NoKey,
    /// `jwks` without a key of the one algorithm.
    #[error("jwks: no key in it fits token_endpoint_auth_signing_alg {0}")]
    NoKeyOfAlgorithm(String),
    /// `jwks_uri`.
    #[error("jwks_uri: {0}")]
    Uri(#[from] Unreachable),
    /// `token_endpoint_auth_signing_alg`.
    #[error("token_endpoint_auth_signing_alg: {0:?} is none of ES256, ES384, EdDSA, RS256, PS256")]
    Algorithm(String),
    /// `client_assertion_lifetime`.
    #[error("client_assertion_lifetime: {0} is not between 1 and {max} seconds", max = LONGEST_LIFETIME.0)]
    Lifetime(u64),
    /// A member that only a client with keys may have.
    #[error("{0}: goes with token_endpoint_auth_method private_key_jwt")]
    WithoutKeys(&'static str),
}

impl KeysRecord {
    /// What a client of `private_key_jwt` is verified by.
    pub(super) fn parse(&self) -> Result<PrivateKeyJwt, InvalidKeys> {
        let keys = match (&self.jwks, &self.jwks_uri) {
            (Some(_), Some(_)) => return Err(InvalidKeys::Two),
            (None, None) => return Err(InvalidKeys::Missing),
            (Some(set), None) => {
                let keys = PublicJwks::from_value(set)?;
                if keys.is_empty() {
                    return Err(InvalidKeys::NoKey);
                }
                ClientKeys::Here(keys)
            }
            (None, Some(uri)) => {
                // Whether this deployment may reach it is asked when it does.
                Reach::new("", Loopback::Admitted).url(uri)?;
                ClientKeys::Uri(uri.clone())
            }
        };
        let algorithm = match &self.token_endpoint_auth_signing_alg {
            None => None,
            Some(name) => {
                let known = verification_algorithm(name);
                Some(known.ok_or_else(|| InvalidKeys::Algorithm(name.clone()))?)
            }
        };
        if let (ClientKeys::Here(keys), Some(algorithm)) = (&keys, algorithm)
            && keys.candidates(None, algorithm).next().is_none()
        {
            let name = self.token_endpoint_auth_signing_alg.clone();
            return Err(InvalidKeys::NoKeyOfAlgorithm(name.unwrap_or_default()));
        }
        let longest_lifetime = self
            .client_assertion_lifetime
            .unwrap_or(USUAL_ASSERTION_LIFETIME);
        if !(Seconds(1)..=LONGEST_LIFETIME).contains(&longest_lifetime) {
            return Err(InvalidKeys::Lifetime(longest_lifetime.0));
        }
        Ok(PrivateKeyJwt {
            keys,
            algorithm,
            token_endpoint_is_audience: self.token_endpoint_is_audience.unwrap_or(false),
            longest_lifetime,
            single_use: self.client_assertion_single_use.unwrap_or(true),
        })
    }

    /// Refuses what asks for a protection that a client without keys does not have. Keys themselves may
    /// be there for other purposes.
    pub(super) fn require_unused(&self) -> Result<(), InvalidKeys> {
        let algorithm = self.token_endpoint_auth_signing_alg.is_some();
        let lifetime = self.client_assertion_lifetime.is_some();
        let first = [
            ("token_endpoint_auth_signing_alg", algorithm),
            (
                "token_endpoint_is_audience",
                self.token_endpoint_is_audience == Some(true),
            ),
            ("client_assertion_lifetime", lifetime),
            (
                "client_assertion_single_use",
                self.client_assertion_single_use.is_some(),
            ),
        ]
        .into_iter()
        .find(|(_, is_there)| *is_there);
        match first {
            None => Ok(()),
            Some((member, _)) => Err(InvalidKeys::WithoutKeys(member)),
        }
    }
}
