//! Templates: texts of a description in which `${name}` stands for what is known of a request.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Facts;
use crate::spec::InvalidSpec;

/// The parameters of requests that OAuth 2.0 and OpenID Connect register, but for those whose names
/// stand for what the server knows for certain.
const PARAMETERS: [&str; 45] = [
    "acr_values",
    "actor_token",
    "actor_token_type",
    "assertion",
    "audience",
    "authorization_details",
    "claims",
    "claims_locales",
    "client_assertion",
    "client_assertion_type",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "display",
    "dpop_jkt",
    "id_token_hint",
    "iss",
    "login_hint",
    "logout_hint",
    "max_age",
    "nonce",
    "password",
    "post_logout_redirect_uri",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "registration",
    "request",
    "request_uri",
    "requested_token_type",
    "resource",
    "response_mode",
    "response_type",
    "state",
    "subject_token",
    "subject_token_type",
    "target_link_uri",
    "token",
    "token_type_hint",
    "ui_locales",
    "user_code",
    "username",
];

/// What names there are, for those who wrote another.
const EXPECTED: &str = "client_id, subject, issuer, issuer_name, base, scope, scopes, scopes.PATTERN, grant_type, now, user.NAME, claims.NAME, uuid:NAME, parameters.NAME, or a parameter that OAuth or OpenID Connect registers";

/// What a name of a template stands for.
#[derive(Clone, Copy)]
enum Known<'a> {
    ClientId,
    Subject,
    Issuer,
    NameOfIssuer,
    Base,
    Scope,
    Scopes,
    /// What `*` stands for in those of the scopes that are so.
    ScopesLike(&'a str, &'a str),
    GrantType,
    Now,
    /// A claim of the user.
    User(&'a str),
    /// A claim of the token or answer that is being made.
    Claim(&'a str),
    /// A UUID of that name, the subject's own.
    Uuid(&'a str),
    Parameter(&'a str),
}

/// A part of a text.
enum Part<'a> {
    Text(&'a str),
    /// What stands between `${` and `}`.
    Template(&'a str),
    /// A template that does not end.
    Open,
}

/// The claims that `claims.NAME` is about, and what has a name in these templates alone.
#[derive(Clone, Copy)]
pub(crate) struct Claims<'a> {
    /// What the server said.
    pub(crate) made: Option<&'a Map<String, Value>>,
    /// What is said instead; null takes away.
    pub(crate) added: &'a Map<String, Value>,
    /// Other names with their values, which strangers may have written: they are not looked at again.
    pub(crate) others: &'a [(&'a str, Value)],
}

impl<'a> Known<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let own = |prefix| text.strip_prefix(prefix).filter(|own| !own.is_empty());
        Some(match text {
            "client_id" => Self::ClientId,
            "subject" => Self::Subject,
            "issuer" => Self::Issuer,
            "issuer_name" => Self::NameOfIssuer,
            "base" => Self::Base,
            "scope" => Self::Scope,
            "scopes" => Self::Scopes,
            "grant_type" => Self::GrantType,
            "now" => Self::Now,
            _ if PARAMETERS.contains(&text) => Self::Parameter(text),
            _ => own("user.")
                .map(Self::User)
                .or_else(|| own("scopes.").and_then(scopes_like))
                .or_else(|| own("claims.").map(Self::Claim))
                .or_else(|| own("uuid:").map(Self::Uuid))
                .or_else(|| own("parameters.").map(Self::Parameter))?,
        })
    }

    fn value(self, facts: &Facts<'_>, claims: Claims<'_>) -> Option<Value> {
        let scope = || {
            let granted = facts.scope.or_else(|| facts.parameter("scope"));
            granted.filter(|scope| !scope.is_empty())
        };
        let text = match self {
            Self::ClientId => facts.client_id.or_else(|| facts.parameter("client_id")),
            Self::GrantType => facts.grant_type.or_else(|| facts.parameter("grant_type")),
            Self::Subject => facts.subject,
            Self::Issuer => Some(facts.issuer),
            Self::NameOfIssuer => Some(facts.issuer_name),
            Self::Base => Some(facts.base),
            Self::Scope => scope(),
            Self::Parameter(name) => facts.parameter(name),
            Self::Scopes => return Some(scope()?.split_ascii_whitespace().collect()),
            Self::ScopesLike(before, after) => {
                let scopes = scope()?.split_ascii_whitespace();
                let parts = scopes.filter_map(|it| it.strip_prefix(before)?.strip_suffix(after));
                let parts: Vec<_> = parts.filter(|it| !it.is_empty()).collect();
                return (!parts.is_empty()).then(|| parts.into());
            }
            Self::Now => return Some(facts.now.0.into()),
            Self::User(name) => return facts.user.and_then(|user| there(user, name)).cloned(),
            Self::Claim(name) => return claims.get(name).cloned(),
            Self::Uuid(name) => return Some(uuid(facts, name).into()),
        };
        text.map(Value::from)
    }
}

fn scopes_like(pattern: &str) -> Option<Known<'_>> {
    let (before, after) = pattern.split_once('*')?;
    (!after.contains('*')).then_some(Known::ScopesLike(before, after))
}

impl<'a> Claims<'a> {
    fn get(self, name: &str) -> Option<&'a Value> {
        if self.added.contains_key(name) {
            return there(self.added, name);
        }
        there(self.made?, name)
    }
}

