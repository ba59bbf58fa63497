//! Leniency: what a request presents is registered before the server looks.

use std::collections::HashMap;

use bytes::Bytes;
use http::Request;
use jeton::{
    AccessTokenFormat, Client, ClientAuthentication, ClientId, ClientSecret, GrantType,
    MemoryRegistry, RedirectUri, RefreshPolicy, Scope, SecretHash, TokenRequest,
};

use serde_json::Value;

use crate::{
    fault::{Asked, is_magic_client},
    forge::Jwt,
    spec::Endpoint,
};

/// How many made-up secrets a client keeps; parallel tests may each use their own.
const SECRETS: usize = 64;

/// The clients the mock was told of. What a request waives is judged against them, not against the
/// registry, so that the second request is told the same as the first.
#[derive(Debug, Default)]
pub(crate) struct Seeded(HashMap<ClientId, Client>);

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
        self.0.insert(client.id.clone(), client);
    }

    pub(crate) fn remove(&mut self, id: &ClientId) {
        self.0.remove(id);
    }

    /// Makes `registry` agree with a request, and says what that waived. What is registered only
    /// ever grows, so that parallel requests never undo each other.
    pub(crate) fn waive(
        &self,
        registry: &MemoryRegistry,
        asked: &Asked,
        request: &Request<Bytes>,
    ) -> Vec<&'static str> {
        let Some(wanted) = Wanted::read(asked, request) else {
            return Vec::new();
        };
        let seeded = self.0.get(&wanted.id);
        let magic = seeded.is_none() && is_magic_client(wanted.id.as_str());
        let waived = match magic {
            true => Vec::new(),
            false => wanted.beyond(seeded),
        };
        if magic || !waived.is_empty() {
            registry.update(&wanted.id, |known| {
                let mut client = known.cloned().unwrap_or_else(|| anyone(&wanted.id));
                wanted.grant_to(&mut client);
                client
            });
        }
        waived
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
            Endpoint::AUTHORIZE => Some(Self {
                scope: scope().unwrap_or_default(),
                audiences: audiences(request),
                redirect_uri: parameter("redirect_uri").and_then(|uri| redirect(uri)),
                pkce: match parameter("code_challenge") {
                    Some(_) => Pkce::Present,
                    None => Pkce::Absent,
                },
                ..wanted(asked.client_id.as_deref()?)?
            }),
            Endpoint::END_SESSION => {
                let hinted = parameter("id_token_hint").and_then(|hint| audience(hint));
                let id = asked.client_id.clone().or(hinted)?;
                let uri = parameter("post_logout_redirect_uri");
                Some(Self {
                    post_logout_redirect_uri: uri.and_then(|uri| redirect(uri)),
                    ..wanted(&id)?
                })
            }
            Endpoint::TOKEN
            | Endpoint::DEVICE_AUTHORIZATION
            | Endpoint::INTROSPECT
            | Endpoint::REVOKE => {
                let presented = TokenRequest::inspect(request.headers(), request.body())?;
                Some(Self {
                    secret: presented.client_secret.as_deref().map(SecretHash::of),
                    scope: scope().unwrap_or_default(),
                    audiences: presented.audiences,
                    introspected: match asked.endpoint {
                        Endpoint::INTROSPECT => parameter("token").and_then(|it| Jwt::parse(it)),
                        _ => None,
                    },
                    ..wanted(&presented.client_id)?
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
            .is_some_and(|token| !is_for(token, client))
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
        self.asked.endpoint != Endpoint::INTROSPECT && self.asked.endpoint != Endpoint::REVOKE
    }

    fn grant_to(&self, client: &mut Client) {
        if let Some(hash) = self.secret {
            add_secret(client, hash);
        }
        client.scope = client.scope.union(&self.scope);
        client.require_pkce &= self.pkce == Pkce::Present;
        client.introspects_all |= self.introspected.is_some();
        add(&mut client.redirect_uris, self.redirect_uri.as_ref());
        add(
            &mut client.post_logout_redirect_uris,
            self.post_logout_redirect_uri.as_ref(),
        );
        for audience in &self.audiences {
            add(&mut client.audiences, Some(audience));
        }
    }
}

/// Whether an access token was issued to a client or for it.
fn is_for(token: &Jwt, client: &Client) -> bool {
    let id = client.id.as_str();
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

fn add<T: Clone + PartialEq>(list: &mut Vec<T>, item: Option<&T>) {
    if let Some(item) = item
        && !list.contains(item)
    {
        list.push(item.clone());
    }
}

/// Of an authorization request (RFC 8707 §2).
fn audiences(request: &Request<Bytes>) -> Vec<String> {
    let encoded = match request.uri().query() {
        Some(query) => query.as_bytes(),
        None => request.body(),
    };
    url::form_urlencoded::parse(encoded)
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
        introspects_all: true,
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

fn add_secret(client: &mut Client, hash: SecretHash) {
    if accepts(client, hash) {
        return;
    }
    let added = ClientSecret {
        hash,
        expires_at: None,
    };
    match &mut client.authentication {
        ClientAuthentication::Secret { secrets, .. } => {
            if secrets.len() >= SECRETS {
                secrets.remove(0);
            }
            secrets.push(added);
        }
        none => {
            *none = ClientAuthentication::Secret {
                method: None,
                secrets: vec![added],
            };
        }
    }
}
