//! Trust documents as JSON, as they stand in `JETON_TRUST` and in every store.
//!
//! Members that this release does not know are refused, in stores too: one that is ignored may have
//! been a condition.

use std::collections::{BTreeMap, BTreeSet};

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ClaimPath, Condition, Danger, KeySource, MOST_CONDITIONS, MOST_RULES, Rule, SPIFFE_SCHEME,
    Scalar, Subject, Test, TrustedIssuer, condition::BORDERS, dangers,
    spiffe::is_trust_domain_name,
};
use crate::{
    client::{ClientId, InvalidClientId},
    crypto::VERIFICATION_ALGORITHMS,
    fetch::{Loopback, Reach, Unreachable},
    json::{self, InvalidJson},
    jwk::{InvalidPublicJwks, PublicJwks, verification_algorithm},
    record::{given, given_object},
    scope::{InvalidScope, Scope},
    time::{LONGEST_TOKEN_LIFETIME, Seconds},
};

/// The most labels of a document.
const MOST_LABELS: usize = 100;

/// The document of a trusted issuer, not yet checked: [`TrustRecord::parse`] makes a [`TrustedIssuer`]
/// of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRecord {
    /// The issuer of the tokens, or the SPIFFE trust domain.
    pub issuer: String,
    /// Where its JWK Set is, or the SPIFFE bundle. Without it and `jwks`, its metadata says so.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Its JWK Set itself.
    #[serde(
        default,
        deserialize_with = "given_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub jwks: Option<Value>,
    /// The algorithms its tokens may be signed by; all that are verified where absent, of SPIFFE without
    /// EdDSA.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub algorithms: Option<Vec<String>>,
    /// Texts that its operator keeps of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// `false` where absent.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// The rules.
    #[serde(default)]
    pub rules: Vec<RuleRecord>,
}

/// One rule in a [`TrustRecord`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRecord {
    /// Unique within the document; 1 to 100 characters of printable ASCII.
    pub name: String,
    /// `false` where absent.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// The audience that its tokens must have; our issuer identifier where absent.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// All must be met.
    #[serde(default)]
    pub conditions: Vec<ConditionRecord>,
    /// The client.
    pub client_id: String,
    /// The most scope.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The most audiences.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    /// The longest lifetime, in seconds.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<Seconds>,
    /// `false` where absent.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub single_use: Option<bool>,
    /// `client` where absent.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// `false` where absent.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub impersonation: Option<bool>,
    /// Names of dangers that the rule may have. With any other it is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_dangers: Vec<String>,
}

/// One condition in a [`RuleRecord`], with exactly one of the four tests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionRecord {
    /// The name of the claim, or for one inside of another an array of names.
    pub claim: Value,
    /// A string, number or boolean.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// Some of them.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// A string that ends at the border of a segment, `/` or `:`.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// A string, number or boolean.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub contains: Option<Value>,
}