fn there<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).filter(|value| !value.is_null())
}

/// Refuses templates that are none.
pub(crate) fn check(value: &Value) -> Result<(), InvalidSpec> {
    match value {
        Value::String(text) => check_text(text),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| {
            check(item).map_err(|invalid| invalid.within(format_args!("[{index}]")))
        }),
        Value::Object(members) => check_members(members),
        _ => Ok(()),
    }
}

/// Refuses members whose templates are none.
pub(crate) fn check_members(members: &Map<String, Value>) -> Result<(), InvalidSpec> {
    members
        .iter()
        .try_for_each(|(name, value)| check(value).map_err(|invalid| invalid.within(name)))
}

fn check_text(text: &str) -> Result<(), InvalidSpec> {
    for part in parts(text) {
        let names = match part {
            Part::Text(_) => continue,
            Part::Template(names) => names,
            Part::Open => {
                let expected = format_args!("a }} after ${{, not {text:?}");
                return Err(InvalidSpec::new("", expected));
            }
        };
        if let Some(unknown) = names.split('|').find(|name| Known::parse(name).is_none()) {
            let expected = format_args!("a template of {EXPECTED}; there is no ${{{unknown}}}");
            return Err(InvalidSpec::new("", expected));
        }
    }
    Ok(())
}

/// A value with its templates filled in; `None` where it is one, and there is nothing that it stands for.
/// What is filled in is not expanded again: strangers wrote it.
pub(crate) fn expand(value: &Value, facts: &Facts<'_>, claims: Claims<'_>) -> Option<Value> {
    let expand = |value| self::expand(value, facts, claims);
    match value {
        Value::String(text) => expand_text(text, facts, claims),
        Value::Array(items) => {
            let items = items.iter().filter_map(|item| Some((item, expand(item)?)));
            let items = items.flat_map(|(item, value)| match value {
                Value::Array(more) if is_parts_of_scopes(item) => more,
                value => vec![value],
            });
            Some(items.collect())
        }
        Value::Object(members) => Some(Value::Object(expand_members(members, facts, claims))),
        other => Some(other.clone()),
    }
}

/// Whether an item of a list stands for several.
fn is_parts_of_scopes(item: &Value) -> bool {
    let mut parts = parts(item.as_str().unwrap_or_default());
    let name = match (parts.next(), parts.next()) {
        (Some(Part::Template(name)), None) => Known::parse(name),
        _ => None,
    };
    matches!(name, Some(Known::ScopesLike(..)))
}

/// Members with their templates filled in, without those that stand for nothing.
pub(crate) fn expand_members(
    members: &Map<String, Value>,
    facts: &Facts<'_>,
    claims: Claims<'_>,
) -> Map<String, Value> {
    members
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), expand(value, facts, claims)?)))
        .collect()
}

fn expand_text(text: &str, facts: &Facts<'_>, claims: Claims<'_>) -> Option<Value> {
    let value = |name: &str| match claims.others.iter().find(|(own, _)| *own == name) {
        Some((_, value)) => Some(value.clone()),
        None => Known::parse(name)?.value(facts, claims),
    };
    let first = |names: &str| names.split('|').find_map(value);
    let mut parts = parts(text).peekable();
    let mut expanded = String::with_capacity(text.len());
    while let Some(part) = parts.next() {
        match part {
            Part::Template(names) if expanded.is_empty() && parts.peek().is_none() => {
                return first(names);
            }
            Part::Template(names) => match first(names) {
                Some(Value::String(text)) => expanded.push_str(&text),
                Some(other) => expanded.push_str(&other.to_string()),
                None => {}
            },
            Part::Text(text) => expanded.push_str(text),
            // Nobody could write it.
            Part::Open => {}
        }
    }
    Some(Value::String(expanded))
}

/// The parts of a text, in order; none of them is an empty text.
fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if let Some(template) = rest.strip_prefix("${") {
            let Some((names, after)) = template.split_once('}') else {
                rest = "";
                return Some(Part::Open);
            };
            rest = after;
            return Some(Part::Template(names));
        }
        let end = rest.find("${").unwrap_or(rest.len());
        let (before, after) = rest.split_at(end);
        rest = after;
        Some(Part::Text(before)).filter(|_| !before.is_empty())
    })
}

/// A UUID that says nothing: that of `name` and the subject, at this issuer. It has the form of version 5,
/// which is made of names as well; the version for other hashes than SHA-1 (RFC 9562 §5.8) is too new for
/// much of what reads it.
fn uuid(facts: &Facts<'_>, name: &str) -> String {
    let mut hash = Sha256::new_with_prefix(facts.identity);
    hash.update((name.len() as u64).to_be_bytes());
    hash.update(name);
    hash.update(facts.subject.unwrap_or_default());
    let hash = hash.finalize();
    let mut number = hash
        .iter()
        .take(16)
        .fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    number = number & !(0xF << 76) | (5 << 76);
    number = number & !(0b11 << 62) | (0b10 << 62);
    let digits = format!("{number:032x}");
    let mut rest = digits.as_str();
    let groups = [8, 4, 4, 4, 12].map(|length| {
        let (group, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        group
    });
    groups.join("-")
}
