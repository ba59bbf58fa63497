//! Delegation: who acts for the subject of a token (`act`, RFC 8693 §4.1), and who may (`may_act`, §4.4).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most actors in one chain, the one who acts now included. Each exchange may add one, and every
/// resource server reads them all.
pub(crate) const MOST_ACTORS: usize = 4;

/// The most exchanges that a token may come of. Each is asked for whenever the token is looked at.
pub(crate) const MOST_EXCHANGES: usize = 5;

/// The members that a [`MayAct`] can have.
const MEMBERS: [&str; 3] = ["sub", "iss", "client_id"];

/// An actor, and in it whoever acted before: the claim `act`. Only the outermost one acts; those inside
/// are told, and nothing is decided by them (RFC 8693 §4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Actor {
    /// Its subject: a client's id, a person's, or that of another issuer's token.
    pub(crate) sub: String,
    /// Whose subject it is; `None`: ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) act: Option<Box<Actor>>,
}

impl Actor {
    /// The actor with this subject of ours.
    pub(crate) fn own(sub: impl Into<String>) -> Self {
        Self {
            sub: sub.into(),
            iss: None,
            act: None,
        }
    }

    /// The actor with this subject of another issuer.
    pub(crate) fn of(sub: impl Into<String>, issuer: String) -> Self {
        Self {
            iss: Some(issuer),
            ..Self::own(sub)
        }
    }

    /// The chain as one of our tokens may have it: whoever is named without an issuer is `issuer`'s.
    pub(crate) fn of_issuer(mut self, issuer: &str) -> Self {
        let mut next = Some(&mut self);
        while let Some(actor) = next {
            actor.iss.get_or_insert_with(|| issuer.to_owned());
            next = actor.act.as_deref_mut();
        }
        self
    }

    /// This actor, around those who acted before it.
    pub(crate) fn after(self, before: Option<Self>) -> Self {
        Self {
            act: before.map(Box::new),
            ..self
        }
    }

    /// Every actor of the chain, from the outside.
    pub(crate) fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |actor| actor.act.as_deref())
    }

    /// How long it is in a token, in bytes of JSON.
    pub(crate) fn length(&self) -> usize {
        serde_json::to_string(self).map_or(usize::MAX, |json| json.len())
    }
}

/// The claim `may_act`: what the actor for the subject must be. Not checked where it is read: whatever it
/// says that is not understood admits nobody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct MayAct(pub(crate) Value);

impl MayAct {
    /// Whether it is meant in this form: an object of strings, with a `sub` or a `client_id`, and perhaps
    /// an `iss`.
    pub(crate) fn is_well_formed(value: &Value) -> bool {
        value.as_object().is_some_and(|members| {
            let is_known = |(name, value): (&String, &Value)| {
                MEMBERS.contains(&name.as_str()) && value.is_string()
            };
            let names_somebody = members.contains_key("sub") || members.contains_key("client_id");
            names_somebody && members.iter().all(is_known)
        })
    }

    /// The same in one of our tokens, of a token of `issuer`; `None` where it cannot be said: a `client_id`
    /// is of a client of that issuer.
    pub(crate) fn of_issuer(mut self, issuer: &str) -> Option<Self> {
        let is_ours = Self::is_well_formed(&self.0) && self.0.get("client_id").is_none();
        let members = self.0.as_object_mut().filter(|_| is_ours)?;
        let own = || Value::String(issuer.to_owned());
        members.entry("iss").or_insert_with(own);
        Some(self)
    }

    /// Whether `actor` may act, who comes by the client of that id. `issuer` is ours, whose token has the
    /// claim: without an `iss` it means actors of ours.
    pub(crate) fn admits(&self, actor: &Actor, client_id: &str, issuer: &str) -> bool {
        let Some(members) = self.0.as_object().filter(|_| Self::is_well_formed(&self.0)) else {
            return false;
        };
        let is = |name, own: &str| members.get(name).is_none_or(|value| value == own);
        let named_issuer = members.get("iss").and_then(Value::as_str);
        let issuer_fits = named_issuer.unwrap_or(issuer) == actor.iss.as_deref().unwrap_or(issuer);
        issuer_fits && is("sub", &actor.sub) && is("client_id", client_id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "https://issuer.example";

    fn foreign(sub: &str, iss: &str) -> Actor {
        Actor {
            iss: Some(iss.to_owned()),
            ..Actor::own(sub)
        }
    }

    #[test]
    fn who_may_act() {
        let check = |may_act: Value, actor: Actor, expected: bool| {
            let admits = MayAct(may_act.clone()).admits(&actor, "gateway", OWN);
            assert_eq!(admits, expected, "{may_act} {actor:?}");
        };
        let gateway = || Actor::own("gateway");
        check(json!({"sub": "gateway"}), gateway(), true);
        check(json!({"sub": "Gateway"}), gateway(), false);
        check(json!({"sub": "gateway", "iss": OWN}), gateway(), true);
        check(
            json!({"sub": "gateway", "iss": "https://x.example"}),
            gateway(),
            false,
        );
        check(json!({"client_id": "gateway"}), Actor::own("bob"), true);
        check(
            json!({"client_id": "gateway", "sub": "alice"}),
            Actor::own("bob"),
            false,
        );
        check(
            json!({"client_id": "other", "sub": "bob"}),
            Actor::own("bob"),
            false,
        );
        // Somebody of that name elsewhere is somebody else.
        check(
            json!({"sub": "gateway"}),
            foreign("gateway", "https://x.example"),
            false,
        );
        let elsewhere = json!({"sub": "gateway", "iss": "https://x.example"});
        check(elsewhere, foreign("gateway", "https://x.example"), true);
        for unread in [
            json!({}),
            json!({"iss": OWN}),
            json!({"sub": "gateway", "email": "a@example.com"}),
            json!({"sub": ["gateway"]}),
            json!({"sub": "gateway", "client_id": null}),
            json!("gateway"),
            json!(null),
        ] {
            check(unread, gateway(), false);
        }
    }

    #[test]
    fn a_chain_is_counted_from_the_outside() {
        let chain = Actor::own("c").after(Some(Actor::own("b").after(Some(Actor::own("a")))));
        assert_eq!(chain.chain().count(), 3);
        let json = json!({"sub": "c", "act": {"sub": "b", "act": {"sub": "a"}}});
        assert_eq!(serde_json::to_value(&chain).unwrap(), json);
        assert_eq!(serde_json::from_value::<Actor>(json).unwrap(), chain);
    }
}
