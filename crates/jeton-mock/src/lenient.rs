//! Leniency: while a request is answered, its client is one that may do what the request asks for.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::Arc,
};

use bytes::Bytes;
use http::{HeaderName, Request, header::AUTHORIZATION};
use jeton::{
    AccessTokenFormat, Client, ClientAuthentication, ClientId, ClientSecret, Collection, Cursor,
    Document, Expected, GrantType, Key, Page, Proof, Put, Realm, RedirectUri, RefreshPolicy,
    Registry, Scope, SecretHash, Unavailable,
};
use serde_json::Value;
use url::form_urlencoded;

use crate::{
    asked::Asked, fault::is_magic_client, forge::Jwt, registry::MockRegistry, spec::Endpoint,
};

/// Names what a lenient mock accepted that production would have refused, separated by commas.
pub(crate) const WAIVED_HEADER: HeaderName = HeaderName::from_static("jeton-mock-waived");

/// How many clients that nobody registered, and how many made-up redirect URIs of one client, are
/// kept until the browser comes back; the oldest go first.
const KEPT: usize = 1000;
const KEPT_REDIRECTS: usize = 64;

tokio::task_local! {
    /// The client of the request that is being answered.
    static CLIENT: Client;
}

/// Registered clients, but for the one that the request at hand has waived something for. Not
/// written into the registry: there, the next request would find what this one asked for, and
/// parallel requests each other's.
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
        let presented = CLIENT.try_with(|client| (client.id == *id).then(|| client.clone()));
        match presented {
            Ok(Some(client)) => Ok(Some(client)),
            _ => self.0.client(realm, id).await,
        }
    }
}

/// Answers a request whose client is `client`, if something was waived for it.
pub(crate) async fn presenting<T>(client: Option<Client>, answer: impl Future<Output = T>) -> T {
    match client {
        Some(client) => CLIENT.scope(client, answer).await,
        None => answer.await,
    }
}

/// The clients the mock was told of: what is waived is judged against them.
#[derive(Debug, Default)]
pub(crate) struct Seeded {
    clients: HashMap<ClientId, Client>,
    /// Others that the registry keeps, the oldest first.
    strangers: VecDeque<ClientId>,
}

/// What was waived, by name, and the client as the request needs it.
#[derive(Debug, Default)]
pub(crate) struct Waived {
    pub(crate) names: Vec<&'static str>,
    pub(crate) client: Option<Client>,
    /// Who has to ask in the client's place to be answered: whose token it is.
    pub(crate) owner: Option<ClientId>,
}

/// What an owner authenticates with.
const OWNER_SECRET: &str = "owner";

/// Has `owner` ask what somebody else asked.
pub(crate) fn ask_as(owner: &ClientId, request: &mut Request<Bytes>) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(request.body()) {
        if name != "client_id" && name != "client_secret" {
            form.append_pair(&name, &value);
        }
    }
    form.append_pair("client_id", owner.as_str());
    form.append_pair("client_secret", OWNER_SECRET);
    let form = form.finish();
    *request.body_mut() = Bytes::from(form);
    request.headers_mut().remove(AUTHORIZATION);
}

/// What a request wants of its client.
struct Wanted<'a> {
    id: ClientId,
    secret: Option<SecretHash>,
    scope: Scope,
    audiences: Vec<String>,
    redirect_uri: Option<RedirectUri>,
    post_logout_redirect_uri: Option<RedirectUri>,
    pkce: Pkce,
    /// The access token that is asked about.
    introspected: Option<Jwt>,
    asked: &'a Asked,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pkce {
    Absent,
    /// Or not this endpoint's matter.
    Present,
}

impl Seeded {
    pub(crate) fn insert(&mut self, client: Client) {
        self.clients.insert(client.id.clone(), client);
    }

    pub(crate) fn remove(&mut self, id: &ClientId) {
        self.clients.remove(id);
    }

    /// What a request waives. A redirect URI is all that is kept of it: the browser comes back to it
    /// after other requests.
    pub(crate) fn waive(
        &mut self,
        registry: &MockRegistry,
        asked: &Asked,
        request: &Request<Bytes>,
    ) -> Waived {
        let Some(wanted) = Wanted::read(asked, request) else {
            return Waived::default();
        };
        let seeded = self.clients.get(&wanted.id);
        let names = match seeded {
            None if is_magic_client(wanted.id.as_str()) => Vec::new(),
            seeded => wanted.beyond(seeded),
        };
        if seeded.is_some() && names.is_empty() {
            return Waived::default();
        }
        if wanted.redirects() {
            self.keep(registry, &wanted);
        }
        if let Some(owner) = wanted.owner() {
            let mut client = registry.find(&owner).unwrap_or_else(|| anyone(&owner));
            client.authentication = with_secret(SecretHash::of(OWNER_SECRET));
            return Waived {
                names,
                client: Some(client),
                owner: Some(owner),
            };
        }
        let mut client = registry
            .find(&wanted.id)
            .unwrap_or_else(|| anyone(&wanted.id));
        wanted.grant_to(&mut client);
        Waived {
            names,
            client: Some(client),
            owner: None,
        }
    }

