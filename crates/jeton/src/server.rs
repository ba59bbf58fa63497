//! The authorization server as a function of a request: path → endpoint → response, or a refusal and
//! its presentation.

use bytes::Bytes;
use http::{Method, Request, Response, header::ORIGIN};

use crate::{
    arrival::{Arrival, within},
    audit::Audit,
    config::Config,
    cors,
    endpoint::{
        authorize::{self, handoff, resume},
        device, device_authorization, end_session, health, introspect, jwks,
        metadata::{self, MetadataDocuments},
        revoke, revoke_grants, token, userinfo,
    },
    host::{Capabilities, Host},
    issuer::Issuer,
    parameters::BODY_LIMIT,
    refusal::{ErrorCode, Fault, Refusal, RequestFault},
    request::{At, Incoming},
    response,
    route::{self, CrossOrigin, Endpoint, Presentation, Route},
    unavailable::Unavailable,
};

/// An authorization server. Everything it decides follows from the request, its stores, its
/// configuration and the time it is given.
pub struct Server<H: Host> {
    issuer: Issuer<H>,
    documents: MetadataDocuments,
}

impl<H: Host> Server<H> {
    /// A server with this configuration and these capabilities. Imports no key and reads no store
    /// before the first request that needs it.
    pub fn new(config: Config, capabilities: Capabilities<H>) -> Self {
        let issuer = Issuer::new(config, capabilities);
        Self {
            documents: metadata::documents(&issuer),
            issuer,
        }
    }

    /// Answers `request`. Never fails: every outcome is a response, with its [`Audit`] in the extensions.
    ///
    /// `budget` is ready once the request has waited for [`BUDGET`](crate::BUDGET): the stores are then
    /// too slow, and it is answered with 503.
    pub async fn handle(
        &self,
        request: Request<Bytes>,
        arrival: impl Into<Arrival>,
        budget: impl Future<Output = ()>,
    ) -> Response<Bytes> {
        let arrival = arrival.into();
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let mut audit = Audit {
            request_id: arrival.request_id,
            client_address: arrival.address,
            ..Audit::default()
        };
        let found = route::find(self.issuer.config().issuer().path(), path);
        let mut response = match found {
            None => response::refuse(&Refusal::NotFound, &mut audit),
            Some((route, parameter)) => {
                let incoming = Incoming {
                    method: &head.method,
                    path,
                    parameter,
                    query: head.uri.query().unwrap_or_default(),
                    headers: &head.headers,
                    body: &body,
                    address: arrival.address,
                };
                let at = At {
                    issuer: &self.issuer,
                    request: &incoming,
                    now: arrival.at,
                };
                let answered = within(budget, self.respond_at(route, &at, &mut audit)).await;
                let answered = answered.unwrap_or_else(|| {
                    Err(Unavailable::new("store", "no answer within the budget").into())
                });
                answered.unwrap_or_else(|refusal| self.present(route, &refusal, &mut audit))
            }
        };
        if head.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        self.guard(&mut response);
        audit.attach_to(&mut response);
        response
    }

    /// Adds the headers that every answer has: for one that a host makes itself, of a request that it
    /// cannot hand over. Those of [`handle`](Self::handle) have them.
    pub fn guard(&self, response: &mut Response<Bytes>) {
        response::guard(response, self.issuer.config().issuer());
    }

    /// Completes an answer that a host made to a request which it could not read: with the headers that
    /// every answer has, and with an [`Audit`] that says `why`.
    pub fn complete(&self, response: &mut Response<Bytes>, arrival: Arrival, why: &'static str) {
        self.guard(response);
        let audit = Audit {
            request_id: arrival.request_id,
            client_address: arrival.address,
            error: Some(ErrorCode::INVALID_REQUEST.as_str()),
            fault: Some(Fault::Request),
            detail: Some(why.into()),
            ..Audit::default()
        };
        audit.attach_to(response);
    }

    /// The response of the endpoint at `route`, once method and size of the request are checked.
    async fn respond_at(
        &self,
        route: &Route,
        at: &At<'_, H>,
        audit: &mut Audit,
    ) -> Result<Response<Bytes>, Refusal> {
        audit.endpoint = Some(route.name);
        let Incoming {
            method,
            headers,
            body,
            ..
        } = at.request;
        let is_preflight = *method == Method::OPTIONS && headers.contains_key(ORIGIN);
        if is_preflight && route.cross_origin == CrossOrigin::Preflight {
            return Ok(cors::preflight(route.allow));
        }
        if !route.allows(method) {
            return Err(Refusal::MethodNotAllowed { allow: route.allow });
        }
        if body.len() > BODY_LIMIT {
            return Err(RequestFault::BodyTooLarge.into());
        }
        self.dispatch(route.endpoint, at, audit).await
    }

    /// The response of `endpoint`. A match, and not a function in each row of the routes: those would
    /// have to box their futures, and a boxed future is either `Send` on every host or on none.
    async fn dispatch(
        &self,
        endpoint: Endpoint,
        at: &At<'_, H>,
        audit: &mut Audit,
    ) -> Result<Response<Bytes>, Refusal> {
        match endpoint {
            Endpoint::Token => token::respond(at, audit).await,
            Endpoint::Authorize => authorize::respond(at, audit).await,
            Endpoint::Request => handoff::describe_request(at, audit).await,
            Endpoint::Accept => handoff::accept(at, audit).await,
            Endpoint::Reject => handoff::reject(at, audit).await,
            Endpoint::Resume => resume::respond(at, audit).await,
            Endpoint::DeviceAuthorization => device_authorization::respond(at, audit).await,
            Endpoint::Device => device::respond(at, audit).await,
            Endpoint::Introspect => introspect::respond(at, audit).await,
            Endpoint::Revoke => revoke::respond(at, audit).await,
            Endpoint::RevokeGrants => revoke_grants::respond(at, audit).await,
            Endpoint::Userinfo => userinfo::respond(at, audit).await,
            Endpoint::EndSession => end_session::respond(at, audit).await,
            Endpoint::EndSessionResume => end_session::resume(at),
            Endpoint::Jwks => jwks::respond(at).await,
            Endpoint::OpenidConfiguration => Ok(self
                .documents
                .openid_configuration
                .respond(at.request.headers)),
            Endpoint::AuthorizationServer => Ok(self
                .documents
                .authorization_server
                .respond(at.request.headers)),
            Endpoint::Health => Ok(health::respond()),
        }
    }

    /// The response for a refusal, in the form that readers of the endpoint's errors understand.
    fn present(&self, route: &Route, refusal: &Refusal, audit: &mut Audit) -> Response<Bytes> {
        match route.presentation {
            Presentation::Json => response::refuse(refusal, audit),
            Presentation::Page => {
                response::refuse_person(refusal, self.issuer.config().issuer(), audit)
            }
            Presentation::Bearer => response::refuse_bearer(refusal, audit),
        }
    }
}
