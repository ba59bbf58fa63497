//! What a person agreed to, as their document keeps it.
//!
//! ```text
//! {"clients":{"guest":[{
//!   "to":"guest.example",
//!   "audiences":{"https://orders.example":{"given":"openid orders:read","declined":"orders:write"},…},
//!   "claims":["email"],
//!   "at":1795730488}]}}
//! ```
//!
//! A document of another form, such as an older one with one scope for each client, is none: the person is
//! asked again.

use std::collections::{BTreeMap, BTreeSet};

use jeton::{
    ClientId, LONGEST_PERSONAL, Scope, Seconds, Unavailable, UnixTime, json, scope_of_claim,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::{account::Right, asked::Asked, pages::Before, sorted::inserted};

/// For how long consent is remembered after it was given.
pub(super) const REMEMBERED: Seconds = Seconds::from_days(400);

/// To how many clients a person's consent is remembered; the oldest makes way for a further one.
const MOST: usize = 200;

/// In how many of the forms in which it was shown a client is remembered; the oldest makes way.
const MOST_SHOWN: usize = 4;

/// The longest consent that is remembered, in bytes of JSON: no client takes the room of all others.
const LONGEST: usize = 8 * 1024;

/// What a person agreed to.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Consents {
    /// By client id, the newest last.
    pub(crate) clients: BTreeMap<String, Vec<Consent>>,
    /// Members that this release does not know.
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// What a person agreed to at one client, as it was shown to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
    #[serde(flatten)]
    shown: Shown,
    /// By audience. The issuer is always among them: it is who asks, and has claims by their scopes.
    audiences: BTreeMap<String, Agreed>,
    /// The claims by name (OpenID Connect Core §5.5).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    claims: BTreeSet<String>,
    at: UnixTime,
}

/// By what a person knows a client. Once it is another, so is the client: an id may change hands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Shown {
    /// Where the person is sent: a host, or the scheme of an installed app's addresses with its colon.
    to: String,
    /// The name, where it is the client's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// Of the scope that was asked for at an audience, what was given and what was left off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Agreed {
    given: Scope,
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    declined: Scope,
}

/// A client at which a person's consent is remembered.
pub(crate) struct Remembered {
    pub(crate) client_id: ClientId,
    pub(crate) rights: Vec<Right>,
    pub(crate) at: UnixTime,
}

impl Consents {
    /// What was agreed to at the client of a request, as that is shown now.
    pub(super) fn of(&self, asked: &Asked, now: UnixTime) -> Option<&Consent> {
        let client = asked.client_id.as_ref()?;
        let shown = Shown::of(asked);
        let mut own = self.clients.get(client.as_str())?.iter();
        own.find(|it| it.shown == shown && it.stands_at(now))
    }

    /// The clients at which something stands.
    pub(super) fn remembered(&self, now: UnixTime) -> impl Iterator<Item = Remembered> {
        self.clients.iter().filter_map(move |(id, own)| {
            let standing = || own.iter().filter(|it| it.stands_at(now));
            let agreed = standing().flat_map(|it| &it.audiences);
            let rights = agreed.map(|(audience, agreed)| Right {
                audiences: vec![audience.clone()],
                scope: agreed.given.clone(),
            });
            Some(Remembered {
                client_id: id.parse().ok()?,
                at: standing().map(|it| it.at).max()?,
                rights: rights.collect(),
            })
        })
    }

    /// Takes in what a person agreed to at a client. What is too long is not remembered: they are asked again.
    pub(super) fn remember(&mut self, client: &str, consent: &Consent) {
        let own = self.clients.entry(client.to_owned()).or_default();
        let standing = own.iter().position(|it| it.shown == consent.shown);
        let before = standing.map(|place| own.remove(place));
        let before = before.filter(|before| before.stands_at(consent.at));
        let merged = consent.clone().after(before);
        if let Some(consent) = [&merged, consent].into_iter().find(|it| it.fits()) {
            own.push(consent.clone());
        }
        if own.len() > MOST_SHOWN {
            own.remove(0);
        }
        if own.is_empty() {
            self.clients.remove(client);
        }
    }

    /// Their JSON, without the oldest where there are too many for a document.
    pub(super) fn written(&mut self) -> Result<String, Unavailable> {
        loop {
            let text = serde_json::to_string(self)
                .map_err(|_| Unavailable::new("consents", "they are no JSON"))?;
            if self.clients.len() <= MOST && text.len() <= LONGEST_PERSONAL {
                return Ok(text);
            }
            let newest = |own: &Vec<Consent>| own.last().map(|it| it.at);
            let oldest = self.clients.iter().min_by_key(|(_, own)| newest(own));
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
                return Err(Unavailable::new("consents", "they are too long"));
            };
            self.clients.remove(&oldest);
        }
    }
}

