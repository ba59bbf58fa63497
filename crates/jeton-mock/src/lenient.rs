//! Leniency: while a request is answered, its client is one that may do what the request asks for.
//! The core says what it would refuse a client; exactly that is waived, and named.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::Arc,
};

use http::HeaderName;
use jeton::{
    AccessTokenFormat, Client, ClientAuthentication, ClientId, Collection, Cursor, Document,
    Expected, GrantType, Key, Page, Pkce, Put, Realm, RedirectUri, RefreshPolicy, Registry, Scope,
    Unavailable, UnixTime,
};

use crate::{fault::is_magic_client, registry::MockRegistry};

mod wanted;

pub(crate) use wanted::Wanted;

/// The header that names what a lenient mock accepted and production would have refused, separated by
/// commas.
pub(crate) const WAIVED_HEADER: HeaderName = HeaderName::from_static("jeton-mock-waived");

/// How many unregistered clients, and how many unregistered redirect URIs of one client, are kept
/// until the browser comes back; the oldest go first.
const KEPT: usize = 1000;
const KEPT_REDIRECTS: usize = 64;

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
    /// The unregistered clients that the registry keeps for their redirect URIs, the oldest first.
    strangers: VecDeque<ClientId>,
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
        self.clients.insert(client.id.clone(), client);
    }

    pub(crate) fn remove(&mut self, id: &ClientId) {
        self.clients.remove(id);
    }

    /// The loan for a request. Its redirect URIs are all that is kept of it: the browser comes back to
    /// them after other requests.
    pub(crate) fn lend(
        &mut self,
        registry: &MockRegistry,
        wanted: &Wanted<'_>,
        now: UnixTime,
    ) -> Loan {
        let registered = self.clients.get(&wanted.id);
        let waived = match registered {
            Some(client) => wanted.refused(client, now),
            None if is_magic_client(wanted.id.as_str()) => Vec::new(),
            None => vec!["client"],
        };
        if registered.is_some() && waived.is_empty() {
            return Loan::default();
        }
        if wanted.redirects() {
            self.keep_redirects(registry, wanted);
        }
        let known = registry.find(&wanted.id);
        let mut client = known.unwrap_or_else(|| unregistered(&wanted.id));
        wanted.grant_to(&mut client, now);
        Loan {
            client: Some(client),
            waived,
        }
    }

    fn keep_redirects(&mut self, registry: &MockRegistry, wanted: &Wanted<'_>) {
        let registered = self.clients.get(&wanted.id);
        if registered.is_none() && !self.strangers.contains(&wanted.id) {
            if self.strangers.len() >= KEPT
                && let Some(oldest) = self.strangers.pop_front()
            {
                registry.remove(&oldest);
            }
            self.strangers.push_back(wanted.id.clone());
        }
        let (own, own_after_logout) = registered.map_or((0, 0), |client| {
            (
                client.redirect_uris.len(),
                client.post_logout_redirect_uris.len(),
            )
        });
        registry.update(&wanted.id, |known| {
            let mut client = known.cloned().unwrap_or_else(|| unregistered(&wanted.id));
            if let Some(uri) = &wanted.redirect_uri {
                keep_redirect(&mut client.redirect_uris, own, uri);
            }
            if let Some(uri) = &wanted.post_logout_redirect_uri {
                keep_redirect(&mut client.post_logout_redirect_uris, own_after_logout, uri);
            }
            client
        });
    }
}

/// Adds a redirect URI after the client's `own`.
fn keep_redirect(list: &mut Vec<RedirectUri>, own: usize, uri: &RedirectUri) {
    if !list.iter().any(|known| known.matches(uri.as_str())) {
        if list.len() >= own + KEPT_REDIRECTS {
            list.remove(own);
        }
        list.push(uri.clone());
    }
}

/// A client that is not registered, before it is lent what it asks for.
fn unregistered(id: &ClientId) -> Client {
    Client {
        id: id.clone(),
        name: None,
        authentication: ClientAuthentication::None,
        grant_types: GrantType::ALL.to_vec(),
        scope: Scope::default(),
        audiences: Vec::new(),
        access_token_lifetime: None,
        access_token_signed_response_alg: None,
        access_token_format: AccessTokenFormat::Jwt,
        id_token_signed_response_alg: None,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        pkce: Pkce::Required,
        refresh: RefreshPolicy {
            offline_access_required: false,
            ..RefreshPolicy::default()
        },
        login: false,
    }
}

#[cfg(test)]
mod tests;
