//! APIs (resource servers, RFC 6749 §1.1): what their tokens are like, and who may have them.

use std::{borrow::Cow, collections::BTreeMap};

use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use crate::{
    client::{id::ClientId, token_format::AccessTokenFormat},
    scope::Scope,
    time::Seconds,
};

mod record;

pub use record::{ApiRecord, InvalidApi};

/// A registered API, parsed: everything here has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// The audience of its tokens, as they say it.
    pub identifier: String,
    /// What clients may write in its place.
    pub aliases: Vec<String>,
    /// For people.
    pub name: Option<String>,
    /// Its scopes, each with words for people.
    pub scopes: BTreeMap<String, String>,
    /// How long its tokens live at most, in seconds; `None`: as their client says, or the deployment.
    pub access_token_lifetime: Option<Seconds>,
    /// The format of its tokens; `None`: as their client says.
    pub access_token_format: Option<AccessTokenFormat>,
    /// The algorithm of its tokens; `None`: as their client says, or the deployment.
    pub access_token_signed_response_alg: Option<Algorithm>,
    /// Claims in tokens that clients get for themselves.
    pub client_claims: Map<String, Value>,
    /// Further ones, with the values of members of the client's record.
    pub client_claims_from: BTreeMap<String, ClientMember>,
    /// The clients that may introspect its tokens, besides each token's own.
    pub introspection_clients: Vec<ClientId>,
    /// Whether clients that have registered themselves may have its tokens.
    pub self_registered_clients: SelfRegistered,
    /// The API is as if nobody had registered it.
    pub disabled: bool,
}

/// Whether clients that have registered themselves (RFC 7591) may have tokens of an API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelfRegistered {
    /// They may not.
    #[default]
    Refused,
    /// They may, as far as their ceiling goes.
    Admitted,
}

/// A member of a client's record whose value an API's tokens may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMember {
    /// One that describes the client.
    Described(&'static str),
    /// One of its labels: `labels.NAME`.
    Label(String),
}

impl ClientMember {
    /// The members that describe a client (RFC 7591 §2).
    pub(crate) const DESCRIBED: [&'static str; 4] = [
        "client_name",
        "client_uri",
        "software_id",
        "software_version",
    ];

    fn from_name(name: &str) -> Option<Self> {
        if let Some(label) = name.strip_prefix("labels.") {
            return (!label.is_empty()).then(|| Self::Label(label.to_owned()));
        }
        let mut described = Self::DESCRIBED.into_iter();
        described.find(|known| *known == name).map(Self::Described)
    }
}

impl Api {
    /// Its identifier and its aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let aliases = self.aliases.iter().map(String::as_str);
        aliases.chain([self.identifier.as_str()])
    }

    /// Whether `named` is this API: its identifier or one of its aliases, or one of these with a final
    /// slash more or less.
    #[must_use]
    pub fn is_named(&self, named: &str) -> bool {
        self.names().any(|own| is_same_audience(own, named))
    }

    /// The part of `scope` that it has.
    pub(crate) fn scope_within(&self, scope: &Scope) -> Scope {
        scope.filtered(|token| self.scopes.contains_key(token))
    }
}

/// Whether two audiences are the same: to the byte, or but for the final slash of a URL.
pub(crate) fn is_same_audience(one: &str, other: &str) -> bool {
    let without_slash = |audience| str::strip_suffix(audience, '/').unwrap_or(audience);
    one == other || is_url(one) && without_slash(one) == without_slash(other)
}

fn is_url(audience: &str) -> bool {
    audience.starts_with("https://") || audience.starts_with("http://")
}

/// The same audience with a final slash more or less. What RFC 8707 §2 wants as an absolute URI people copy
/// with and without one; what is no URL has no such twin.
pub(crate) fn twin(audience: &str) -> Option<Cow<'_, str>> {
    is_url(audience).then(|| match audience.strip_suffix('/') {
        Some(without) => without.into(),
        None => format!("{audience}/").into(),
    })
}