/// Why a [`TrustRecord`] is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTrust {
    /// Not JSON, or a member is missing, unknown or of the wrong type.
    #[error(transparent)]
    Json(#[from] InvalidJson),
    /// `issuer`.
    #[error(
        "issuer: 1 to 255 characters of printable ASCII, or a SPIFFE trust domain without a path, spiffe://example.org"
    )]
    Issuer,
    /// Both `jwks_uri` and `jwks`.
    #[error("jwks_uri, jwks: one of them, or neither where the issuer's metadata is to be read")]
    TwoKeySources,
    /// A trust domain without keys.
    #[error(
        "jwks_uri: of a SPIFFE trust domain the bundle endpoint is needed, or its bundle as jwks"
    )]
    NoBundle,
    /// An issuer that is no URL, without keys.
    #[error("jwks_uri, jwks: an issuer that is no https URL has no metadata that says it")]
    NoMetadata,
    /// `jwks_uri` is nothing that may be reached from any deployment.
    #[error("jwks_uri: {0}")]
    KeysUri(#[from] Unreachable),
    /// `jwks`.
    #[error("jwks: {0}")]
    Jwks(#[from] InvalidPublicJwks),
    /// `jwks` without a key that verifies.
    #[error("jwks: no key in it can verify a signature")]
    NoKey,
    /// The same of a SPIFFE bundle.
    #[error(
        "jwks: no key in it can verify a signature (keys of a bundle need use jwt-svid and a kid)"
    )]
    NoKeyOfSvids,
    /// `jwks` without a key of `algorithms`, or of those that are verified.
    #[error("jwks: no key in it fits one of the algorithms {}", names(.0))]
    NoKeyOfAlgorithms(Vec<Algorithm>),
    /// `algorithms`.
    #[error("algorithms: {0:?} is none of ES256, ES384, EdDSA, RS256, PS256")]
    Algorithm(String),
    /// `algorithms` of a trust domain has EdDSA.
    #[error("algorithms: no JWT-SVID is signed by EdDSA (JWT-SVID section 2.1)")]
    NotOfSvids,
    /// `algorithms` is empty.
    #[error("algorithms: at least one")]
    NoAlgorithm,
    /// Too many labels.
    #[error("labels: more than {MOST_LABELS}")]
    TooManyLabels,
    /// Too many rules.
    #[error("rules: more than {MOST_RULES}")]
    TooManyRules,
    /// Two rules of one name.
    #[error("rules: two are called {0:?}")]
    SameName(String),
    /// What is wrong with a rule.
    #[error("rule {name:?}: {why}")]
    Rule {
        /// Its name, or what stands in its place.
        name: String,
        /// What is wrong.
        why: InvalidRule,
    },
}

