//! The APIs of a client, granted as they are registered.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{AccessTokenFormat, Client, NamedApi};
use crate::{
    api::{Api, ClientMember, SelfRegistered, is_same_audience},
    scope::Scope,
    time::Seconds,
};

/// An API that a client has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedApi {
    /// The API as it is registered.
    pub api: Arc<Api>,
    /// What of the client's scope is for its APIs alone, and good at this one.
    pub scope: Scope,
}

impl Client {
    /// The client with the APIs that it names: of each what stands in both, its record and the API's
    /// document. An API that is not among these, or disabled, is not granted; nor is one that does not admit
    /// clients which registered themselves to a client that did.
    #[must_use]
    pub fn with_apis(mut self, registered: &[Arc<Api>]) -> Self {
        let own = self.scope.clone();
        for NamedApi { identifier, scope } in &self.named_apis {
            let is_open = |api: &&Arc<Api>| {
                !api.disabled
                    && (self.registration.is_none()
                        || api.self_registered_clients == SelfRegistered::Admitted)
            };
            let mut registered = registered.iter().filter(is_open);
            let Some(api) = registered.find(|api| api.identifier == *identifier) else {
                continue;
            };
            let granted = api.scope_within(scope);
            self.scope = self.scope.union(&granted);
            if !self.audiences.contains(identifier) {
                self.audiences.push(identifier.clone());
            }
            self.apis.push(GrantedApi {
                api: Arc::clone(api),
                scope: granted.without(&own),
            });
        }
        self
    }

    /// Whether all APIs that it names are granted.
    pub(crate) fn has_its_apis(&self) -> bool {
        self.apis.len() == self.named_apis.len()
    }

    /// Whether it is registered for nobody's tokens, and so has this server's. One whose APIs are gone or
    /// disabled has none instead.
    pub(crate) fn has_the_issuer(&self) -> bool {
        self.audiences.is_empty() && self.named_apis.is_empty()
    }

    /// The audience of the client that a request means by `named`: that very one, or one that it is an
    /// alias of.
    #[must_use]
    pub fn audience_named(&self, named: &str) -> Option<&str> {
        let exact = self.audiences.iter().find(|own| *own == named);
        let by_alias = || {
            let mut apis = self.apis.iter().map(|granted| &granted.api);
            let api = apis.find(|api| api.is_named(named));
            api.map(|api| &api.identifier)
                .filter(|identifier| self.audiences.contains(identifier))
        };
        let by_slash = || {
            self.audiences
                .iter()
                .find(|own| is_same_audience(own, named))
        };
        exact
            .or_else(by_alias)
            .or_else(by_slash)
            .map(String::as_str)
    }

    /// What a token is for whose request names no audience; `None` where that is the issuer alone.
    pub(crate) fn default_audience(&self) -> Option<&String> {
        self.audiences.first()
    }

    /// Whether the client is registered for all of `scope` at the audiences that a request names, by
    /// whatever name; at its default one, where it names none.
    #[must_use]
    pub fn has_scope_at(&self, scope: &Scope, named: &[String]) -> bool {
        let mut audiences: Vec<_> = named
            .iter()
            .map(|named| self.audience_named(named).unwrap_or(named).to_owned())
            .collect();
        if audiences.is_empty() {
            audiences.extend(self.default_audience().cloned());
        }
        self.unregistered_scope(scope).is_none()
            && self.scope_at(scope.clone(), &audiences) == *scope
    }

    /// The part of `scope` that is good at `audiences`: without what the client has for other APIs alone.
    pub(crate) fn scope_at(&self, scope: Scope, audiences: &[String]) -> Scope {
        if self.apis.is_empty() {
            return scope;
        }
        scope.filtered(|token| {
            let mut of = self
                .apis
                .iter()
                .filter(|it| it.scope.contains(token))
                .peekable();
            of.peek().is_none() || of.any(|it| audiences.contains(&it.api.identifier))
        })
    }

    /// The APIs among `audiences`, in the order of the client's record.
    fn apis_at<'a>(&'a self, audiences: &'a [String]) -> impl Iterator<Item = &'a Api> {
        let apis = self.apis.iter().map(|granted| &*granted.api);
        apis.filter(|api| audiences.contains(&api.identifier))
    }

    /// How long a token for `audiences` lives at most, in seconds: the least that the client and its APIs
    /// say; `None` where none of them says anything.
    pub(crate) fn access_token_lifetime_at(&self, audiences: &[String]) -> Option<Seconds> {
        let apis = self.apis_at(audiences);
        let of_apis = apis.filter_map(|api| api.access_token_lifetime);
        of_apis.chain(self.access_token_lifetime).min()
    }

    /// The format of a token for `audiences`. An API says it before the client does, because it reads the
    /// token; one that wants it opaque does not want it read.
    pub(crate) fn access_token_format_at(&self, audiences: &[String]) -> AccessTokenFormat {
        let mut format = None;
        for api in self.apis_at(audiences) {
            match api.access_token_format {
                Some(AccessTokenFormat::Opaque) => return AccessTokenFormat::Opaque,
                said => format = format.or(said),
            }
        }
        format.or(self.access_token_format).unwrap_or_default()
    }

    /// The algorithm of a token for `audiences`: the first API's that says one, else the client's.
    pub(crate) fn access_token_alg_at(
        &self,
        audiences: &[String],
    ) -> Option<jsonwebtoken::Algorithm> {
        let mut apis = self.apis_at(audiences);
        apis.find_map(|api| api.access_token_signed_response_alg)
            .or(self.access_token_signed_response_alg)
    }

    /// The claims of a token for `audiences` that the client gets for itself. What an API says of its clients
    /// is for tokens that are for it alone, and what the client's own record says goes before it.
    pub(crate) fn client_claims_at(&self, audiences: &[String]) -> Map<String, Value> {
        let mut claims = Map::new();
        // Of a token for several, each would take for its own what another says.
        if audiences.len() == 1 {
            for api in self.apis_at(audiences) {
                claims.extend(self.claims_by(api));
            }
        }
        claims.extend(self.claims.client.clone());
        claims
    }

    /// Whether a token that the client got for itself may say this.
    pub(crate) fn gives_claim(&self, name: &str, value: &Value) -> bool {
        self.claims.client.get(name) == Some(value)
            || self.apis.iter().any(|GrantedApi { api, .. }| {
                let from = api.client_claims_from.get(name);
                let from = from.and_then(|member| self.text_of(member));
                api.client_claims.get(name) == Some(value)
                    || from.is_some_and(|text| value.as_str() == Some(text))
            })
    }

    fn claims_by<'a>(&'a self, api: &'a Api) -> impl Iterator<Item = (String, Value)> + 'a {
        let fixed = api.client_claims.clone().into_iter();
        let from = api.client_claims_from.iter().filter_map(|(name, member)| {
            let text = self.text_of(member)?;
            Some((name.clone(), text.into()))
        });
        fixed.chain(from)
    }

    /// What a member of its record says, for the tokens of an API.
    fn text_of(&self, member: &ClientMember) -> Option<&str> {
        let text = match member {
            // Of a client that registered itself this is its own word.
            ClientMember::Described(_) if self.registration.is_some() => None,
            ClientMember::Described(member) => self.described.get(member),
            ClientMember::Label(label) => self.labels.get(label),
        };
        text.map(String::as_str)
    }
}
