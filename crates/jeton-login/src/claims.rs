//! What is said of a person: the upstream's claims, mapped by rules.

use std::collections::{BTreeMap, BTreeSet};

use jeton::{ClientId, json::shown_name};
use jeton_rules::{
    Glob, merge,
    template::{self, Missing, Names},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    session::{OF_THE_TOKEN, Session},
    settings::{InvalidLogin, LoginSettings},
    sorted::inserted,
};

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
    matching: BTreeMap<String, Glob>,
    claims: Map<String, Value>,
}

/// A rule, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappingRecord {
    #[serde(default, rename = "match")]
    matching: BTreeMap<String, Glob>,
    claims: Map<String, Value>,
}

impl MappingRecord {
    /// The rule, which is about one of these providers, if about any.
    pub(crate) fn parse(self, providers: &BTreeSet<String>) -> Result<Mapping, InvalidLogin> {
        let mut facts = self.matching.keys();
        if !facts.all(|fact| MATCHES.contains(&fact.as_str())) {
            let expected = format!("nothing but {}", MATCHES.join(", "));
            return Err(InvalidLogin::new("match", expected));
        }
        let of_provider = self.matching.get("provider");
        if of_provider.is_some_and(|it| !providers.iter().any(|id| it.matches(id))) {
            let expected = "the id of one of the providers, or a pattern of some";
            return Err(InvalidLogin::new("match.provider", expected));
        }
        check_claims(&self.claims).map_err(|invalid| invalid.within("claims"))?;
        Ok(Mapping {
            matching: self.matching,
            claims: self.claims,
        })
    }
}

impl Mapping {
    /// The claims of an upstream that it is made of, for people who come by the provider of that id.
    pub(crate) fn upstream_claims(&self, provider: &str) -> BTreeSet<&str> {
        let of_provider = self.matching.get("provider");
        if of_provider.is_none_or(|pattern| pattern.matches(provider)) {
            upstream_claims(&self.claims)
        } else {
            BTreeSet::new()
        }
    }
}

/// The claims of an upstream that templates name.
pub(crate) fn upstream_claims(claims: &Map<String, Value>) -> BTreeSet<&str> {
    let names = claims.values().flat_map(template::names);
    inserted(names.filter_map(|name| name.strip_prefix("upstream.")))
}

/// Refuses claims that could not be said of anybody.
pub(crate) fn check_claims(claims: &Map<String, Value>) -> Result<(), InvalidLogin> {
    if let Some(reserved) = claims.keys().find_map(|name| jeton::reserved_claim(name)) {
        let expected = "another name: this one the server says itself";
        return Err(InvalidLogin::new(reserved, expected));
    }
    claims.iter().try_for_each(|(name, value)| {
        check_claim(name, value).map_err(|expected| InvalidLogin::new(shown_name(name), expected))
    })
}

/// What is expected of a claim that could not be said of anybody. Nothing that was written, which may be a secret.
fn check_claim(name: &str, value: &Value) -> Result<(), String> {
    if template::check::<Known<'_>>(value).is_err() {
        let names = Known::EXPECTED;
        return Err(format!("in each ${{…}} one of {names}"));
    }
    let templates = template::names(value);
    let of_the_token = |name: &&&str| templates.contains(&format!("upstream.{name}").as_str());
    if let Some(name) = OF_THE_TOKEN.iter().find(of_the_token) {
        let why = "it is about the login and not the person, and is not kept";
        return Err(format!("no ${{upstream.{name}}}: {why}"));
    }
    if templates.is_empty() && !value.is_null() && !jeton::may_be_given(name, value) {
        return Err("a value of such a claim, which everyone reads the same".to_owned());
    }
    Ok(())
}

/// Of whom something is said, and to which client. What templates can name.
pub(crate) struct Known<'a> {
    pub(crate) subject: &'a str,
    /// The id of the way that they came.
    pub(crate) way: &'a str,
    /// What the upstream says of them.
    pub(crate) upstream: &'a Map<String, Value>,
    /// `None` of a device, which shows only later whose it is.
    pub(crate) client_id: Option<&'a ClientId>,
    pub(crate) scope: Option<&'a str>,
}