    fn keep(&mut self, registry: &MockRegistry, wanted: &Wanted<'_>) {
        let seeded = self.clients.get(&wanted.id);
        if seeded.is_none() && !self.strangers.contains(&wanted.id) {
            if self.strangers.len() >= KEPT
                && let Some(oldest) = self.strangers.pop_front()
            {
                registry.remove(&oldest);
            }
            self.strangers.push_back(wanted.id.clone());
        }
        let own = seeded.map_or((0, 0), |client| {
            (
                client.redirect_uris.len(),
                client.post_logout_redirect_uris.len(),
            )
        });
        registry.update(&wanted.id, |known| {
            let mut client = known.cloned().unwrap_or_else(|| anyone(&wanted.id));
            keep_redirect(&mut client.redirect_uris, own.0, &wanted.redirect_uri);
            keep_redirect(
                &mut client.post_logout_redirect_uris,
                own.1,
                &wanted.post_logout_redirect_uri,
            );
            client
        });
    }
}

/// Adds a redirect URI after the client's `own`.
fn keep_redirect(list: &mut Vec<RedirectUri>, own: usize, uri: &Option<RedirectUri>) {
    if let Some(uri) = uri
        && !list.iter().any(|known| known.matches(uri.as_str()))
    {
        if list.len() >= own + KEPT_REDIRECTS {
            list.remove(own);
        }
        list.push(uri.clone());
    }
}

impl<'a> Wanted<'a> {
    /// Malformed values stay out: the server refuses them as production would.
    fn read(asked: &'a Asked, request: &Request<Bytes>) -> Option<Self> {
        let parameter = |name: &str| asked.parameters.get(name);
        let scope = || parameter("scope").and_then(|scope| scope.parse().ok());
        let wanted = |id: &str| {
            Some(Self {
                id: id.parse().ok()?,
                secret: None,
                scope: Scope::default(),
                audiences: Vec::new(),
                redirect_uri: None,
                post_logout_redirect_uri: None,
                pkce: Pkce::Present,
                introspected: None,
                asked,
            })
        };
        match asked.endpoint {
            Endpoint::Authorize => Some(Self {
                scope: scope().unwrap_or_default(),
                audiences: audiences(request),
                redirect_uri: parameter("redirect_uri").and_then(|uri| redirect(uri)),
                pkce: match parameter("code_challenge") {
                    Some(_) => Pkce::Present,
                    None => Pkce::Absent,
                },
                ..wanted(asked.client_id.as_deref()?)?
            }),
            Endpoint::EndSession => {
                let hinted = parameter("id_token_hint").and_then(|hint| audience(hint));
                let id = asked.client_id.clone().or(hinted)?;
                let uri = parameter("post_logout_redirect_uri");
                Some(Self {
                    post_logout_redirect_uri: uri.and_then(|uri| redirect(uri)),
                    ..wanted(&id)?
                })
            }
            Endpoint::Token
            | Endpoint::DeviceAuthorization
            | Endpoint::Introspect
            | Endpoint::Revoke => {
                let presented = asked.authenticated.as_ref()?;
                Some(Self {
                    secret: match presented.presented.proof {
                        Proof::None => None,
                        Proof::Secret(_, hash) => Some(hash),
                    },
                    scope: scope().unwrap_or_default(),
                    audiences: presented.audiences.clone(),
                    introspected: match asked.endpoint {
                        Endpoint::Introspect => parameter("token").and_then(|it| Jwt::parse(it)),
                        _ => None,
                    },
                    ..wanted(&presented.presented.client_id)?
                })
            }
            _ => None,
        }
    }

