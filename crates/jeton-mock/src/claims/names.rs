//! The names of templates, and what of a request each stands for.

use jeton_rules::template::{Missing, Names};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Facts;

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

/// What is known of a request, by the names that templates have for it.
#[derive(Clone, Copy)]
pub(crate) struct RequestNames<'a> {
    pub(crate) facts: &'a Facts<'a>,
    /// The claims that `claims.NAME` is about: what the server said.
    pub(crate) made: Option<&'a Map<String, Value>>,
    /// What is said instead; null takes away.
    pub(crate) added: &'a Map<String, Value>,
    /// Other names with their values, in these templates alone.
    pub(crate) others: &'a [(&'a str, Value)],
}

impl Names for RequestNames<'_> {
    const EXPECTED: &'static str = "client_id, subject, issuer, issuer_name, base, scope, scopes, scopes.PATTERN, grant_type, now, user.NAME, claims.NAME, uuid:NAME, parameters.NAME, or a parameter that OAuth or OpenID Connect registers";
    const MISSING: Missing = Missing::IsEmpty;

    fn is_name(name: &str) -> bool {
        Known::parse(name).is_some()
    }

    fn is_several(template: &str) -> bool {
        matches!(Known::parse(template), Some(Known::ScopesLike(..)))
    }

    fn value(&self, name: &str) -> Option<Value> {
        match self.others.iter().find(|(own, _)| *own == name) {
            Some((_, value)) => Some(value.clone()),
            None => Known::parse(name)?.value(self),
        }
    }
}

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

    /// What it stands for; null is nothing.
    fn value(self, names: &RequestNames<'_>) -> Option<Value> {
        let facts = names.facts;
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
            Self::User(name) => return facts.user?.get(name).cloned(),
            Self::Claim(name) => {
                let said = names.added.get(name);
                return said.or_else(|| names.made?.get(name)).cloned();
            }
            Self::Uuid(name) => return Some(uuid(facts, name).into()),
        };
        text.map(Value::from)
    }
}

fn scopes_like(pattern: &str) -> Option<Known<'_>> {
    let (before, after) = pattern.split_once('*')?;
    (!after.contains('*')).then_some(Known::ScopesLike(before, after))
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
