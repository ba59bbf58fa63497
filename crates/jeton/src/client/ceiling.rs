//! The most that a client has which registers itself (RFC 7591 §1.2, initial access token): in the claim
//! `registration` of the token that opens registration, in the record of whoever gets such tokens
//! (`registration_ceiling`), in `JETON_REGISTRATION`, and in the record of each client that was registered
//! under it.

use serde::{Deserialize, Serialize};

use super::named_api::{InvalidNamedApi, NamedApi, NamedApiRecord, named};
use crate::{
    claims::LONGEST_TOKEN_CLAIMS,
    grant::GrantType,
    management_scope::is_privilege,
    record::given,
    scope::{InvalidScope, Scope},
    time::{LONGEST_GRANT_LIFETIME, Seconds},
};

/// The scope of a ceiling that names none.
const USUAL_SCOPE: &str = "openid profile email offline_access";

/// The grant types of a ceiling that names none.
const USUAL_GRANT_TYPES: [GrantType; 2] = [GrantType::AuthorizationCode, GrantType::RefreshToken];

/// A ceiling as JSON, not yet checked: [`CeilingRecord::parse`] makes a [`Ceiling`] of it. A member that is
/// absent means what the ceiling of whoever has none says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CeilingRecord {
    /// Scope tokens separated by spaces, those of APIs not among them; `openid profile email
    /// offline_access` where absent.
    #[serde(with = "given", skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// APIs and their scopes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<NamedApiRecord>,
    /// RFC 7591 §2; `authorization_code` and `refresh_token` where absent.
    #[serde(with = "given", skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    /// How many clients are registered in a day by one client with `jeton:register`, or in open registration
    /// from one network; of a token of `jeton token`, by it.
    #[serde(with = "given", skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// After how many seconds a client ends.
    #[serde(with = "given", skip_serializing_if = "Option::is_none")]
    pub client_lifetime: Option<Seconds>,
}

/// A ceiling, parsed: everything here has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// `scope`.
    pub scope: Scope,
    /// `apis`.
    pub apis: Vec<NamedApi>,
    /// `grant_types`.
    pub grant_types: Vec<GrantType>,
    /// `count`; `None`: no limit.
    pub count: Option<u32>,
    /// `client_lifetime`; `None`: no end.
    pub client_lifetime: Option<Seconds>,
}