impl Consent {
    /// What is agreed to now: `given` of what is asked for.
    pub(super) fn to(asked: &Asked, given: &Scope, issuer: &str, at: UnixTime) -> Self {
        let agreed = Agreed {
            given: given.clone(),
            declined: asked.scope_asked().without(given),
        };
        let audiences = asked.audiences.iter().map(String::as_str).chain([issuer]);
        Self {
            shown: Shown::of(asked),
            audiences: inserted(audiences.map(|audience| (audience.to_owned(), agreed.clone()))),
            claims: inserted(claims_left(asked, given).into_iter().map(str::to_owned)),
            at,
        }
    }

    /// The part of the scope of a request that was given at each of its audiences; `None`: something of it was
    /// never asked for there, or nothing of it was given.
    pub(super) fn answers(&self, asked: &Asked, issuer: &str) -> Option<Scope> {
        let wanted = asked.scope_asked();
        let mut given = wanted.clone();
        let named = asked.audiences.iter().map(String::as_str);
        let own = asked.audiences.is_empty().then_some(issuer);
        for audience in named.chain(own) {
            let agreed = self.audiences.get(audience)?;
            let known = agreed.given.union(&agreed.declined);
            if !wanted.without(&known).is_empty() {
                return None;
            }
            let left_off = given.without(&agreed.given);
            given = given.without(&left_off);
        }
        if given.is_empty() && !wanted.is_empty() {
            return None;
        }
        let claims = claims_left(asked, &given);
        let is_known = claims.iter().all(|claim| self.claims.contains(*claim));
        is_known.then_some(given)
    }

    /// What the person has said of a token of the scope that is asked for: it is declined if it was at one of
    /// the audiences, and allowed if it was at each.
    pub(super) fn said_of(&self, token: &str, asked: &Asked, issuer: &str) -> Before {
        let named = asked.audiences.iter().map(String::as_str);
        let own = asked.audiences.is_empty().then_some(issuer);
        let mut said = Before::Allowed;
        for audience in named.chain(own) {
            match self.audiences.get(audience) {
                Some(agreed) if agreed.declined.contains(token) => return Before::Declined,
                Some(agreed) if agreed.given.contains(token) => (),
                _ => said = Before::Nothing,
            }
        }
        said
    }

    /// This one, with what was agreed to `before` and was not asked for again.
    fn after(mut self, before: Option<Self>) -> Self {
        let Some(before) = before else {
            return self;
        };
        let declined = self.audiences.values();
        let declined = declined.flat_map(|agreed| agreed.declined.iter());
        let declined: BTreeSet<String> = inserted(declined.map(str::to_owned));
        for (audience, before) in before.audiences {
            let now = self.audiences.entry(audience).or_default();
            let again = now.given.union(&now.declined);
            now.given = before.given.without(&again).union(&now.given);
            now.declined = before.declined.without(&again).union(&now.declined);
        }
        let is_left = |claim: &String| {
            let scope = scope_of_claim(claim);
            !scope.is_some_and(|scope| declined.contains(scope))
        };
        self.claims
            .extend(before.claims.into_iter().filter(is_left));
        self
    }

    fn stands_at(&self, now: UnixTime) -> bool {
        self.at + REMEMBERED > now
    }

    /// Whether it is short enough, and can be read again: a scope has a most of tokens.
    fn fits(&self) -> bool {
        let text = serde_json::to_string(self).ok();
        let text = text.filter(|text| text.len() <= LONGEST);
        text.is_some_and(|text| json::read::<Self>(&text).is_ok())
    }
}

impl Shown {
    fn of(asked: &Asked) -> Self {
        let name = asked.self_registered.as_ref().and(asked.name_of_client());
        Self {
            to: destination(asked.redirect_uri.as_deref().unwrap_or_default()),
            name: name.map(str::to_owned),
        }
    }
}

/// Where a person is sent, as far as the page of consent tells them.
fn destination(redirect_uri: &str) -> String {
    let Ok(url) = Url::parse(redirect_uri) else {
        return redirect_uri.to_owned();
    };
    match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(host)) => host.to_owned(),
        (scheme, _) => format!("{scheme}:"),
    }
}

/// The claims that are asked for by name, without those of a scope that is asked for and not given: the server
/// leaves these out.
fn claims_left<'a>(asked: &'a Asked, given: &Scope) -> Vec<&'a str> {
    let declined = asked.scope_asked().without(given);
    let is_left = |name: &&str| !scope_of_claim(name).is_some_and(|it| declined.contains(it));
    asked.claims_by_name().into_iter().filter(is_left).collect()
}

#[cfg(test)]
mod tests;