    /// What goes beyond what the client was registered for.
    fn beyond(&self, client: Option<&Client>) -> Vec<&'static str> {
        let Some(client) = client else {
            return vec!["client"];
        };
        let mut waived = Vec::new();
        if self.secret.is_some_and(|hash| !accepts(client, hash)) {
            waived.push("secret");
        }
        let matches = |registered: &[RedirectUri], uri: &Option<RedirectUri>| {
            uri.as_ref()
                .is_none_or(|uri| registered.iter().any(|own| own.matches(uri.as_str())))
        };
        if !matches(&client.redirect_uris, &self.redirect_uri) {
            waived.push("redirect_uri");
        }
        if !matches(
            &client.post_logout_redirect_uris,
            &self.post_logout_redirect_uri,
        ) {
            waived.push("post_logout_redirect_uri");
        }
        if self.scope.iter().any(|token| !client.scope.contains(token)) {
            waived.push("scope");
        }
        if self
            .introspected
            .as_ref()
            .is_some_and(|token| !is_for(token, &client.id))
        {
            waived.push("audience");
        }
        let registered = |audience| client.audiences.contains(audience);
        // A grant's audiences are the server's to judge; the request may only narrow them.
        if self.names_audiences() && !self.audiences.iter().all(registered) {
            waived.push("audience");
        }
        if self.pkce == Pkce::Absent && client.require_pkce {
            waived.push("pkce");
        }
        waived
    }

    fn names_audiences(&self) -> bool {
        self.asked.endpoint != Endpoint::Introspect && self.asked.endpoint != Endpoint::Revoke
    }

    /// Whose token is asked about, where it is neither the client's nor for it. Who proves nothing is
    /// left to the server.
    fn owner(&self) -> Option<ClientId> {
        let token = self
            .introspected
            .as_ref()
            .filter(|_| self.secret.is_some())?;
        if is_for(token, &self.id) {
            return None;
        }
        let owner = token.claims.get("client_id")?.as_str()?;
        owner.parse().ok()
    }

    fn redirects(&self) -> bool {
        self.redirect_uri.is_some() || self.post_logout_redirect_uri.is_some()
    }

    fn grant_to(&self, client: &mut Client) {
        if let Some(hash) = self.secret
            && !accepts(client, hash)
        {
            client.authentication = with_secret(hash);
        }
        client.scope = client.scope.union(&self.scope);
        client.require_pkce &= self.pkce == Pkce::Present;
        for audience in &self.audiences {
            if !client.audiences.contains(audience) {
                client.audiences.push(audience.clone());
            }
        }
    }
}

/// Whether an access token was issued to a client or for it.
fn is_for(token: &Jwt, client: &ClientId) -> bool {
    let id = client.as_str();
    let audience = token.claims.get("aud");
    let named = match audience {
        Some(Value::Array(several)) => several.iter().any(|one| one == id),
        one => one.is_some_and(|one| one == id),
    };
    named || token.claims.get("client_id").is_some_and(|own| own == id)
}

/// As production takes it, with the port of a loopback address free; or else as it is.
fn redirect(uri: &str) -> Option<RedirectUri> {
    uri.parse().or_else(|_| RedirectUri::exactly(uri)).ok()
}

/// Of an authorization request (RFC 8707 §2).
fn audiences(request: &Request<Bytes>) -> Vec<String> {
    let encoded = match request.uri().query() {
        Some(query) => query.as_bytes(),
        None => request.body(),
    };
    form_urlencoded::parse(encoded)
        .filter(|(name, value)| {
            ["resource", "audience"].contains(&name.as_ref()) && !value.is_empty()
        })
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// The client an ID token was made for.
fn audience(id_token: &str) -> Option<String> {
    let token = Jwt::parse(id_token)?;
    Some(token.claims.get("aud")?.as_str()?.to_owned())
}

/// A client nobody registered: it may do whatever it asks for.
fn anyone(id: &ClientId) -> Client {
    Client {
        id: id.clone(),
        name: None,
        authentication: ClientAuthentication::None,
        grant_types: vec![
            GrantType::AuthorizationCode,
            GrantType::ClientCredentials,
            GrantType::DeviceCode,
            GrantType::RefreshToken,
        ],
        scope: Scope::default(),
        audiences: Vec::new(),
        access_token_lifetime: None,
        access_token_signed_response_alg: None,
        access_token_format: AccessTokenFormat::Jwt,
        id_token_signed_response_alg: None,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        require_pkce: true,
        refresh: RefreshPolicy {
            offline_access_required: false,
            ..RefreshPolicy::default()
        },
        login: false,
    }
}

fn with_secret(hash: SecretHash) -> ClientAuthentication {
    ClientAuthentication::Secret {
        method: None,
        secrets: vec![ClientSecret {
            hash,
            expires_at: None,
        }],
    }
}

fn accepts(client: &Client, hash: SecretHash) -> bool {
    match &client.authentication {
        ClientAuthentication::None => false,
        ClientAuthentication::Secret { secrets, .. } => {
            secrets.iter().any(|secret| secret.hash == hash)
        }
    }
}
