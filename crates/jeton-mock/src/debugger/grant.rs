//! The ways to a token that the debugger runs.

use http::{Method, Request};
use serde_json::Value;

use super::Debugger;
use crate::{asked::Asked, departures::Departures, endpoint, spec::Endpoint, visit::Visit};

/// A way to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// RFC 6749 §4.1, with PKCE (RFC 7636).
    Code,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 8628.
    Device,
    /// RFC 6749 §6.
    Refresh,
    /// RFC 8693.
    Exchange,
    /// RFC 7523 §2.1.
    JwtBearer,
    /// RFC 6749 §4.3.
    Password,
    /// RFC 6749 §4.2, OpenID Connect Core §3.2.
    Implicit,
    /// OpenID Connect Core §3.3.
    Hybrid,
}

impl Grant {
    pub(super) const ALL: [Self; 9] = [
        Self::Code,
        Self::ClientCredentials,
        Self::Device,
        Self::Refresh,
        Self::Exchange,
        Self::JwtBearer,
        Self::Password,
        Self::Implicit,
        Self::Hybrid,
    ];

    /// Its name in addresses and forms.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "authorize",
            Self::ClientCredentials => "client_credentials",
            Self::Device => "device",
            Self::Refresh => "refresh_token",
            Self::Exchange => "token_exchange",
            Self::JwtBearer => "jwt_bearer",
            Self::Password => "password",
            Self::Implicit => "implicit",
            Self::Hybrid => "hybrid",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.as_str() == name)
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Code => "Code and PKCE",
            Self::ClientCredentials => "Client credentials",
            Self::Device => "Device",
            Self::Refresh => "Refresh",
            Self::Exchange => "Token exchange",
            Self::JwtBearer => "JWT bearer",
            Self::Password => "Password",
            Self::Implicit => "Implicit",
            Self::Hybrid => "Hybrid",
        }
    }

    /// What happens in it, and where that stands.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Code => {
                "A person logs in, the browser comes back with a code, and the code is redeemed for tokens (RFC 6749 §4.1, RFC 7636)."
            }
            Self::ClientCredentials => "A machine asks for itself (RFC 6749 §4.4).",
            Self::Device => {
                "A device shows a code, a person approves it in a browser, and the device asks until it has its tokens (RFC 8628)."
            }
            Self::Refresh => "A refresh token is turned into new tokens (RFC 6749 §6).",
            Self::Exchange => "One token is turned into another (RFC 8693).",
            Self::JwtBearer => {
                "A signed assertion stands for a grant, on behalf of somebody or by a platform (RFC 7523 §2.1)."
            }
            Self::Password => {
                "The application asks with a person's name and password (RFC 6749 §4.3). New applications must not (RFC 9700 §2.4)."
            }
            Self::Implicit => {
                "Tokens come back through the browser (RFC 6749 §4.2). New applications should not (RFC 9700 §2.1.2)."
            }
            Self::Hybrid => "A code comes back together with tokens (OpenID Connect Core §3.3).",
        }
    }

    /// Whether metadata offers it.
    fn is_offered(self, metadata: &Value) -> bool {
        let lists = |member: &str, wanted: &dyn Fn(&str) -> bool| {
            let values = metadata.get(member).and_then(Value::as_array);
            values.is_some_and(|values| values.iter().filter_map(Value::as_str).any(wanted))
        };
        let grant = |wanted: &str| lists("grant_types_supported", &|it| it == wanted);
        let response = |wanted: &dyn Fn(&str) -> bool| lists("response_types_supported", wanted);
        match self {
            Self::Code => grant("authorization_code"),
            Self::ClientCredentials => grant("client_credentials"),
            Self::Device => grant("urn:ietf:params:oauth:grant-type:device_code"),
            Self::Refresh => grant("refresh_token"),
            Self::Exchange => grant("urn:ietf:params:oauth:grant-type:token-exchange"),
            Self::JwtBearer => grant("urn:ietf:params:oauth:grant-type:jwt-bearer"),
            Self::Password => grant("password"),
            Self::Implicit => response(&|it| it.split(' ').all(|part| part != "code")),
            Self::Hybrid => response(&|it| it.starts_with("code ")),
        }
    }
}

impl Debugger<'_> {
    /// The grants that the issuer says it has, by its metadata; past all faults, which looking at a page must
    /// not use up.
    pub(super) async fn offered(&self) -> Vec<Grant> {
        let endpoint = Endpoint::OpenidConfiguration;
        let Ok(request) = self.to(&Method::GET, endpoint).body(bytes::Bytes::new()) else {
            return Vec::new();
        };
        let request: Request<_> = request;
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let headers = request.headers().clone();
        let asked = Asked::read(endpoint, &method, &uri, &headers, &[]);
        let visit = Visit::new(*self.at, asked, Default::default());
        let mut departures = Departures::default();
        // Boxed, because an endpoint may be the debugger, which asks.
        let response = Box::pin(endpoint::respond(&visit, request, &mut departures)).await;
        let metadata = serde_json::from_slice(response.body()).unwrap_or_default();
        let all = Grant::ALL.into_iter();
        all.filter(|grant| grant.is_offered(&metadata)).collect()
    }
}
