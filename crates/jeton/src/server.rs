//! The authorization server as a function.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, Response, header};
use jsonwebtoken::Algorithm;
use zeroize::Zeroizing;

use crate::{
    audit::Audit,
    client::{Client, ClientId},
    config::Config,
    crypto::{Crypto, CryptoError},
    document::Document,
    endpoint::metadata,
    grant::GrantType,
    keys::{Keyring, Published, SigningKey},
    ledger::{Grant, Id128, Ledger, Step},
    refusal::{GrantFault, Refusal, RequestFault},
    registry::{Clients, CutOff, Registry, Unavailable},
    request::Incoming,
    response,
    seal::SealKeys,
    time::UnixTime,
    token::TokenKeys,
};

mod route;

pub use route::endpoints;
pub(crate) use route::path;
use route::{Endpoint, Presentation};

/// The largest body that is read, in bytes. A host may cut a longer one at `BODY_LIMIT + 1`: the
/// answer is a 413 either way.
pub const BODY_LIMIT: usize = 64 * 1024;

/// The request headers the server reads. A host for which headers are costly may pass only these.
pub const REQUEST_HEADERS: &[HeaderName] = &[
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::IF_NONE_MATCH,
    header::ORIGIN,
];

/// An authorization server: everything it decides, it decides from the request, its stores, its
/// configuration and the time it is given.
pub struct Server<R, L, C: Crypto> {
    config: Config,
    clients: Clients<R>,
    ledger: Option<L>,
    crypto: C,
    keyring: Keyring<C::Key>,
    tokens: TokenKeys,
    seals: SealKeys,
    user_code_key: Zeroizing<[u8; 32]>,
    openid_configuration: Document,
    authorization_server: Document,
}

impl<R: Registry, L: Ledger, C: Crypto> Server<R, L, C> {
    /// A server over `registry` and, where there is one, `ledger`: without it machine-to-machine
    /// tokens work and everything else says what is missing. Imports no key and reads no store:
    /// that waits for the first request that needs it.
    pub fn new(config: Config, registry: R, ledger: Option<L>, crypto: C) -> Self {
        let realm = config.realm().as_bytes();
        let user_code_key = config
            .secrets()
            .iter()
            .next()
            .map_or_else(Zeroizing::default, |secret| {
                secret.derive(&[b"jeton/v1", b"user code", realm])
            });
        let documents = metadata::documents(&config, ledger.is_some());
        Self {
            openid_configuration: documents.openid_configuration,
            authorization_server: documents.authorization_server,
            clients: Clients::new(config.clients(), registry, config.registry_max_age()),
            ledger,
            keyring: Keyring::new(),
            tokens: TokenKeys::new(&config),
            seals: SealKeys::new(&config),
            user_code_key,
            config,
            crypto,
        }
    }

    /// Answers `request` at `now`. Never fails: every outcome is a response, with its [`Audit`] in
    /// the extensions.
    pub async fn handle(&self, request: Request<Bytes>, now: UnixTime) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let incoming = Incoming {
            method: &head.method,
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body: &body,
            now,
        };
        let mut audit = Audit::default();
        let endpoint = Endpoint::find(self.config.issuer().path(), head.uri.path());
        let answer = match endpoint {
            None => Err(Refusal::NotFound),
            Some(endpoint) => self.answer(endpoint, &incoming, &mut audit).await,
        };
        let presentation = endpoint.map_or(Presentation::Json, Endpoint::presentation);
        let mut response = answer.unwrap_or_else(|refusal| match presentation {
            Presentation::Json => response::refuse(&refusal, &mut audit),
            Presentation::Page => {
                response::refuse_person(&refusal, self.config.issuer(), &mut audit)
            }
            Presentation::Bearer => response::refuse_bearer(&refusal, &mut audit),
        });
        if head.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        audit.status = response.status().as_u16();
        response.extensions_mut().insert(audit);
        response
    }

    async fn answer(
        &self,
        endpoint: Endpoint,
        request: &Incoming<'_>,
        audit: &mut Audit,
    ) -> Result<Response<Bytes>, Refusal> {
        audit.endpoint = Some(endpoint.name());
        if let Some(preflight) = endpoint.preflight(request) {
            return Ok(preflight);
        }
        if !endpoint.allows(request.method) {
            return Err(Refusal::MethodNotAllowed {
                allow: endpoint.allow(),
            });
        }
        if request.body.len() > BODY_LIMIT {
            return Err(RequestFault::BodyTooLarge.into());
        }
        self.dispatch(endpoint, request, audit).await
    }

    /// The published keys as a document.
    pub(crate) async fn jwks(
        &self,
        headers: &HeaderMap,
        now: UnixTime,
    ) -> Result<Response<Bytes>, Refusal> {
        let published = self.published_keys(now).await?;
        Ok(published.document.respond(headers))
    }

    pub(crate) fn openid_configuration(&self) -> &Document {
        &self.openid_configuration
    }

    pub(crate) fn authorization_server(&self) -> &Document {
        &self.authorization_server
    }

    /// Whether `/token` answers `grant_type` in this deployment.
    pub(crate) fn supports(&self, grant_type: GrantType) -> bool {
        GrantType::supported(&self.config, self.ledger.is_some()).any(|known| known == grant_type)
    }
}

