//! Leniency: what a request presents is registered before the server looks.

use std::collections::HashMap;

use bytes::Bytes;
use http::Request;
use jeton::{
    AccessTokenFormat, Client, ClientAuthentication, ClientId, ClientSecret, GrantType,
    MemoryRegistry, RedirectUri, RefreshPolicy, Scope, SecretHash, TokenRequest,
};

/// How many made-up secrets a client keeps; parallel tests may each use their own.
const SECRETS: usize = 64;

/// The layer, and the clients the mock was seeded with.
pub(crate) struct Leniency {
    seed: HashMap<ClientId, Client>,
}

impl Leniency {
    pub(crate) fn new(clients: &[Client]) -> Self {
        let by_id = |client: &Client| (client.id.clone(), client.clone());
        Self {
            seed: clients.iter().map(by_id).collect(),
        }
    }

    /// Makes `registry` agree with a token request, and says what that waived. What is registered
    /// only ever grows, so that parallel requests never undo each other; what is waived is judged
    /// against the seed, so that the second request is told the same as the first.
    pub(crate) fn waive(
        &self,
        registry: &MemoryRegistry,
        request: &Request<Bytes>,
    ) -> Vec<&'static str> {
        if request.uri().path().ends_with("/authorize") {
            return self.waive_authorization(registry, request);
        }
        let Some(presented) = TokenRequest::inspect(request.headers(), request.body()) else {
            return Vec::new();
        };
        let (Ok(id), Some(secret)) = (
            presented.client_id.parse::<ClientId>(),
            presented.client_secret,
        ) else {
            return Vec::new();
        };
        let hash = SecretHash::of(&secret);
        // A malformed scope stays unregistered: the server refuses it as production would.
        let scope: Scope = presented
            .scope
            .and_then(|scope| scope.parse().ok())
            .unwrap_or_default();

        let seeded = self.seed.get(&id);
        let mut waived = Vec::new();
        match seeded {
            None => waived.push("client"),
            Some(client) => {
                if !accepts(client, hash) {
                    waived.push("secret");
                }
                if scope.iter().any(|token| !client.scope.contains(token)) {
                    waived.push("scope");
                }
                let registered = |audience| client.audiences.contains(audience);
                if !presented.audiences.iter().all(registered) {
                    waived.push("audience");
                }
            }
        }
        if !waived.is_empty() {
            registry.update(&id, |known| {
                let mut client = known.cloned().unwrap_or_else(|| anyone(&id));
                add_secret(&mut client, hash);
                client.scope = client.scope.union(&scope);
                for audience in presented.audiences {
                    if !client.audiences.contains(&audience) {
                        client.audiences.push(audience);
                    }
                }
                client
            });
        }
        waived
    }
}

impl Leniency {
    /// The same for an authorization request: any client, any redirect, any scope, no PKCE.
    fn waive_authorization(
        &self,
        registry: &MemoryRegistry,
        request: &Request<Bytes>,
    ) -> Vec<&'static str> {
        let encoded = match request.uri().query() {
            Some(query) => query.as_bytes(),
            None => request.body(),
        };
        let parameters: HashMap<_, _> = url::form_urlencoded::parse(encoded).collect();
        let get = |name: &str| parameters.get(name).map(AsRef::as_ref);
        let Some(id) = get("client_id").and_then(|id| id.parse::<ClientId>().ok()) else {
            return Vec::new();
        };
        let redirect = get("redirect_uri").and_then(|uri| uri.parse::<RedirectUri>().ok());
        let scope: Scope = get("scope")
            .and_then(|scope| scope.parse().ok())
            .unwrap_or_default();
        let pkce = get("code_challenge").is_some();
        let mut waived = Vec::new();
        match self.seed.get(&id) {
            None => waived.push("client"),
            Some(client) => {
                if let Some(redirect) = &redirect
                    && !client
                        .redirect_uris
                        .iter()
                        .any(|own| own.matches(redirect.as_str()))
                {
                    waived.push("redirect_uri");
                }
                if scope.iter().any(|token| !client.scope.contains(token)) {
                    waived.push("scope");
                }
                if !pkce && client.require_pkce {
                    waived.push("pkce");
                }
            }
        }
        if !waived.is_empty() {
            registry.update(&id, |known| {
                let mut client = known.cloned().unwrap_or_else(|| anyone(&id));
                client.scope = client.scope.union(&scope);
                client.require_pkce &= pkce;
                if let Some(redirect) = redirect
                    && !client.redirect_uris.contains(&redirect)
                {
                    client.redirect_uris.push(redirect);
                }
                client
            });
        }
        waived
    }
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
        refresh: RefreshPolicy::default(),
        login: false,
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
