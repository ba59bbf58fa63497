//! What a request asks of its client, read by the endpoint that it is for.

use jeton::{
    Client, ClientAuthentication, ClientFault, ClientId, ClientSecret, Pkce, Presented, Proof,
    RedirectUri, Scope, UnixTime,
};

use crate::asked::Asked;

/// What a request's client must be allowed for the server to grant it. Malformed values stay out: the
/// server refuses them as production would.
pub(crate) struct Wanted<'a> {
    pub(super) id: ClientId,
    presented: Option<&'a Presented>,
    scope: Scope,
    audiences: Vec<String>,
    pub(super) redirect_uri: Option<RedirectUri>,
    pub(super) post_logout_redirect_uri: Option<RedirectUri>,
    protection: Protection,
}

/// What an authorization request brings against the injection of its code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protection {
    Nothing,
    /// A `nonce` (OpenID Connect Core §3.1.2.1).
    Nonce,
    /// A `code_challenge` (RFC 7636 §4.3), or the request is of another kind.
    Pkce,
}

impl<'a> Wanted<'a> {
    /// A request that needs nothing but that there is such a client.
    fn of(client_id: &str) -> Option<Self> {
        Some(Self {
            id: client_id.parse().ok()?,
            presented: None,
            scope: Scope::default(),
            audiences: Vec::new(),
            redirect_uri: None,
            post_logout_redirect_uri: None,
            protection: Protection::Pkce,
        })
    }

    /// A request that authenticates its client.
    pub(crate) fn authentication(presented: &'a Presented) -> Option<Self> {
        let mut wanted = Self::of(&presented.client_id)?;
        wanted.presented = Some(presented);
        Some(wanted)
    }

    /// A request for a code, at `/authorize`.
    pub(crate) fn authorization(asked: &Asked<'_>) -> Option<Self> {
        let mut wanted = Self::of(asked.get("client_id")?)?.with_target(asked);
        wanted.redirect_uri = asked.get("redirect_uri").and_then(redirect_uri);
        wanted.protection = match (asked.get("code_challenge"), asked.get("nonce")) {
            (Some(_), _) => Protection::Pkce,
            (None, Some(_)) => Protection::Nonce,
            (None, None) => Protection::Nothing,
        };
        Some(wanted)
    }

    /// A request for a logout from the client `client_id`.
    pub(crate) fn logout(client_id: &str, asked: &Asked<'_>) -> Option<Self> {
        let mut wanted = Self::of(client_id)?;
        let uri = asked.get("post_logout_redirect_uri");
        wanted.post_logout_redirect_uri = uri.and_then(redirect_uri);
        Some(wanted)
    }

    /// The same request with the scope and the audiences that it names.
    #[must_use]
    pub(crate) fn with_target(mut self, asked: &Asked<'_>) -> Self {
        let scope = asked.get("scope").and_then(|scope| scope.parse().ok());
        self.scope = scope.unwrap_or_default();
        self.audiences = asked.audiences();
        self
    }

    /// What the server would refuse `client`, as far as it can be waived, by name.
    pub(super) fn refused(&self, client: &Client, now: UnixTime) -> Vec<&'static str> {
        let authentication = self
            .presented
            .and_then(|presented| client.accepts(presented, now).err())
            .and_then(|fault| waived_as(&fault));
        let redirect_uri = self.redirect_uri.as_ref();
        let after_logout = self.post_logout_redirect_uri.as_ref();
        let rest = [
            (
                redirect_uri.is_some_and(|uri| !client.redirects_to(uri.as_str())),
                "redirect_uri",
            ),
            (
                after_logout.is_some_and(|uri| !client.redirects_after_logout_to(uri.as_str())),
                "post_logout_redirect_uri",
            ),
            (client.unregistered_scope(&self.scope).is_some(), "scope"),
            (
                client.unregistered_audience(&self.audiences).is_some(),
                "audience",
            ),
            (self.lacks_pkce(client), "pkce"),
            (self.lacks_nonce(client), "nonce"),
        ];
        let rest = rest.into_iter().filter(|(is_refused, _)| *is_refused);
        let rest = rest.map(|(_, name)| name);
        authentication.into_iter().chain(rest).collect()
    }

    fn lacks_pkce(&self, client: &Client) -> bool {
        client.requires_pkce() && self.protection != Protection::Pkce
    }

    fn lacks_nonce(&self, client: &Client) -> bool {
        let scope = if self.scope.is_empty() {
            &client.scope
        } else {
            &self.scope
        };
        client.requires_nonce(scope) && self.protection == Protection::Nothing
    }

    /// Whether a browser is to come back to an address that the request names.
    pub(super) fn redirects(&self) -> bool {
        self.redirect_uri.is_some() || self.post_logout_redirect_uri.is_some()
    }

    /// Allows `client` what it is refused, but for redirect URIs, which the registry keeps.
    pub(super) fn grant_to(&self, client: &mut Client, now: UnixTime) {
        if let Some(presented) = self.presented
            && let Proof::Secret(_, hash) = presented.proof
            && client.accepts(presented, now).is_err()
        {
            client.authentication = ClientAuthentication::Secret {
                method: None,
                secrets: vec![ClientSecret {
                    hash,
                    expires_at: None,
                }],
            };
        }
        client.scope = client.scope.union(&self.scope);
        if self.lacks_pkce(client) || self.lacks_nonce(client) {
            client.pkce = Pkce::Optional;
        }
        for audience in &self.audiences {
            if !client.audiences.contains(audience) {
                client.audiences.push(audience.clone());
            }
        }
    }
}

/// The name under which a fault is waived; `None` where it is not: a registered client that must
/// authenticate and sends no secret has a bug that any secret would cure.
fn waived_as(fault: &ClientFault) -> Option<&'static str> {
    match fault {
        ClientFault::WrongSecret | ClientFault::SecretOfPublicClient => Some("secret"),
        ClientFault::WrongMethod(_) => Some("token_endpoint_auth_method"),
        ClientFault::Missing
        | ClientFault::Scheme
        | ClientFault::MalformedBasic
        | ClientFault::Unknown => None,
    }
}

/// A redirect URI as production takes it, with the port of a loopback address free, or else as it is.
fn redirect_uri(uri: &str) -> Option<RedirectUri> {
    uri.parse().or_else(|_| RedirectUri::exactly(uri)).ok()
}
