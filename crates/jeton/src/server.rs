//! The authorization server as a function.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, Response, header};
use jsonwebtoken::Algorithm;

use crate::{
    audit::Audit,
    config::Config,
    crypto::{Crypto, CryptoError},
    document::Document,
    endpoint::{health, metadata, token},
    keys::{Keyring, SigningKey},
    refusal::Refusal,
    registry::{Clients, Registry},
    response::refuse,
    time::UnixTime,
};

/// The largest body that is read, in bytes. A host may cut a longer one at `BODY_LIMIT + 1`: the
/// answer is a 413 either way.
pub const BODY_LIMIT: usize = 64 * 1024;

/// The request headers the server reads. A host for which headers are costly may pass only these.
pub const REQUEST_HEADERS: &[HeaderName] = &[
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_NONE_MATCH,
];

/// Paths beneath the issuer's.
pub(crate) mod path {
    pub(crate) const TOKEN: &str = "/token";
    pub(crate) const JWKS: &str = "/.well-known/jwks.json";
    pub(crate) const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    pub(crate) const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
    pub(crate) const HEALTH: &str = "/health";
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Token,
    Jwks,
    OpenidConfiguration,
    AuthorizationServer,
    Health,
}

impl Endpoint {
    /// The route table. RFC 8414 §3.1 puts its document *before* the issuer's path; beneath it is
    /// where OpenID Connect Discovery puts its own, and where people look for both.
    fn find(issuer_path: &str, path: &str) -> Option<Self> {
        if !issuer_path.is_empty()
            && path.strip_prefix(path::AUTHORIZATION_SERVER) == Some(issuer_path)
        {
            return Some(Self::AuthorizationServer);
        }
        match path.strip_prefix(issuer_path)? {
            path::TOKEN => Some(Self::Token),
            path::JWKS => Some(Self::Jwks),
            path::OPENID_CONFIGURATION => Some(Self::OpenidConfiguration),
            path::AUTHORIZATION_SERVER => Some(Self::AuthorizationServer),
            path::HEALTH => Some(Self::Health),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Jwks => "jwks",
            Self::OpenidConfiguration => "openid_configuration",
            Self::AuthorizationServer => "authorization_server_metadata",
            Self::Health => "health",
        }
    }

    /// What `Allow` says (RFC 9110 §10.2.1).
    const fn allow(self) -> &'static str {
        match self {
            Self::Token => "POST",
            Self::Jwks | Self::OpenidConfiguration | Self::AuthorizationServer | Self::Health => {
                "GET, HEAD"
            }
        }
    }

    fn allows(self, method: &Method) -> bool {
        self.allow()
            .split(", ")
            .any(|allowed| allowed == method.as_str())
    }
}

/// An authorization server: everything it decides, it decides from the request, its stores, its
/// configuration and the time it is given.
pub struct Server<R, C: Crypto> {
    config: Config,
    clients: Clients<R>,
    crypto: C,
    keyring: Keyring<C::Key>,
    openid_configuration: Document,
    authorization_server: Document,
}

impl<R: Registry, C: Crypto> Server<R, C> {
    /// A server over `registry`. Imports no key and reads no store: that waits for the first
    /// request that needs it.
    pub fn new(config: Config, registry: R, crypto: C) -> Self {
        Self {
            openid_configuration: metadata::openid_configuration(&config),
            authorization_server: metadata::authorization_server(&config),
            clients: Clients::new(config.clients(), registry, config.registry_max_age()),
            keyring: Keyring::new(),
            config,
            crypto,
        }
    }

    /// Answers `request` at `now`. Never fails: every outcome is a response, with its [`Audit`] in
    /// the extensions.
    pub async fn handle(&self, request: Request<Bytes>, now: UnixTime) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let mut audit = Audit::default();
        let answer = self
            .answer(
                &head.method,
                head.uri.path(),
                &head.headers,
                &body,
                now,
                &mut audit,
            )
            .await;
        let mut response = answer.unwrap_or_else(|refusal| refuse(&refusal, &mut audit));
        if head.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        audit.status = response.status().as_u16();
        response.extensions_mut().insert(audit);
        response
    }

    async fn answer(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
        now: UnixTime,
        audit: &mut Audit,
    ) -> Result<Response<Bytes>, Refusal> {
        let endpoint =
            Endpoint::find(self.config.issuer().path(), path).ok_or(Refusal::NotFound)?;
        audit.endpoint = Some(endpoint.name());
        if !endpoint.allows(method) {
            return Err(Refusal::MethodNotAllowed {
                allow: endpoint.allow(),
            });
        }
        if body.len() > BODY_LIMIT {
            return Err(Refusal::BodyTooLarge);
        }
        match endpoint {
            Endpoint::Token => token::respond(self, headers, body, now, audit).await,
            Endpoint::Jwks => Ok(self
                .keyring
                .jwks(&self.config, &self.crypto, now)
                .await?
                .respond(headers)),
            Endpoint::OpenidConfiguration => Ok(self.openid_configuration.respond(headers)),
            Endpoint::AuthorizationServer => Ok(self.authorization_server.respond(headers)),
            Endpoint::Health => Ok(health::respond()),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn clients(&self) -> &Clients<R> {
        &self.clients
    }

    pub(crate) fn crypto(&self) -> &C {
        &self.crypto
    }

    pub(crate) async fn signing_key(
        &self,
        algorithm: Algorithm,
        now: UnixTime,
    ) -> Result<Arc<SigningKey<C::Key>>, CryptoError> {
        self.keyring
            .signing(&self.config, &self.crypto, algorithm, now)
            .await
    }
}