/// Why a [`CeilingRecord`] is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCeiling {
    /// `scope`.
    #[error("scope: {0}")]
    Scope(#[from] InvalidScope),
    /// A scope of the management interface.
    #[error("scope: none that begins with jeton:, which would be a right over this server")]
    Privilege,
    /// `apis`.
    #[error(transparent)]
    Api(#[from] InvalidNamedApi),
    /// `grant_types`.
    #[error("grant_types: at least one, each of {names}", names = GrantType::names())]
    GrantTypes,
    /// `count`.
    #[error("count: at least 1")]
    Count,
    /// `client_lifetime`.
    #[error("client_lifetime: {0} is not between 1 and {max} seconds", max = LONGEST_GRANT_LIFETIME.0)]
    Lifetime(u64),
    /// It is too long to stand in a token.
    #[error("more than {LONGEST_TOKEN_CLAIMS} bytes of JSON")]
    TooLong,
}

impl CeilingRecord {
    /// The ceiling of this record, with every member checked.
    ///
    /// # Errors
    /// The first member that is invalid.
    pub fn parse(&self) -> Result<Ceiling, InvalidCeiling> {
        let scope = self.scope.as_deref().unwrap_or(USUAL_SCOPE);
        let scope = scope.parse::<Scope>()?;
        let apis = named(self.apis.clone())?;
        let of_apis = apis.iter().flat_map(|api| api.scope.iter());
        if scope.iter().chain(of_apis).any(is_privilege) {
            return Err(InvalidCeiling::Privilege);
        }
        let grant_types = match &self.grant_types {
            None => USUAL_GRANT_TYPES.to_vec(),
            Some(names) => names
                .iter()
                .map(|name| GrantType::from_name(name))
                .collect::<Option<Vec<_>>>()
                .filter(|grant_types| !grant_types.is_empty())
                .ok_or(InvalidCeiling::GrantTypes)?,
        };
        if self.count == Some(0) {
            return Err(InvalidCeiling::Count);
        }
        if let Some(lifetime) = self.client_lifetime
            && !(Seconds(1)..=LONGEST_GRANT_LIFETIME).contains(&lifetime)
        {
            return Err(InvalidCeiling::Lifetime(lifetime.0));
        }
        let ceiling = Ceiling {
            scope,
            apis,
            grant_types,
            count: self.count,
            client_lifetime: self.client_lifetime,
        };
        // As it is written into tokens and records, with every member.
        let json = serde_json::to_string(&ceiling.to_record());
        if json.map_or(usize::MAX, |json| json.len()) > LONGEST_TOKEN_CLAIMS {
            return Err(InvalidCeiling::TooLong);
        }
        Ok(ceiling)
    }
}

impl Default for Ceiling {
    /// The ceiling of whoever has none: people log in to the client, and it has no API.
    fn default() -> Self {
        Self {
            scope: USUAL_SCOPE.parse().unwrap_or_default(),
            apis: Vec::new(),
            grant_types: USUAL_GRANT_TYPES.to_vec(),
            count: None,
            client_lifetime: None,
        }
    }
}

impl Ceiling {
    /// What both ceilings let a client have.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        let least = |own: Option<u32>, other| own.into_iter().chain(other).min();
        let grant_types = self.grant_types.iter().copied();
        Self {
            scope: self.scope.within(&other.scope),
            apis: other.apis_within(self),
            grant_types: grant_types
                .filter(|it| other.grant_types.contains(it))
                .collect(),
            count: least(self.count, other.count),
            client_lifetime: self
                .client_lifetime
                .into_iter()
                .chain(other.client_lifetime)
                .min(),
        }
    }

    fn apis_within(&self, other: &Self) -> Vec<NamedApi> {
        let of_both = |api: &NamedApi| {
            let own = self
                .apis
                .iter()
                .find(|it| it.identifier == api.identifier)?;
            Some(NamedApi {
                identifier: api.identifier.clone(),
                scope: api.scope.within(&own.scope),
            })
        };
        other.apis.iter().filter_map(of_both).collect()
    }

    /// The ceiling as JSON, with every member.
    #[must_use]
    pub fn to_record(&self) -> CeilingRecord {
        let grant_types = self.grant_types.iter();
        let apis = self.apis.iter().map(|api| NamedApiRecord {
            identifier: api.identifier.clone(),
            scope: api.scope.to_string(),
        });
        CeilingRecord {
            scope: Some(self.scope.to_string()),
            apis: apis.collect(),
            grant_types: Some(grant_types.map(|it| it.as_str().to_owned()).collect()),
            count: self.count,
            client_lifetime: self.client_lifetime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> Result<Ceiling, String> {
        let record: CeilingRecord =
            crate::json::read(json).map_err(|_| "not the JSON of one".to_owned())?;
        record.parse().map_err(|error| error.to_string())
    }

    #[test]
    fn a_member_that_is_absent_says_what_no_ceiling_says() {
        assert_eq!(parsed("{}"), Ok(Ceiling::default()));
        let nothing = parsed(r#"{"scope":""}"#).unwrap();
        assert!(nothing.scope.is_empty());
        assert_eq!(nothing.grant_types, Ceiling::default().grant_types);
    }

    #[test]
    fn says_what_is_wrong_with_a_ceiling() {
        let check = |json: &str, part: &str| {
            let error = parsed(json).unwrap_err();
            assert!(error.contains(part), "{json}: {error}");
        };
        check(r#"{"scope":"a\"b"}"#, "scope: a scope is");
        check(
            r#"{"scope":"openid jeton:clients"}"#,
            "scope: none that begins with jeton:",
        );
        check(
            r#"{"apis":[{"identifier":"a","scope":"jeton:apis"}]}"#,
            "scope: none that begins with jeton:",
        );
        check(r#"{"apis":[{"identifier":""}]}"#, "apis: ");
        check(
            r#"{"apis":[{"identifier":"a"},{"identifier":"a"}]}"#,
            "apis: ",
        );
        check(r#"{"grant_types":[]}"#, "grant_types: at least one");
        check(r#"{"grant_types":["implicit"]}"#, "grant_types: ");
        check(r#"{"count":0}"#, "count: at least 1");
        check(r#"{"client_lifetime":0}"#, "client_lifetime: 0");
        check(r#"{"client_lifetime":999999999999}"#, "client_lifetime: ");
        check(
            &format!(r#"{{"scope":"{}"}}"#, "a".repeat(5000)),
            "bytes of JSON",
        );
        for json in [
            "[]",
            r#"{"scope":null}"#,
            r#"{"scopes":"openid"}"#,
            r#"{"count":-1}"#,
            r#"{"apis":[["a","b"]]}"#,
            r#"{"apis":[{"identifier":"a","scope":"a","more":1}]}"#,
        ] {
            check(json, "not the JSON of one");
        }
    }

    #[test]
    fn two_ceilings_let_pass_what_each_lets_pass() {
        let check = |one: &str, other: &str, expected: &str| {
            let [one, other, expected] = [one, other, expected].map(|it| parsed(it).unwrap());
            assert_eq!(one.within(&other), expected);
        };
        check("{}", "{}", "{}");
        check(
            r#"{"scope":"openid email","count":9,"client_lifetime":60}"#,
            r#"{"scope":"email a","count":5}"#,
            r#"{"scope":"email","count":5,"client_lifetime":60}"#,
        );
        check(
            r#"{"apis":[{"identifier":"a","scope":"x y"},{"identifier":"b"}]}"#,
            r#"{"apis":[{"identifier":"c"},{"identifier":"a","scope":"y z"}]}"#,
            r#"{"apis":[{"identifier":"a","scope":"y"}]}"#,
        );
        check(
            r#"{"grant_types":["client_credentials","refresh_token"]}"#,
            "{}",
            r#"{"grant_types":["refresh_token"]}"#,
        );
    }

    #[test]
    fn a_ceiling_comes_back_from_its_json() {
        let ceiling = parsed(r#"{"apis":[{"identifier":"a","scope":"x"}],"count":3}"#).unwrap();
        let json = serde_json::to_string(&ceiling.to_record()).unwrap();
        assert_eq!(parsed(&json), Ok(ceiling));
    }
}
