//! The mock identity provider: production's server over memory, with a permissive layer in front.
//!
//! Nothing in the core knows that it is mocked. Unless the mock is strict, the layer registers
//! whatever client a request presents, just before the server is asked; so the server checks
//! everything it always checks, against a registry that agrees.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use jeton::{Config, CryptoError, MemoryLedger, MemoryRegistry, PUBLIC_SECRET, Server, UnixTime};
use jeton_native::NativeCrypto;

use crate::{lenient::Leniency, login::LoginApplication};

mod lenient;
mod login;

/// Where the mock listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 9400;

/// The client that is always there.
pub const CLIENTS: &str = r#"[{
    "client_id": "demo", "client_secret": "demo-secret", "client_name": "Demo",
    "grant_types": ["client_credentials", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    "redirect_uris": ["http://127.0.0.1/callback", "http://localhost:3000/callback"],
    "post_logout_redirect_uris": ["http://127.0.0.1/", "http://localhost:3000/"],
    "scope": "read write openid profile email address phone offline_access",
    "audiences": ["https://api.example"]
}]"#;

/// Names what a lenient mock accepted that production would have refused, separated by commas.
pub const WAIVED_HEADER: &str = "jeton-mock-waived";

/// Whether production's rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Any client, any secret, any scope, any audience.
    Lenient,
    /// Only known clients, and exactly production's answers.
    Strict,
}

type MockServer = Server<Arc<MemoryRegistry>, MemoryLedger, NativeCrypto>;

/// A mock provider, ready to answer.
pub struct Mock {
    server: MockServer,
    login: LoginApplication,
    registry: Arc<MemoryRegistry>,
    leniency: Option<Leniency>,
}

impl Mock {
    /// The value of a setting the mock has a default for.
    #[must_use]
    pub fn default_setting(name: &str, issuer: &str) -> Option<String> {
        match name {
            "JETON_ISSUER" => Some(issuer.to_owned()),
            "JETON_SECRET" => Some(PUBLIC_SECRET.to_owned()),
            "JETON_CLIENTS" => Some(CLIENTS.to_owned()),
            "JETON_DEVELOPMENT" => Some("true".to_owned()),
            "JETON_LOGIN_URL" => Some(format!("{issuer}{}", login::LOGIN)),
            "JETON_LOGOUT_URL" => Some(format!("{issuer}{}", login::LOGOUT)),
            // The layer changes the registry with every request.
            "JETON_REGISTRY_MAX_AGE" => Some("0".to_owned()),
            _ => None,
        }
    }

    /// A mock with that configuration.
    ///
    /// # Errors
    /// The system has no entropy.
    pub fn new(config: Config, strictness: Strictness) -> Result<Self, CryptoError> {
        let registry = Arc::new(MemoryRegistry::default());
        // The clients move into the registry, where leniency can reach them.
        let (config, clients) = config.take_clients();
        for client in &clients {
            registry.insert(client.clone());
        }
        let login = LoginApplication::new(config.issuer())?;
        registry.insert(login.client()?);
        Ok(Self {
            server: Server::new(
                config,
                Arc::clone(&registry),
                Some(MemoryLedger::default()),
                NativeCrypto::new(),
            ),
            login,
            registry,
            leniency: match strictness {
                Strictness::Strict => None,
                Strictness::Lenient => Some(Leniency::new(&clients)),
            },
        })
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request<Bytes>, now: UnixTime) -> Response<Bytes> {
        if let Some(response) = self.login.answer(&self.server, &request, now).await {
            return response;
        }
        let waived = match &self.leniency {
            None => Vec::new(),
            Some(leniency) => leniency.waive(&self.registry, &request),
        };
        let mut response = self.server.handle(request, now).await;
        if !waived.is_empty()
            && let Ok(value) = HeaderValue::try_from(waived.join(", "))
        {
            response.headers_mut().insert(WAIVED_HEADER, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The core has no `Send` bounds; this host needs them.
    #[test]
    fn futures_are_send() {
        fn require_send<T: Send>(_: T) {}
        let config =
            Config::from_lookup(|name| Mock::default_setting(name, "http://localhost:9400"));
        let mock = Mock::new(config.unwrap(), Strictness::Lenient).unwrap();
        require_send(mock.handle(Request::new(Bytes::new()), UnixTime(0)));
    }
}
