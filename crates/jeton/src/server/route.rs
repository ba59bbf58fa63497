//! The route table.

use bytes::Bytes;
use http::{Method, Response, header::ORIGIN};

use super::Server;
use crate::{
    audit::Audit,
    cors,
    crypto::Crypto,
    endpoint::{
        authorize::{self, handoff, resume},
        device, device_authorization, end_session, health, introspect, revoke, revoke_grants,
        token, userinfo,
    },
    ledger::Ledger,
    refusal::Refusal,
    registry::Registry,
    request::Incoming,
};

/// Paths beneath the issuer's.
pub(crate) mod path {
    pub(crate) const TOKEN: &str = "/token";
    pub(crate) const AUTHORIZE: &str = "/authorize";
    pub(crate) const REQUEST: &str = "/authorize/request";
    pub(crate) const ACCEPT: &str = "/authorize/accept";
    pub(crate) const REJECT: &str = "/authorize/reject";
    pub(crate) const RESUME: &str = "/authorize/resume";
    pub(crate) const DEVICE_AUTHORIZATION: &str = "/device_authorization";
    pub(crate) const DEVICE: &str = "/device";
    pub(crate) const INTROSPECT: &str = "/introspect";
    pub(crate) const REVOKE: &str = "/revoke";
    pub(crate) const REVOKE_GRANTS: &str = "/revoke_grants";
    pub(crate) const USERINFO: &str = "/userinfo";
    pub(crate) const END_SESSION: &str = "/end_session";
    pub(crate) const END_SESSION_RESUME: &str = "/end_session/resume";
    pub(crate) const JWKS: &str = "/.well-known/jwks.json";
    pub(crate) const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    pub(crate) const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
    pub(crate) const HEALTH: &str = "/health";
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Token,
    Authorize,
    Request,
    Accept,
    Reject,
    Resume,
    DeviceAuthorization,
    Device,
    Introspect,
    Revoke,
    RevokeGrants,
    Userinfo,
    EndSession,
    EndSessionResume,
    Jwks,
    OpenidConfiguration,
    AuthorizationServer,
    Health,
}

/// Who reads the endpoint's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presentation {
    /// A client (RFC 6749 §5.2).
    Json,
    /// A person.
    Page,
    /// The holder of an access token (RFC 6750 §3).
    Bearer,
}

const POST: &str = "POST";
const GET: &str = "GET, HEAD";
/// No HEAD: a look must not be a step.
const BROWSER: &str = "GET, POST";
const STEP: &str = "GET";

/// Path, endpoint, name in the audit, what `Allow` says (RFC 9110 §10.2.1).
const ROUTES: [(&str, Endpoint, &str, &str); 18] = [
    (path::TOKEN, Endpoint::Token, "token", POST),
    (path::AUTHORIZE, Endpoint::Authorize, "authorize", BROWSER),
    (path::REQUEST, Endpoint::Request, "authorize_request", POST),
    (path::ACCEPT, Endpoint::Accept, "authorize_accept", POST),
    (path::REJECT, Endpoint::Reject, "authorize_reject", POST),
    (path::RESUME, Endpoint::Resume, "authorize_resume", STEP),
    (
        path::DEVICE_AUTHORIZATION,
        Endpoint::DeviceAuthorization,
        "device_authorization",
        POST,
    ),
    (path::DEVICE, Endpoint::Device, "device", BROWSER),
    (path::INTROSPECT, Endpoint::Introspect, "introspect", POST),
    (path::REVOKE, Endpoint::Revoke, "revoke", POST),
    (
        path::REVOKE_GRANTS,
        Endpoint::RevokeGrants,
        "revoke_grants",
        POST,
    ),
    (path::USERINFO, Endpoint::Userinfo, "userinfo", BROWSER),
    (
        path::END_SESSION,
        Endpoint::EndSession,
        "end_session",
        BROWSER,
    ),
    (
        path::END_SESSION_RESUME,
        Endpoint::EndSessionResume,
        "end_session_resume",
        STEP,
    ),
    (path::JWKS, Endpoint::Jwks, "jwks", GET),
    (
        path::OPENID_CONFIGURATION,
        Endpoint::OpenidConfiguration,
        "openid_configuration",
        GET,
    ),
    (
        path::AUTHORIZATION_SERVER,
        Endpoint::AuthorizationServer,
        "authorization_server_metadata",
        GET,
    ),
    (path::HEALTH, Endpoint::Health, "health", GET),
];

