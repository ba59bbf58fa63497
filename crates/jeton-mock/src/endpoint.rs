//! What the mock does at each endpoint before and after the server: a file each.

use bytes::Bytes;
use http::{Request, Response};

use crate::{departures::Departures, platform, spec::Endpoint, visit::Visit};

mod authorize;
mod device_authorization;
mod document;
mod end_session;
mod front_channel;
mod introspect;
mod jwks;
mod manage;
mod metadata;
mod owner;
mod page;
mod presented_token;
mod readdress;
mod register;
mod revoke;
mod token;
mod userinfo;

pub(crate) use presented_token::{Recognized, reword};

/// The endpoint's answer.
pub(crate) async fn respond(
    visit: &Visit<'_>,
    request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    match visit.asked.endpoint {
        Endpoint::Token => token::respond(visit, request, departures).await,
        Endpoint::Authorize => authorize::respond(visit, request, departures).await,
        Endpoint::DeviceAuthorization => {
            device_authorization::respond(visit, request, departures).await
        }
        Endpoint::Introspect => introspect::respond(visit, request, departures).await,
        Endpoint::Revoke => revoke::respond(visit, request, departures).await,
        Endpoint::Userinfo => userinfo::respond(visit, request, departures).await,
        Endpoint::EndSession => end_session::respond(visit, request, departures).await,
        Endpoint::Manage => manage::respond(visit, request, departures).await,
        Endpoint::AuthorizeResume => front_channel::respond(visit, request, departures).await,
        Endpoint::Register => register::respond(visit, request, departures).await,
        Endpoint::Jwks => jwks::respond(visit, request).await,
        Endpoint::OpenidConfiguration | Endpoint::AuthorizationServerMetadata => {
            metadata::respond(visit, request).await
        }
        Endpoint::Platform => platform::respond(visit, &request, departures).await,
        Endpoint::Login | Endpoint::Logout | Endpoint::Debugger => {
            page::respond(&visit.at, visit.asked.endpoint, &request).await
        }
        Endpoint::Document => document::respond(visit, &request).await,
        Endpoint::AuthorizeRequest
        | Endpoint::AuthorizeAccept
        | Endpoint::AuthorizeReject
        | Endpoint::Device
        | Endpoint::RevokeGrants
        | Endpoint::EndSessionResume
        | Endpoint::Health
        | Endpoint::Openapi => visit.serve(request).await,
    }
}