/// Why a [`RuleRecord`] is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// `name`.
    #[error("name: 1 to 100 characters of printable ASCII")]
    Name,
    /// `audience` is empty, or an audience in `audiences` is.
    #[error("{0}: an audience must not be empty")]
    Audience(&'static str),
    /// `audiences` has none.
    #[error("audiences: at least one, or leave it out")]
    NoAudience,
    /// `conditions` has none: every token of the issuer would do.
    #[error("conditions: at least one")]
    NoCondition,
    /// Too many.
    #[error("{0}: more than {MOST_CONDITIONS}")]
    TooMany(&'static str),
    /// A condition that cannot be read; its position in `conditions`.
    #[error("conditions[{0}]: {1}")]
    Condition(usize, &'static str),
    /// `client_id`.
    #[error("client_id: {0}")]
    Client(#[from] InvalidClientId),
    /// `scope`.
    #[error("scope: {0}")]
    Scope(#[from] InvalidScope),
    /// `access_token_lifetime`.
    #[error("access_token_lifetime: {0} is not between 1 and {max} seconds", max = LONGEST_TOKEN_LIFETIME.0)]
    Lifetime(u64),
    /// `accepted_dangers` has a name that is none.
    #[error("accepted_dangers: {0:?} is no danger")]
    UnknownDanger(String),
    /// It lets in others than whoever wrote it would think, and does not say that it may.
    #[error("{}; `accepted_dangers` takes those by name that are meant", sentences(.0))]
    Dangers(Vec<Danger>),
}

fn names(algorithms: &[Algorithm]) -> String {
    let names: Vec<_> = algorithms.iter().map(|it| format!("{it:?}")).collect();
    names.join(", ")
}

fn sentences(dangers: &[Danger]) -> String {
    let sentences: Vec<_> = dangers.iter().map(Danger::to_string).collect();
    sentences.join("; ")
}

impl TrustedIssuer {
    /// Parses a document.
    ///
    /// # Errors
    /// The text is not JSON, or a member is invalid.
    pub fn from_record(json: &str) -> Result<Self, InvalidTrust> {
        json::read::<TrustRecord>(json)?.parse()
    }

    /// Whether it is a SPIFFE trust domain.
    #[must_use]
    pub fn is_trust_domain(&self) -> bool {
        self.issuer.starts_with(SPIFFE_SCHEME)
    }
}

impl TrustRecord {
    /// The issuer of this document, with every member checked.
    ///
    /// # Errors
    /// The first member that is invalid.
    pub fn parse(self) -> Result<TrustedIssuer, InvalidTrust> {
        if !is_issuer(&self.issuer) {
            return Err(InvalidTrust::Issuer);
        }
        if self.labels.len() > MOST_LABELS {
            return Err(InvalidTrust::TooManyLabels);
        }
        let keys = self.keys()?;
        let algorithms = self.algorithms()?;
        if let KeySource::Pasted(keys) = &keys {
            let fits = |algorithm: &Algorithm| keys.candidates(None, *algorithm).next().is_some();
            if !algorithms.iter().any(fits) {
                return Err(InvalidTrust::NoKeyOfAlgorithms(algorithms));
            }
        }
        if self.rules.len() > MOST_RULES {
            return Err(InvalidTrust::TooManyRules);
        }
        let mut names = BTreeSet::new();
        let mut rules = Vec::with_capacity(self.rules.len());
        for record in self.rules {
            let name = record.name.clone();
            if !names.insert(name.clone()) {
                return Err(InvalidTrust::SameName(name));
            }
            let rule = record
                .parse()
                .and_then(|rule| rule.accepted_at(&self.issuer));
            rules.push(rule.map_err(|why| InvalidTrust::Rule { name, why })?);
        }
        Ok(TrustedIssuer {
            issuer: self.issuer,
            keys,
            algorithms,
            disabled: self.disabled.unwrap_or(false),
            rules,
        })
    }

    /// JWT-SVID §2.1 has no EdDSA.
    fn algorithms(&self) -> Result<Vec<Algorithm>, InvalidTrust> {
        let is_trust_domain = self.issuer.starts_with(SPIFFE_SCHEME);
        let Some(names) = &self.algorithms else {
            let mut all = VERIFICATION_ALGORITHMS.to_vec();
            all.retain(|algorithm| !is_trust_domain || *algorithm != Algorithm::EdDSA);
            return Ok(all);
        };
        if names.is_empty() {
            return Err(InvalidTrust::NoAlgorithm);
        }
        let known = names.iter().map(|name| match verification_algorithm(name) {
            Some(Algorithm::EdDSA) if is_trust_domain => Err(InvalidTrust::NotOfSvids),
            Some(algorithm) => Ok(algorithm),
            None => Err(InvalidTrust::Algorithm(name.clone())),
        });
        known.collect()
    }

    fn keys(&self) -> Result<KeySource, InvalidTrust> {
        match (&self.jwks_uri, &self.jwks) {
            (Some(_), Some(_)) => Err(InvalidTrust::TwoKeySources),
            (Some(uri), None) => {
                // What a deployment in development may reach; production, no more than that.
                Reach::new("", Loopback::Admitted).url(uri)?;
                Ok(KeySource::Uri(uri.clone()))
            }
            (None, Some(set)) => {
                let (keys, none) = if self.issuer.starts_with(SPIFFE_SCHEME) {
                    (PublicJwks::from_bundle(set)?, InvalidTrust::NoKeyOfSvids)
                } else {
                    (PublicJwks::from_value(set)?, InvalidTrust::NoKey)
                };
                if keys.is_empty() {
                    return Err(none);
                }
                Ok(KeySource::Pasted(keys))
            }
            (None, None) if self.issuer.starts_with(SPIFFE_SCHEME) => Err(InvalidTrust::NoBundle),
            (None, None) if is_url(&self.issuer) => Ok(KeySource::Discovery),
            (None, None) => Err(InvalidTrust::NoMetadata),
        }
    }
}

fn is_url(issuer: &str) -> bool {
    issuer.starts_with("https://") || issuer.starts_with("http://")
}

/// Whether a document may be about `issuer`: no other text needs to be looked for.
pub(crate) fn is_issuer(issuer: &str) -> bool {
    match issuer.strip_prefix(SPIFFE_SCHEME) {
        Some(name) => is_trust_domain_name(name),
        None => {
            let printable = issuer.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
            (1..=255).contains(&issuer.len()) && printable
        }
    }
}

impl RuleRecord {
    fn parse(self) -> Result<Rule, InvalidRule> {
        let printable = self.name.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
        if !(1..=100).contains(&self.name.len()) || !printable {
            return Err(InvalidRule::Name);
        }
        if self.audience.as_deref() == Some("") {
            return Err(InvalidRule::Audience("audience"));
        }
        if self.conditions.is_empty() {
            return Err(InvalidRule::NoCondition);
        }
        if self.conditions.len() > MOST_CONDITIONS {
            return Err(InvalidRule::TooMany("conditions"));
        }
        if let Some(audiences) = &self.audiences {
            if audiences.is_empty() {
                return Err(InvalidRule::NoAudience);
            }
            if audiences.len() > MOST_CONDITIONS {
                return Err(InvalidRule::TooMany("audiences"));
            }
            if audiences.iter().any(String::is_empty) {
                return Err(InvalidRule::Audience("audiences"));
            }
        }
        if let Some(lifetime) = self.access_token_lifetime
            && !(Seconds(1)..=LONGEST_TOKEN_LIFETIME).contains(&lifetime)
        {
            return Err(InvalidRule::Lifetime(lifetime.0));
        }
        let conditions = self.conditions.into_iter().enumerate();
        let conditions = conditions.map(|(index, record)| {
            let condition = record.parse();
            condition.map_err(|why| InvalidRule::Condition(index, why))
        });
        let dangers = self.accepted_dangers.into_iter();
        let dangers =
            dangers.map(|name| Danger::named(&name).ok_or(InvalidRule::UnknownDanger(name)));
        Ok(Rule {
            accepted_dangers: dangers.collect::<Result<_, _>>()?,
            conditions: conditions.collect::<Result<_, _>>()?,
            client_id: self.client_id.parse::<ClientId>()?,
            scope: self.scope.map(|text| text.parse::<Scope>()).transpose()?,
            name: self.name,
            disabled: self.disabled.unwrap_or(false),
            audience: self.audience,
            audiences: self.audiences,
            access_token_lifetime: self.access_token_lifetime,
            single_use: self.single_use.unwrap_or(false),
            subject: self.subject.unwrap_or_default(),
            impersonation: self.impersonation.unwrap_or(false),
        })
    }
}

impl Rule {
    /// This rule, if it has no danger at `issuer` that it does not accept.
    fn accepted_at(self, issuer: &str) -> Result<Self, InvalidRule> {
        let mut found = dangers(issuer, self.audience.as_deref(), &self.conditions);
        found.retain(|danger| !self.accepted_dangers.contains(danger));
        if found.is_empty() {
            Ok(self)
        } else {
            Err(InvalidRule::Dangers(found))
        }
    }
}

impl ConditionRecord {
    fn parse(self) -> Result<Condition, &'static str> {
        let claim = claim_path(self.claim)
            .ok_or("claim: a name without control characters, or an array of names")?;
        let scalar = |value: &Value| {
            Scalar::from_value(value).ok_or("a string, a number or a boolean is compared")
        };
        let test = match (self.equals, self.one_of, self.prefix, self.contains) {
            (Some(value), None, None, None) => Test::Equals(scalar(&value)?),
            (None, Some(values), None, None) => {
                if values.is_empty() || values.len() > MOST_CONDITIONS {
                    return Err("one_of: 1 to 50 values");
                }
                Test::OneOf(values.iter().map(scalar).collect::<Result<_, _>>()?)
            }
            (None, None, Some(prefix), None) => {
                if !prefix.ends_with(BORDERS) {
                    return Err("prefix: it must end in / or :, the border of a segment");
                }
                Test::Prefix(prefix)
            }
            (None, None, None, Some(value)) => Test::Contains(scalar(&value)?),
            _ => return Err("exactly one of equals, one_of, prefix, contains"),
        };
        Ok(Condition { claim, test })
    }
}

fn claim_path(claim: Value) -> Option<ClaimPath> {
    match claim {
        Value::String(name) => ClaimPath::new(vec![name]),
        Value::Array(names) => ClaimPath::new(
            names
                .into_iter()
                .map(|name| match name {
                    Value::String(name) => Some(name),
                    _ => None,
                })
                .collect::<Option<_>>()?,
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
