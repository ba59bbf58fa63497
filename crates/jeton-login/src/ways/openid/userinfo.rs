//! What `/userinfo` adds to an ID token (OpenID Connect Core 1.0 §5.3).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{person::Person, trouble::Trouble};

/// Claims that only an ID token can have: about itself, and about how the person logged in.
const OF_ID_TOKENS: [&str; 16] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "s_hash",
    "sid",
    "sub",
];

/// When `/userinfo` is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Userinfo {
    /// Where the ID token lacks what its scope promises (OpenID Connect Core 1.0 §5.4), or what is decided by.
    #[default]
    WhenNeeded,
    /// At each login: for claims that are nowhere else.
    Always,
    Never,
}

impl Userinfo {
    /// Whether it is asked after an ID token with these claims, which was asked for with this scope. `named` are
    /// the claims that lists and rules name.
    pub(super) fn is_asked(
        self,
        claims: &Map<String, Value>,
        scope: &str,
        named: &BTreeSet<String>,
    ) -> bool {
        let lacks_named = || named.iter().any(|name| !claims.contains_key(name));
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::WhenNeeded if lacks_named() => true,
            Self::WhenNeeded => scope.split(' ').any(|name| match name {
                "profile" => !claims.contains_key("name"),
                "email" => !has_email(claims),
                _ => false,
            }),
        }
    }
}

/// Whether it may have the claim of that name.
pub(super) fn may_have(name: &str) -> bool {
    !OF_ID_TOKENS.contains(&name)
}

/// Whether an e-mail address is there, and whether it is verified.
fn has_email(claims: &Map<String, Value>) -> bool {
    claims.contains_key("email") && claims.contains_key("email_verified")
}

/// Adds `claims`, an answer of `/userinfo`, which must be about the same person. What the ID token says stands.
pub(super) fn add(person: &mut Person, mut claims: Map<String, Value>) -> Result<(), Trouble> {
    let sub = claims.get("sub").and_then(Value::as_str);
    if sub != Some(person.sub.as_str()) {
        return Err(Trouble::Foreign("userinfo is about another person"));
    }
    claims.retain(|name, _| !OF_ID_TOKENS.contains(&name.as_str()));
    // An address and whether it is verified come from one place: half of each would verify another address.
    let incomplete = if has_email(&person.claims) || !claims.contains_key("email") {
        &mut claims
    } else {
        &mut person.claims
    };
    for half in ["email", "email_verified"] {
        incomplete.remove(half);
    }
    for (name, value) in claims {
        person.claims.entry(name).or_insert(value);
    }
    Ok(())
}