impl<R: Registry, L, C: Crypto> Server<R, L, C> {
    /// The earliest `created_at` that no deployment or client cut-off ends.
    pub(crate) async fn created_from(
        &self,
        client: &Client,
        now: UnixTime,
    ) -> Result<UnixTime, Unavailable> {
        let cut_off = self.client_cut_off(&client.id, now).await?;
        Ok(cut_off.max(self.config.grants_not_before()))
    }

    pub(crate) async fn client_cut_off(
        &self,
        client: &ClientId,
        now: UnixTime,
    ) -> Result<UnixTime, Unavailable> {
        self.clients.cut_off(&CutOff::client(client), now).await
    }

    pub(crate) async fn subject_cut_off(
        &self,
        grant: &Grant,
        now: UnixTime,
    ) -> Result<UnixTime, Unavailable> {
        match &grant.subject {
            None => Ok(UnixTime(0)),
            Some(subject) => self.clients.cut_off(&CutOff::subject(subject), now).await,
        }
    }

    /// Refuses a grant whose subject has been logged out everywhere. The subject is known only once
    /// the record is, so this comes after the step; the record that moved then yields nothing.
    pub(crate) async fn require_not_cut_off(
        &self,
        grant: &Grant,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        if grant.created_at < self.subject_cut_off(grant, now).await? {
            return Err(GrantFault::CutOff.into());
        }
        Ok(())
    }
}

impl<R, L, C: Crypto> Server<R, L, C> {
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn clients(&self) -> &Clients<R> {
        &self.clients
    }

    /// The ledger, where the host has one.
    pub(crate) fn ledger(&self) -> Result<&L, Refusal> {
        self.ledger
            .as_ref()
            .ok_or(Refusal::NotConfigured("a ledger"))
    }

    pub(crate) fn crypto(&self) -> &C {
        &self.crypto
    }

    pub(crate) fn tokens(&self) -> &TokenKeys {
        &self.tokens
    }

    pub(crate) fn seals(&self) -> &SealKeys {
        &self.seals
    }

    pub(crate) fn user_code_key(&self) -> &[u8] {
        self.user_code_key.as_ref()
    }

    pub(crate) fn random_id(&self) -> Result<Id128, CryptoError> {
        let mut bytes = [0; 16];
        self.crypto.fill(&mut bytes)?;
        Ok(Id128(bytes))
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

    pub(crate) async fn published_keys(
        &self,
        now: UnixTime,
    ) -> Result<Arc<Published>, CryptoError> {
        self.keyring
            .published(&self.config, &self.crypto, now)
            .await
    }

    /// Why a step on a live grant was refused, from the record that stands.
    pub(crate) fn refusal_of(&self, standing: &Grant, step: &Step) -> Refusal {
        if let Some(token) = step.scope.first_outside(&standing.scope) {
            return GrantFault::ScopeNotGranted(token.to_owned()).into();
        }
        let outside = |audience: &&String| !standing.audiences.contains(audience);
        if let Some(audience) = step.audiences.iter().find(outside) {
            return GrantFault::AudienceNotGranted(audience.clone()).into();
        }
        if standing.created_at < step.created_from {
            return GrantFault::CutOff.into();
        }
        GrantFault::Ended.into()
    }
}
