//! The authorization server as a function of a request: path → endpoint → response, or a refusal and
//! its presentation.

use std::{borrow::Cow, pin::pin, sync::OnceLock};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, request::Parts};

use crate::{
    apart::apart,
    arrival::{Arrival, within},
    audit::Audit,
    config::Config,
    cors::{self, CrossOrigin},
    endpoint::{
        authorize::{self, describe, handoff, resume},
        device, device_authorization, end_session, health, introspect, jwks,
        management::{self, Managed},
        metadata::{self, MetadataDocuments},
        openapi::OpenapiDocument,
        register, revoke, revoke_grants, token, userinfo,
    },
    host::{Capabilities, Host},
    issuer::Issuer,
    page::see_other,
    parameters::BODY_LIMIT,
    refusal::{ErrorCode, Fault, Refusal, RequestFault},
    request::{At, Incoming, Sender},
    response,
    route::{self, Endpoint, Presentation, Route},
    secret_use::SecretUse,
    unavailable::Unavailable,
};

mod login_application;
mod management_token;

pub use management_token::{InvalidManagementToken, LONGEST_MANAGEMENT_TOKEN, ManagementToken};

/// An authorization server. Everything it decides follows from the request, its stores, its
/// configuration and the time it is given.
pub struct Server<H: Host> {
    issuer: Issuer<H>,
    /// Put together when somebody first asks for them: starting costs nothing.
    documents: OnceLock<MetadataDocuments>,
    openapi: OpenapiDocument,
    managed_openapi: OpenapiDocument,
}

