//! Leniency: while a request is answered, its client is one that may do what the request asks for.
//! The core says what it would refuse a client; exactly that is waived, and named.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use http::HeaderName;
use jeton::{
    Client, ClientAuthentication, ClientId, Collection, Cursor, Document, Expected, GrantType, Key,
    Page, Pkce, Put, Reading, Realm, RefreshPolicy, RegisteredClaims, Registry, Scope, Seconds,
    SubjectType, Unavailable, UnixTime,
};

use crate::{fault::is_magic_client, registry::MockRegistry};

pub(crate) mod basic;
mod kept;
pub(crate) mod unnamed;
mod wanted;

pub(crate) use kept::Kept;
use wanted::Target;
pub(crate) use wanted::{Wanted, audiences_of};

/// The header that names what a lenient mock accepted and production would have refused, separated by
/// commas.
pub(crate) const WAIVED_HEADER: HeaderName = HeaderName::from_static("jeton-mock-waived");

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
    fn unknown_age(&self) -> Seconds {
        self.0.unknown_age()
    }

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

    async fn client(
        &self,
        realm: &Realm,
        id: &ClientId,
        reading: &Reading<'_>,
    ) -> Result<Option<Client>, Unavailable> {
        let lent = CLIENT.try_with(|lent| lent.clone().filter(|client| client.id == *id));
        match lent {
            Ok(Some(client)) => Ok(Some(client)),
            _ => self.0.client(realm, id, reading).await,
        }
    }
}

/// Answers a request with what was lent to it. A request without a loan has none of the request it may
/// be asked within.
pub(crate) async fn on_loan<T>(lent: Option<Client>, answer: impl Future<Output = T>) -> T {
    CLIENT.scope(lent, answer).await
}

/// What a lenient issuer grants one request.
#[derive(Debug, Default)]
pub(crate) struct Loan {
    /// The client as the request needs it, if it is not registered so.
    pub(crate) client: Option<Client>,
    /// What was waived, by name.
    pub(crate) waived: Vec<&'static str>,
}

/// The loan for a request. Where it begins a grant, what it asks for is kept for the requests that go on
/// with it: they are held to what the client may have then, and know no more of it. It is never another
/// request's default. A client that is disabled, past its end or deleted is lent nothing: somebody said so.
pub(crate) fn lend(registry: &MockRegistry, wanted: &Wanted<'_>, now: UnixTime) -> Loan {
    let Some(id) = &wanted.id else {
        return Loan::default();
    };
    let registered = registry.registered(id);
    let has_ended = |client: &Client| !client.stands_at(now);
    if registered.as_ref().is_some_and(has_ended) || registry.is_deleted(id) {
        return Loan::default();
    }
    let waived = match &registered {
        Some(client) => wanted.refused(client, now),
        None if is_magic_client(id.as_str()) => Vec::new(),
        None => wanted.waived_for_a_stranger(),
    };
    let is_fresh = wanted.target == Target::Granted || !registry.is_kept(id);
    let lacks_nothing = |client| !wanted.may_lack_offline_access(client);
    if registered.as_ref().is_some_and(lacks_nothing) && waived.is_empty() && is_fresh {
        return Loan::default();
    }
    if wanted.redirects() || wanted.target == Target::BeginsGrant || registered.is_some() {
        registry.keep(id, |kept, own| wanted.widen(kept, own));
    }
    let mut client = registry.find(id).unwrap_or_else(|| unregistered(id));
    if wanted.target != Target::Granted {
        // What others asked for is not this one's default.
        let own = registered.clone().unwrap_or_else(|| unregistered(id));
        client.scope = own.scope;
        client.audiences = own.audiences;
        client.apis = own.apis;
    }
    if registered.is_none() {
        wanted.equip(&mut client);
    }
    wanted.grant_to(&mut client, &registry.apis(), now);
    Loan {
        client: Some(client),
        waived,
    }
}

/// A client that is not registered, before it is lent what it asks for.
pub(crate) fn unregistered(id: &ClientId) -> Client {
    Client {
        id: id.clone(),
        name: None,
        home: None,
        policy: None,
        terms: None,
        authentication: ClientAuthentication::None,
        grant_types: GrantType::ALL.to_vec(),
        scope: Scope::default(),
        audiences: Vec::new(),
        named_apis: Vec::new(),
        apis: Vec::new(),
        labels: BTreeMap::new(),
        described: BTreeMap::new(),
        access_token_lifetime: None,
        access_token_signed_response_alg: None,
        access_token_format: None,
        claims: RegisteredClaims::default(),
        id_token_signed_response_alg: None,
        subject_type: SubjectType::Public,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        pkce: Pkce::Required,
        refresh: RefreshPolicy {
            offline_access_required: false,
            ..RefreshPolicy::default()
        },
        first_party: false,
        login: false,
        disabled: false,
        expires_at: None,
        registration: None,
        registration_ceiling: None,
    }
}

#[cfg(test)]
mod tests;
