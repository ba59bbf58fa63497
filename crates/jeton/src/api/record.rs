//! APIs as JSON, as they stand in `JETON_APIS` and in every store.
//!
//! Members that this release does not know are refused, in stores too: one that is ignored may have
//! been to protect the API.

use std::collections::BTreeMap;

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Api, ClientMember, SelfRegistered};
use crate::{
    claims::{self, MAY_ACT},
    client::{
        claims::{InvalidClaimNames, check_client_claims},
        id::{ClientId, InvalidClientId},
        token_format::AccessTokenFormat,
    },
    crypto::signing_algorithm,
    inserted::{inserted, inserted_unless},
    json::{self, InvalidJson},
    management_scope::is_privilege,
    record::given,
    scope::Scope,
    time::{LONGEST_TOKEN_LIFETIME, Seconds},
};

/// The longest identifier, alias or name, in characters.
const LONGEST_NAME: usize = 255;
/// The most aliases, labels, and clients that may introspect.
const MOST_NAMES: usize = 100;
/// The most scopes.
const MOST_SCOPES: usize = 1000;
/// The most claims in JSON, in bytes: a token may be for several APIs.
const LONGEST_API_CLAIMS: usize = 1024;
/// The longest words for people, in bytes.
const LONGEST_WORDS: usize = 500;

/// The scopes that are this server's own (OpenID Connect Core §3.1.2.1, §11).
const OWN_SCOPES: [&str; 2] = ["openid", "offline_access"];