/// Every path beneath an issuer's with the name of its endpoint in the [`crate::Audit`]: for layers in
/// front that serve several issuers.
pub fn endpoints() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|(path, _, name, _)| (*path, *name))
}

impl Endpoint {
    /// RFC 8414 §3.1 puts its document *before* the issuer's path; beneath it is where OpenID
    /// Connect Discovery puts its own, and where people look for both.
    pub(super) fn find(issuer_path: &str, path: &str) -> Option<Self> {
        if !issuer_path.is_empty()
            && path.strip_prefix(path::AUTHORIZATION_SERVER) == Some(issuer_path)
        {
            return Some(Self::AuthorizationServer);
        }
        let path = path.strip_prefix(issuer_path)?;
        ROUTES
            .iter()
            .find(|(own, ..)| *own == path)
            .map(|(_, endpoint, ..)| *endpoint)
    }

    fn row(self) -> (&'static str, &'static str) {
        ROUTES
            .iter()
            .find(|(_, endpoint, ..)| *endpoint == self)
            .map_or(("", ""), |(_, _, name, allow)| (name, allow))
    }

    pub(super) fn name(self) -> &'static str {
        self.row().0
    }

    pub(super) fn allow(self) -> &'static str {
        self.row().1
    }

    pub(super) fn allows(self, method: &Method) -> bool {
        self.allow()
            .split(", ")
            .any(|allowed| allowed == method.as_str())
    }

    pub(super) fn presentation(self) -> Presentation {
        match self {
            Self::Authorize
            | Self::Resume
            | Self::Device
            | Self::EndSession
            | Self::EndSessionResume => Presentation::Page,
            Self::Userinfo => Presentation::Bearer,
            _ => Presentation::Json,
        }
    }

    /// The answer to a preflight (Fetch §3.2.2) of an endpoint that pages call.
    pub(super) fn preflight(self, request: &Incoming<'_>) -> Option<Response<Bytes>> {
        let called_by_pages = matches!(self, Self::Token | Self::Revoke | Self::Userinfo);
        let asks = request.method == Method::OPTIONS && request.headers.contains_key(ORIGIN);
        (called_by_pages && asks).then(|| cors::preflight(self.allow()))
    }
}

impl<R: Registry, L: Ledger, C: Crypto> Server<R, L, C> {
    pub(super) async fn dispatch(
        &self,
        endpoint: Endpoint,
        request: &Incoming<'_>,
        audit: &mut Audit,
    ) -> Result<Response<Bytes>, Refusal> {
        match endpoint {
            Endpoint::Token => token::respond(self, request, audit).await,
            Endpoint::Authorize => authorize::respond(self, request, audit).await,
            Endpoint::Request => handoff::inspect(self, request, audit).await,
            Endpoint::Accept => handoff::accept(self, request, audit).await,
            Endpoint::Reject => handoff::reject(self, request, audit).await,
            Endpoint::Resume => resume::respond(self, request, audit).await,
            Endpoint::DeviceAuthorization => {
                device_authorization::respond(self, request, audit).await
            }
            Endpoint::Device => device::respond(self, request, audit).await,
            Endpoint::Introspect => introspect::respond(self, request, audit).await,
            Endpoint::Revoke => revoke::respond(self, request, audit).await,
            Endpoint::RevokeGrants => revoke_grants::respond(self, request, audit).await,
            Endpoint::Userinfo => userinfo::respond(self, request, audit).await,
            Endpoint::EndSession => end_session::respond(self, request, audit).await,
            Endpoint::EndSessionResume => end_session::resume(self, request),
            Endpoint::Jwks => self.jwks(request.headers, request.now).await,
            Endpoint::OpenidConfiguration => {
                Ok(self.openid_configuration().respond(request.headers))
            }
            Endpoint::AuthorizationServer => {
                Ok(self.authorization_server().respond(request.headers))
            }
            Endpoint::Health => Ok(health::respond()),
        }
    }
}