impl<H: Host> Server<H> {
    /// A server with this configuration and these capabilities. Imports no key and reads no store
    /// before the first request that needs it.
    pub fn new(config: Config, capabilities: Capabilities<H>) -> Self {
        let issuer = Issuer::new(config, capabilities);
        Self {
            documents: OnceLock::new(),
            openapi: OpenapiDocument::oauth(),
            managed_openapi: OpenapiDocument::management(),
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
        self.respond(request, Sender::Stranger, arrival.into(), budget)
            .await
    }

    async fn respond(
        &self,
        request: Request<Bytes>,
        sender: Sender,
        arrival: Arrival,
        budget: impl Future<Output = ()>,
    ) -> Response<Bytes> {
        let (at, address) = (arrival.at, arrival.address);
        let (head, body) = request.into_parts();
        let config = self.issuer.config();
        let stripped = match sender {
            Sender::Stranger => config.proxy_strips(),
            // It comes by no proxy.
            Sender::LoginApplication => "",
        };
        let path = route::unstripped(stripped, head.uri.path());
        let mut audit = Audit::from(arrival);
        let found = route::find(config.issuer().path(), &path);
        let mut response = match found {
            None => self.respond_nowhere(&head, &path, &mut audit),
            Some((route, segments)) => {
                let incoming = Incoming {
                    method: &head.method,
                    path: &path,
                    segments,
                    query: head.uri.query().unwrap_or_default(),
                    headers: &head.headers,
                    body: &body,
                    address,
                    sender,
                };
                let at = At {
                    issuer: &self.issuer,
                    request: &incoming,
                    now: at,
                };
                let answered = {
                    // In its place: it is kilobytes, and each hand it goes through would copy it.
                    let responding = pin!(self.respond_at(route, &at, &mut audit));
                    within(budget, responding).await
                };
                let answered = answered.unwrap_or_else(|| {
                    Err(Unavailable::new("store", "no answer within the budget").into())
                });
                let mut response = answered
                    .unwrap_or_else(|refusal| self.present(route, &refusal, &at, &mut audit));
                self.open(route, &mut response, &head.headers);
                response
            }
        };
        cors::ask_for_no_password(&mut response, &head.headers);
        if head.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        self.guard(&mut response);
        audit.attach_to(&mut response);
        response
    }

    /// Notes the day on which a secret was used, which a response has in its extensions. To be called once
    /// that is sent, because it waits for the ledger. Best effort: where the ledger fails, nothing is noted.
    pub async fn note(&self, used: SecretUse) {
        if let Ok(ledger) = self.issuer.ledger() {
            let _ = used.note(ledger).await;
        }
    }

    /// Completes the refusal that a host made of a request which it could not hand over: with the headers
    /// that every answer has, with those by which pages may read it, and with an [`Audit`] that says
    /// `why`. `request` is what could be read of the request's headers.
    pub fn complete(
        &self,
        response: &mut Response<Bytes>,
        request: &HeaderMap,
        arrival: Arrival,
        why: impl Into<Cow<'static, str>>,
    ) {
        self.guard(response);
        cors::open_to_pages(response, request, self.issuer.config());
        let mut audit = Audit::from(arrival);
        audit.error = Some(ErrorCode::INVALID_REQUEST.as_str());
        audit.fault = Some(Fault::Request);
        audit.detail = Some(why.into());
        audit.attach_to(response);
    }

    /// Adds the headers that every answer has.
    fn guard(&self, response: &mut Response<Bytes>) {
        response::guard(response, self.issuer.config().issuer());
    }

    /// Lets pages of other origins read the answer of an endpoint that they may call: always, or if it is
    /// a refusal. Who may read a good answer to a client has been said where the client is known.
    fn open(&self, route: &Route, response: &mut Response<Bytes>, request: &HeaderMap) {
        let status = response.status();
        let is_refusal = status.is_client_error() || status.is_server_error();
        match route.cross_origin {
            CrossOrigin::Document => cors::open_document(response),
            CrossOrigin::Bearer => cors::open_to_pages(response, request, self.issuer.config()),
            CrossOrigin::Client if is_refusal && !cors::is_open(response) => {
                cors::open_to_pages(response, request, self.issuer.config());
            }
            CrossOrigin::Client | CrossOrigin::Refused => {}
        }
    }

    /// The response where no endpoint is. JSON, also to a browser: nobody is led here, and who mistypes an
    /// address is most often a developer.
    fn respond_nowhere(&self, head: &Parts, path: &str, audit: &mut Audit) -> Response<Bytes> {
        let config = self.issuer.config();
        // People type this one, from the screen of their device.
        let device = self.issuer.action(route::path::DEVICE);
        if head.method == Method::GET && path.strip_suffix('/') == Some(device.as_str()) {
            return see_other(&match head.uri.query() {
                Some(query) => format!("{device}?{query}"),
                None => device,
            });
        }
        if let Some(let_through) = cors::preflight_to_nowhere(&head.method, &head.headers, config) {
            return let_through;
        }
        let mut response = response::refuse(&Refusal::NotFound, audit);
        cors::open_to_pages(&mut response, &head.headers, config);
        response
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
        if *method == Method::OPTIONS {
            let config = self.issuer.config();
            return Ok(cors::options(
                route.cross_origin,
                route.allow,
                headers,
                config,
            ));
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
            Endpoint::Token => apart(pin!(token::respond(at, audit))).await,
            Endpoint::Authorize => apart(pin!(authorize::respond(at, audit))).await,
            Endpoint::Request => apart(pin!(describe::describe_request(at, audit))).await,
            Endpoint::Accept => apart(pin!(handoff::accept(at, audit))).await,
            Endpoint::Reject => apart(pin!(handoff::reject(at, audit))).await,
            Endpoint::Resume => apart(pin!(resume::respond(at, audit))).await,
            Endpoint::DeviceAuthorization => {
                apart(pin!(device_authorization::respond(at, audit))).await
            }
            Endpoint::Device => apart(pin!(device::respond(at, audit))).await,
            Endpoint::Introspect => apart(pin!(introspect::respond(at, audit))).await,
            Endpoint::Revoke => apart(pin!(revoke::respond(at, audit))).await,
            Endpoint::RevokeGrants => apart(pin!(revoke_grants::respond(at, audit))).await,
            Endpoint::Userinfo => apart(pin!(userinfo::respond(at, audit))).await,
            Endpoint::EndSession => apart(pin!(end_session::respond(at, audit))).await,
            Endpoint::EndSessionResume => apart(pin!(end_session::resume(at, audit))).await,
            Endpoint::Jwks => apart(pin!(jwks::respond(at))).await,
            Endpoint::OpenidConfiguration => {
                let document = &self.documents().openid_configuration;
                Ok(document.respond(at.request.headers))
            }
            Endpoint::AuthorizationServer => {
                let document = &self.documents().authorization_server;
                Ok(document.respond(at.request.headers))
            }
            Endpoint::Register => apart(Box::pin(register::respond(at, audit)).as_mut()).await,
            Endpoint::Registered => apart(Box::pin(register::manage(at, audit)).as_mut()).await,
            Endpoint::ManagedClients => {
                apart(Box::pin(management::collection(at, Managed::Client, audit)).as_mut()).await
            }
            Endpoint::ManagedClient => {
                apart(Box::pin(management::document(at, Managed::Client, audit)).as_mut()).await
            }
            Endpoint::ManagedSecrets => {
                apart(Box::pin(management::secrets::collection(at, audit)).as_mut()).await
            }
            Endpoint::ManagedSecret => {
                apart(Box::pin(management::secrets::secret(at, audit)).as_mut()).await
            }
            Endpoint::ManagedApis => {
                apart(Box::pin(management::collection(at, Managed::Api, audit)).as_mut()).await
            }
            Endpoint::ManagedApi => {
                apart(Box::pin(management::document(at, Managed::Api, audit)).as_mut()).await
            }
            Endpoint::ManagedTrust => {
                apart(Box::pin(management::collection(at, Managed::Trust, audit)).as_mut()).await
            }
            Endpoint::ManagedTrusted => {
                apart(Box::pin(management::document(at, Managed::Trust, audit)).as_mut()).await
            }
            Endpoint::ManagedToken => {
                apart(Box::pin(management::tokens::revoke(at, audit)).as_mut()).await
            }
            Endpoint::ManagedGrants => {
                apart(Box::pin(management::grants::collection(at, audit)).as_mut()).await
            }
            Endpoint::ManagedGrant => {
                apart(Box::pin(management::grants::one(at, audit)).as_mut()).await
            }
            Endpoint::Health => Ok(health::respond()),
            Endpoint::ManagedOpenapi => {
                let issuer = self.issuer.config().issuer();
                Ok(self.managed_openapi.respond(issuer, at.request.headers))
            }
            Endpoint::Openapi => {
                let issuer = self.issuer.config().issuer();
                Ok(self.openapi.respond(issuer, at.request.headers))
            }
        }
    }

    #[inline(never)]
    fn documents(&self) -> &MetadataDocuments {
        self.documents
            .get_or_init(|| metadata::documents(&self.issuer))
    }

    /// The response for a refusal, in the form that readers of the endpoint's errors understand.
    fn present(
        &self,
        route: &Route,
        refusal: &Refusal,
        at: &At<'_, H>,
        audit: &mut Audit,
    ) -> Response<Bytes> {
        match route.presentation {
            Presentation::Json => response::refuse(refusal, audit),
            Presentation::Page => response::refuse_person(refusal, at, audit),
            Presentation::Bearer => response::refuse_bearer(refusal, audit),
        }
    }
}