impl Known<'_> {
    fn scope_tokens(&self) -> impl Iterator<Item = &str> {
        self.scope.unwrap_or_default().split_ascii_whitespace()
    }
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

    fn is_several(template: &str) -> bool {
        template.starts_with("upstream.")
    }

    fn value(&self, name: &str) -> Option<Value> {
        let text = match name {
            "subject" => Some(self.subject),
            "provider" => Some(self.way),
            "client_id" => self.client_id.map(ClientId::as_str),
            "scope" => self.scope,
            _ => {
                let claim = self.upstream.get(name.strip_prefix("upstream.")?)?;
                return Some(claim.clone()).filter(|claim| !claim.is_null());
            }
        };
        text.map(Value::from)
    }
}

/// What is said to a client.
pub(crate) struct Said {
    pub(crate) claims: Map<String, Value>,
    /// The names of claims that could not be given: not everyone would read their values the same, or they are no
    /// values of such a claim. Each is a standard claim's, or one of a rule.
    left_out: Vec<String>,
}

impl Said {
    /// What the log says of it, if anything was left out.
    pub(crate) fn detail(&self) -> Option<String> {
        let names = self.left_out.join(", ");
        let why = "claims were left out whose values could not be given";
        (!names.is_empty()).then(|| format!("{why}: {names}"))
    }
}

/// What is said to a client of the person of a session: with how they logged in.
pub(crate) fn claims_in(
    settings: &LoginSettings,
    session: &Session,
    client_id: Option<&ClientId>,
    scope: Option<&str>,
) -> Said {
    let mut said = claims_of(
        settings,
        &Known {
            subject: &session.subject,
            way: &session.way,
            upstream: &session.claims,
            client_id,
            scope,
        },
    );
    if !session.amr.is_empty() {
        said.claims
            .insert("amr".to_owned(), session.amr.clone().into());
    }
    if let Some(acr) = &session.acr {
        said.claims.insert("acr".to_owned(), acr.clone().into());
    }
    said
}

/// What is said of a person to the client that asks: the standard claims, then what the provider's templates
/// and the rules that match say, each in turn. Null takes away. One claim that could not be given would keep the
/// person out with all the others, so it is left out.
pub(crate) fn claims_of(settings: &LoginSettings, known: &Known<'_>) -> Said {
    let mut claims = standard(known.upstream);
    if let Some(way) = settings.way(known.way) {
        merge(&mut claims, &template::expand_members(&way.claims, known));
    }
    for rule in &settings.claims {
        let fact = |name: &str| match name {
            "client_id" => known.client_id.map(ClientId::as_str),
            "provider" => Some(known.way),
            _ => None,
        };
        let (scope, others): (Vec<_>, Vec<_>) =
            rule.matching.iter().partition(|(name, _)| *name == "scope");
        let of_scope = |pattern: &Glob| known.scope_tokens().any(|token| pattern.matches(token));
        if scope.iter().all(|(_, pattern)| of_scope(pattern))
            && others
                .iter()
                .all(|(name, pattern)| fact(name).is_some_and(|it| pattern.matches(it)))
        {
            merge(&mut claims, &template::expand_members(&rule.claims, known));
        }
    }
    let mut left_out = Vec::new();
    claims.retain(|name, value| {
        let is_given = jeton::may_be_given(name, value);
        if !value.is_null() && !is_given {
            left_out.push(name.clone());
        }
        !value.is_null() && is_given
    });
    Said { claims, left_out }
}

fn standard(claims: &Map<String, Value>) -> Map<String, Value> {
    let standard = STANDARD.iter().filter_map(|name| {
        let value = claims.get(*name).filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), value.clone()))
    });
    let mut said = Map::new();
    said.extend(standard);
    said
}
