//! What is known of the person of a grant, and what of it tokens and answers have unasked.

use jeton::scope_of_claim;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Additions, Made};
use crate::spec::{ClaimPlace, User};

/// The claims that `/userinfo` leaves to the tokens (OpenID Connect Core §2).
const OF_TOKENS: [&str; 2] = ["acr", "amr"];

/// How many earlier descriptions of one user are known by their claims; the oldest go first.
const FORMER: usize = 64;

/// The person of a grant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    /// What was granted, which `/userinfo` does not say.
    pub(crate) scope: String,
    /// The claims that the login said.
    pub(crate) said: Map<String, Value>,
    /// The claims that count now: others where the user was replaced since.
    pub(crate) claims: Map<String, Value>,
}

/// The claims, by their hashes, that logins of one user said before the user was replaced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Former(Vec<[u8; 32]>);

impl Former {
    pub(crate) fn note(&mut self, user: &User) {
        if self.0.len() >= FORMER {
            self.0.remove(0);
        }
        self.0.push(hash(&user.grant_claims()));
    }

    /// Whether a login said these because they were the user's, rather than because somebody typed them.
    pub(crate) fn had(&self, said: &Map<String, Value>) -> bool {
        !self.0.is_empty() && self.0.contains(&hash(said))
    }
}

/// Of the claims as the server keeps them, which read them from a form.
fn hash(claims: &Map<String, Value>) -> [u8; 32] {
    let text = Value::Object(claims.clone()).to_string();
    let read: Value = serde_json::from_str(&text).unwrap_or_default();
    Sha256::digest(read.to_string()).into()
}

impl Person {
    /// Adds the claims that are in `places`, in `/userinfo` as well, and puts right wherever the server
    /// said what no longer counts. Standard claims want their scope (OpenID Connect Core §5.4).
    pub(super) fn add_to(
        &self,
        additions: &mut Additions,
        places: &[ClaimPlace],
        scope: &str,
        made: &Made<'_>,
    ) {
        for (place, made, into) in [
            (
                Some(ClaimPlace::IdToken),
                made.id_token,
                &mut additions.id_token,
            ),
            (
                Some(ClaimPlace::AccessToken),
                made.access_token,
                &mut additions.access_token,
            ),
            (
                Some(ClaimPlace::Introspection),
                made.answer,
                &mut additions.introspection,
            ),
            (None, made.answer, &mut additions.userinfo),
        ] {
            let Some(made) = made else {
                continue;
            };
            let is_said = |name: &str, value: &Value| made.get(name) == Some(value);
            let gone = self.said.iter().filter(|(name, value)| {
                is_said(name, value) && self.claims.get(*name) != Some(*value)
            });
            for (name, _) in gone {
                let now = self.claims.get(name).cloned();
                into.insert(name.clone(), now.unwrap_or_default());
            }
            let is_there = match place {
                // It says what the access token says.
                Some(ClaimPlace::Introspection) => places.iter().any(|place| {
                    matches!(place, ClaimPlace::Introspection | ClaimPlace::AccessToken)
                }),
                Some(place) => places.contains(&place),
                None => !places.is_empty() && self.said != self.claims,
            };
            let (scope, left_out): (_, &[&str]) = match place {
                Some(_) => (scope, &[]),
                None => (self.scope.as_str(), &OF_TOKENS),
            };
            let is_in_scope = |name: &str| {
                let wanted = scope_of_claim(name);
                wanted.is_none_or(|wanted| scope.split(' ').any(|token| token == wanted))
            };
            for (name, value) in self.claims.iter().filter(|_| is_there) {
                let has = is_in_scope(name) && !left_out.contains(&name.as_str());
                if has && !is_said(name, value) {
                    into.insert(name.clone(), value.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_user_was_is_known() {
        let user = |claims: Value| User {
            claims: serde_json::from_value(claims).unwrap(),
            ..User::new("mira")
        };
        let was = user(json!({ "a": 1, "b": [1e15, "ü"] }));
        let mut former = Former::default();
        assert!(!former.had(&was.grant_claims()));
        former.note(&was);
        assert!(former.had(&was.grant_claims()));
        assert!(!former.had(&user(json!({ "a": 1 })).grant_claims()));
        // As the server has read it.
        let read = serde_json::from_str(&Value::Object(was.grant_claims()).to_string()).unwrap();
        assert!(former.had(&read));
        for _ in 0..FORMER {
            former.note(&User::new("mira"));
        }
        assert!(!former.had(&was.grant_claims()));
    }
}
