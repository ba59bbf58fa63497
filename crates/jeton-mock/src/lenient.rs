//! Leniency: while a request is answered, its client is one that may do what the request asks for.
//! The core says what it would refuse a client; exactly that is waived, and named.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    future::Future,
    sync::Arc,
};

use http::HeaderName;
use jeton::{
    AccessTokenFormat, Client, ClientAuthentication, ClientId, Collection, Cursor, Document,
    Expected, GrantType, Key, Page, Pkce, Put, Realm, RefreshPolicy, RegisteredClaims, Registry,
    Scope, Unavailable, UnixTime,
};

use crate::{fault::is_magic_client, registry::MockRegistry};

mod wanted;

use wanted::Target;
pub(crate) use wanted::{Wanted, audiences_of};

/// The header that names what a lenient mock accepted and production would have refused, separated by
/// commas.
pub(crate) const WAIVED_HEADER: HeaderName = HeaderName::from_static("jeton-mock-waived");

/// How many unregistered clients are kept that began a grant; the oldest go first.
const KEPT: usize = 1000;

tokio::task_local! {
    /// The client lent to the request that is being answered, if one is.
    static CLIENT: Option<Client>;
}

/// The registry, but for the client that is lent to the request at hand. What is lent is not written
/// into the registry: there, the next request would find what this one asked for, and parallel
/// requests each other's.
#[derive(Clone, Debug)]
pub(crate) struct PerRequest(pub(crate) Arc<MockRegistry>);

impl Registry for PerRequest {
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        self.0.get(key).await
    }

    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        self.0.put(key, document, expected).await
    }

    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable> {
        self.0.delete(key, expected).await
    }

    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        self.0.list(collection, after).await
    }

    async fn client(&self, realm: &Realm, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let lent = CLIENT.try_with(|lent| lent.clone().filter(|client| client.id == *id));
        match lent {
            Ok(Some(client)) => Ok(Some(client)),
            _ => self.0.client(realm, id).await,
        }
    }
}

/// Answers a request with what was lent to it. A request without a loan has none of the request it may
/// be asked within.
pub(crate) async fn on_loan<T>(lent: Option<Client>, answer: impl Future<Output = T>) -> T {
    CLIENT.scope(lent, answer).await
}

/// The clients that were registered, against which it is judged what is waived.
#[derive(Debug, Default)]
pub(crate) struct RegisteredClients {
    clients: HashMap<ClientId, Client>,
    /// The unregistered clients that the registry keeps because they began a grant, the oldest first.
    strangers: VecDeque<ClientId>,
    /// The registered clients that the registry keeps with a wider scope or more audiences than their own.
    widened: HashSet<ClientId>,
}

/// What a lenient issuer grants one request.
#[derive(Debug, Default)]
pub(crate) struct Loan {
    /// The client as the request needs it, if it is not registered so.
    pub(crate) client: Option<Client>,
    /// What was waived, by name.
    pub(crate) waived: Vec<&'static str>,
}

impl RegisteredClients {
    pub(crate) fn insert(&mut self, client: Client) {
        self.strangers.retain(|id| *id != client.id);
        self.widened.remove(&client.id);
        self.clients.insert(client.id.clone(), client);
    }

    pub(crate) fn remove(&mut self, id: &ClientId) {
        self.widened.remove(id);
        self.clients.remove(id);
    }

    /// The loan for a request. Where it begins a grant, what it asks for is kept for the requests that go
    /// on with it: they are held to what the client may have then, and know no more of it. It is never
    /// another request's default. A client that is disabled is lent nothing: its issuer said so.
    pub(crate) fn lend(
        &mut self,
        registry: &MockRegistry,
        wanted: &Wanted<'_>,
        now: UnixTime,
    ) -> Loan {
        let Some(id) = &wanted.id else {
            return Loan::default();
        };
        let registered = self.clients.get(id);
        if registered.is_some_and(|client| client.disabled) {
            return Loan::default();
        }
        let waived = match registered {
            Some(client) => wanted.refused(client, now),
            None if is_magic_client(id.as_str()) => Vec::new(),
            None => wanted.waived_for_a_stranger(),
        };
        let is_fresh = wanted.target == Target::Granted || !self.widened.contains(id);
        if registered.is_some() && waived.is_empty() && is_fresh {
            return Loan::default();
        }
        if wanted.redirects() || wanted.target == Target::BeginsGrant || registered.is_some() {
            self.keep(registry, id, wanted);
        }
        let known = registry.find(id);
        let mut client = known.unwrap_or_else(|| unregistered(id));
        let own = self.clients.get(id);
        if wanted.target != Target::Granted {
            // What others asked for is not this one's default.
            client.scope = own.map_or_else(Scope::default, |own| own.scope.clone());
            client.audiences = own.map_or_else(Vec::new, |own| own.audiences.clone());
        }
        if own.is_none() {
            wanted.equip(&mut client);
        }
        wanted.grant_to(&mut client, now);
        Loan {
            client: Some(client),
            waived,
        }
    }

    fn keep(&mut self, registry: &MockRegistry, id: &ClientId, wanted: &Wanted<'_>) {
        let own = self.clients.get(id).cloned();
        if own.is_none() && !self.strangers.contains(id) {
            if self.strangers.len() >= KEPT
                && let Some(oldest) = self.strangers.pop_front()
            {
                registry.remove(&oldest);
            }
            self.strangers.push_back(id.clone());
        }
        let is_registered = own.is_some();
        let own = own.unwrap_or_else(|| unregistered(id));
        registry.update(id, |known| {
            let mut client = known.unwrap_or(&own).clone();
            wanted.widen(&mut client, &own);
            client
        });
        if is_registered && wanted.widens(&own) {
            self.widened.insert(id.clone());
        }
    }
}

/// A client that is not registered, before it is lent what it asks for.
fn unregistered(id: &ClientId) -> Client {
    Client {
        id: id.clone(),
        name: None,
        home: None,
        authentication: ClientAuthentication::None,
        grant_types: GrantType::ALL.to_vec(),
        scope: Scope::default(),
        audiences: Vec::new(),
        access_token_lifetime: None,
        access_token_signed_response_alg: None,
        access_token_format: AccessTokenFormat::Jwt,
        claims: RegisteredClaims::default(),
        id_token_signed_response_alg: None,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        pkce: Pkce::Required,
        refresh: RefreshPolicy {
            offline_access_required: false,
            ..RefreshPolicy::default()
        },
        login: false,
        disabled: false,
    }
}

#[cfg(test)]
mod tests;
