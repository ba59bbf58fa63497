//! What is said of a person: the upstream's claims, mapped by rules.

use std::collections::BTreeMap;

use jeton_rules::{
    InvalidSpec, Pattern, merge,
    template::{self, Missing, Names},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{asked::Asked, at::At, session::Session, settings::InvalidLogin};

/// The claims that are said of a person as their upstream says them: the standard ones (OpenID Connect Core
/// §5.1), but for `sub`.
const STANDARD: [&str; 19] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
];

/// What a rule may be about.
const MATCHES: [&str; 3] = ["client_id", "provider", "scope"];

/// A rule: of whom it is, and what is said of them besides.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    matching: BTreeMap<String, Pattern>,
    claims: Map<String, Value>,
}

/// A rule, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappingRecord {
    #[serde(default, rename = "match")]
    matching: BTreeMap<String, Pattern>,
    claims: Map<String, Value>,
}

impl MappingRecord {
    pub(crate) fn parse(self) -> Result<Mapping, InvalidLogin> {
        if let Some(unknown) = self
            .matching
            .keys()
            .find(|it| !MATCHES.contains(&it.as_str()))
        {
            let expected = format!("{}, not {unknown:?}", MATCHES.join(", "));
            return Err(InvalidLogin::new("match", expected));
        }
        check_claims(&self.claims).map_err(|invalid| invalid.within("claims"))?;
        Ok(Mapping {
            matching: self.matching,
            claims: self.claims,
        })
    }
}

/// Refuses claims that could not be said of anybody.
pub(crate) fn check_claims(claims: &Map<String, Value>) -> Result<(), InvalidLogin> {
    if let Some(reserved) = claims.keys().find_map(|name| jeton::reserved_claim(name)) {
        let expected = "another name: this one the server says itself";
        return Err(InvalidLogin::new(reserved, expected));
    }
    template::check_members::<Known<'_>>(claims).map_err(InvalidLogin::from)
}

impl From<InvalidSpec> for InvalidLogin {
    fn from(InvalidSpec { at, expected, .. }: InvalidSpec) -> Self {
        Self::new(at, expected)
    }
}

/// What templates can name.
struct Known<'a> {
    session: &'a Session,
    asked: &'a Asked,
}

impl Names for Known<'_> {
    const EXPECTED: &'static str = "upstream.NAME, subject, provider, client_id or scope";

    // Whoever has no tenant is not in the one called "tenant-".
    const MISSING: Missing = Missing::LeavesOut;

    fn is_name(name: &str) -> bool {
        matches!(name, "subject" | "provider" | "client_id" | "scope")
            || name
                .strip_prefix("upstream.")
                .is_some_and(|claim| !claim.is_empty())
    }

    fn value(&self, name: &str) -> Option<Value> {
        let text = match name {
            "subject" => Some(self.session.subject.as_str()),
            "provider" => Some(self.session.way.as_str()),
            "client_id" => self.asked.client_id.as_ref().map(jeton::ClientId::as_str),
            "scope" => self.asked.scope.as_deref(),
            _ => {
                let claim = self.session.claims.get(name.strip_prefix("upstream.")?)?;
                return Some(claim.clone()).filter(|claim| !claim.is_null());
            }
        };
        text.map(Value::from)
    }
}

/// What is said of a person to the client that asks: the standard claims, then what the provider's templates
/// and the rules that match say, each in turn. Null takes away.
pub(crate) fn claims_of<H: jeton::Host>(
    at: &At<'_, H>,
    session: &Session,
    asked: &Asked,
) -> Map<String, Value> {
    let known = Known { session, asked };
    let settings = &at.app.settings;
    let mut claims = standard(&session.claims);
    if let Some(way) = settings.way(&session.way) {
        merge(&mut claims, &template::expand_members(&way.claims, &known));
    }
    for rule in &settings.claims {
        let fact = |name: &str| match name {
            "client_id" => asked.client_id.as_ref().map(jeton::ClientId::as_str),
            "provider" => Some(session.way.as_str()),
            _ => None,
        };
        let (scope, others): (Vec<_>, Vec<_>) =
            rule.matching.iter().partition(|(name, _)| *name == "scope");
        let of_scope = |pattern: &Pattern| asked.scope_tokens().any(|token| pattern.matches(token));
        if scope.iter().all(|(_, pattern)| of_scope(pattern))
            && others
                .iter()
                .all(|(name, pattern)| fact(name).is_some_and(|it| pattern.matches(it)))
        {
            merge(&mut claims, &template::expand_members(&rule.claims, &known));
        }
    }
    claims.retain(|_, value| !value.is_null());
    claims
}

fn standard(claims: &Map<String, Value>) -> Map<String, Value> {
    let standard = STANDARD.iter().filter_map(|name| {
        let value = claims.get(*name).filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), value.clone()))
    });
    standard.collect()
}