/// An API, not yet checked: [`ApiRecord::parse`] makes an [`Api`] of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiRecord {
    /// The audience of its tokens (RFC 7519 §4.1.3), most often its URL (RFC 8707 §2).
    pub identifier: String,
    /// What clients may write in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// For people.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its scopes (RFC 6749 §3.3), each with words for people.
    #[serde(
        default,
        deserialize_with = "claims::object",
        skip_serializing_if = "Map::is_empty"
    )]
    pub scopes: Map<String, Value>,
    /// In seconds.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<Seconds>,
    /// `jwt` or `opaque`.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub access_token_format: Option<AccessTokenFormat>,
    /// `ES256`, `EdDSA` or `RS256`.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub access_token_signed_response_alg: Option<String>,
    /// Claims in tokens that clients get for themselves.
    #[serde(
        default,
        deserialize_with = "claims::object",
        skip_serializing_if = "Map::is_empty"
    )]
    pub client_claims: Map<String, Value>,
    /// Further ones: of each the member of the client's record that has its value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub client_claims_from: BTreeMap<String, String>,
    /// Ids of the clients that may introspect its tokens (RFC 7662 §2.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub introspection_clients: Vec<String>,
    /// `false` where absent.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub self_registered_clients: Option<bool>,
    /// Texts that its operator keeps of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// `false` where absent.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// Why an [`ApiRecord`] is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidApi {
    /// Not JSON, or a member is missing, unknown or of the wrong type.
    #[error(transparent)]
    Json(#[from] InvalidJson),
    /// `identifier`, or one of `aliases`.
    #[error("{0}: 1 to {LONGEST_NAME} characters of printable ASCII without spaces")]
    Name(&'static str),
    /// A list that is too long.
    #[error("{0}: more than {1} values")]
    TooMany(&'static str, usize),
    /// `name`.
    #[error("name: 1 to {LONGEST_NAME} characters")]
    Title,
    /// A name in `scopes`.
    #[error("scopes: {0:?} is no scope token (RFC 6749 section 3.3)")]
    Scope(String),
    /// A name in `scopes` that this server has for its own.
    #[error("scopes: {0:?} is this server's own")]
    OwnScope(String),
    /// The words of a scope.
    #[error("scopes: the words of {0:?} are a text of at most {LONGEST_WORDS} bytes")]
    Words(String),
    /// `access_token_lifetime`.
    #[error("access_token_lifetime: {0} is not between 1 and {max} seconds", max = LONGEST_TOKEN_LIFETIME.0)]
    Lifetime(u64),
    /// `access_token_signed_response_alg`.
    #[error("access_token_signed_response_alg: {0:?} is none of ES256, EdDSA, RS256")]
    Algorithm(String),
    /// A claim in `client_claims` or `client_claims_from`.
    #[error(transparent)]
    Claims(#[from] InvalidClaimNames),
    /// `may_act` among the claims.
    #[error("{0}: may_act is for a client's own record to say")]
    MayAct(&'static str),
    /// Too many claims.
    #[error("{0}: more than {LONGEST_API_CLAIMS} bytes of JSON")]
    LongClaims(&'static str),
    /// A claim that is given twice.
    #[error("client_claims_from: {0:?} is in client_claims too")]
    TwoValues(String),
    /// A value in `client_claims_from`.
    #[error(
        "client_claims_from: {0:?} is none of {described}, labels.NAME",
        described = ClientMember::DESCRIBED.join(", ")
    )]
    Member(String),
    /// `introspection_clients`.
    #[error("introspection_clients: {0}")]
    Client(#[from] InvalidClientId),
}

impl Api {
    /// Parses a stored record.
    ///
    /// # Errors
    /// The text is not JSON, or a member is unknown or invalid.
    pub fn from_record(json: &str) -> Result<Self, InvalidApi> {
        let record = json::read::<ApiRecord>(json)?;
        record.parse()
    }
}

impl ApiRecord {
    /// The API of this record, with every member checked.
    ///
    /// # Errors
    /// The first member that is invalid.
    pub fn parse(self) -> Result<Api, InvalidApi> {
        for (member, length, most) in [
            ("aliases", self.aliases.len(), MOST_NAMES),
            ("scopes", self.scopes.len(), MOST_SCOPES),
            ("labels", self.labels.len(), MOST_NAMES),
            (
                "introspection_clients",
                self.introspection_clients.len(),
                MOST_NAMES,
            ),
        ] {
            if length > most {
                return Err(InvalidApi::TooMany(member, most));
            }
        }
        if !is_audience(&self.identifier) {
            return Err(InvalidApi::Name("identifier"));
        }
        if !self.aliases.iter().all(|alias| is_audience(alias)) {
            return Err(InvalidApi::Name("aliases"));
        }
        if let Some(name) = &self.name
            && !(1..=LONGEST_NAME).contains(&name.chars().count())
        {
            return Err(InvalidApi::Title);
        }
        if let Some(lifetime) = self.access_token_lifetime
            && !(Seconds(1)..=LONGEST_TOKEN_LIFETIME).contains(&lifetime)
        {
            return Err(InvalidApi::Lifetime(lifetime.0));
        }
        let client_claims_from = claims_from(self.client_claims_from, &self.client_claims)?;
        check_claims(&self.client_claims)?;
        Ok(Api {
            scopes: scopes(self.scopes)?,
            access_token_signed_response_alg: self
                .access_token_signed_response_alg
                .map(algorithm)
                .transpose()?,
            introspection_clients: self
                .introspection_clients
                .iter()
                .map(|id| id.parse())
                .collect::<Result<Vec<ClientId>, _>>()?,
            self_registered_clients: match self.self_registered_clients {
                Some(true) => SelfRegistered::Admitted,
                Some(false) | None => SelfRegistered::Refused,
            },
            disabled: self.disabled.unwrap_or(false),
            identifier: self.identifier,
            aliases: self.aliases,
            name: self.name,
            access_token_lifetime: self.access_token_lifetime,
            access_token_format: self.access_token_format,
            client_claims: self.client_claims,
            client_claims_from,
        })
    }
}

fn is_audience(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn scopes(given: Map<String, Value>) -> Result<BTreeMap<String, String>, InvalidApi> {
    let mut scopes = BTreeMap::new();
    for (token, words) in given {
        let is_token = token
            .parse::<Scope>()
            .is_ok_and(|scope| scope.contains(&token));
        if !is_token {
            return Err(InvalidApi::Scope(token));
        }
        if is_privilege(&token) || OWN_SCOPES.contains(&token.as_str()) {
            return Err(InvalidApi::OwnScope(token));
        }
        match words {
            Value::String(words) if words.len() <= LONGEST_WORDS => {
                scopes.insert(token, words);
            }
            _ => return Err(InvalidApi::Words(token)),
        }
    }
    Ok(scopes)
}

fn algorithm(name: String) -> Result<Algorithm, InvalidApi> {
    signing_algorithm(&name).ok_or(InvalidApi::Algorithm(name))
}

fn check_claims(given: &Map<String, Value>) -> Result<(), InvalidApi> {
    check_client_claims("client_claims", given)?;
    if given.contains_key(MAY_ACT) {
        return Err(InvalidApi::MayAct("client_claims"));
    }
    if claims::length(given) > LONGEST_API_CLAIMS {
        return Err(InvalidApi::LongClaims("client_claims"));
    }
    Ok(())
}

fn claims_from(
    given: BTreeMap<String, String>,
    claims: &Map<String, Value>,
) -> Result<BTreeMap<String, ClientMember>, InvalidApi> {
    const MEMBER: &str = "client_claims_from";
    if let Some(twice) = given.keys().find(|name| claims.contains_key(*name)) {
        return Err(InvalidApi::TwoValues(twice.clone()));
    }
    if given.contains_key(MAY_ACT) {
        return Err(InvalidApi::MayAct(MEMBER));
    }
    let names = inserted(given.keys().map(|name| (name.clone(), Value::Null)));
    check_client_claims(MEMBER, &names)?;
    if claims::length(&names) > LONGEST_API_CLAIMS {
        return Err(InvalidApi::LongClaims(MEMBER));
    }
    let members = given.into_iter().map(|(claim, member)| {
        let known = ClientMember::from_name(&member).ok_or(InvalidApi::Member(member))?;
        Ok((claim, known))
    });
    inserted_unless(members)
}
