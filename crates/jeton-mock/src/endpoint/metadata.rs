//! The two metadata documents (RFC 8414 §3, OpenID Connect Discovery 1.0 §4): each endpoint where
//! it is reached by those who follow it, and what a profile says besides.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Map, Value};

use super::readdress::{Follower, readdress};
use crate::{
    address::Address,
    claims::merge,
    grants,
    json::{self, json_response},
    platform,
    profile::Profile,
    spec::Endpoint,
    visit::Visit,
};

/// The members that name endpoints which a profile may have elsewhere.
const MEMBERS: [(&str, Endpoint); 9] = [
    ("authorization_endpoint", Endpoint::Authorize),
    ("token_endpoint", Endpoint::Token),
    (
        "device_authorization_endpoint",
        Endpoint::DeviceAuthorization,
    ),
    ("introspection_endpoint", Endpoint::Introspect),
    ("revocation_endpoint", Endpoint::Revoke),
    ("userinfo_endpoint", Endpoint::Userinfo),
    ("end_session_endpoint", Endpoint::EndSession),
    ("jwks_uri", Endpoint::Jwks),
    ("registration_endpoint", Endpoint::Register),
];

/// The members that a browser follows.
const FOLLOWED_BY_BROWSERS: [&str; 2] = ["authorization_endpoint", "end_session_endpoint"];

pub(super) async fn respond(visit: &Visit<'_>, request: Request<Bytes>) -> Response<Bytes> {
    if let Some(document) = platform::discovery(visit, request.uri().path()) {
        return json_response(StatusCode::OK, &document);
    }
    let mut response = visit.serve(request).await;
    grants::advertise(visit.at.issuer, &mut response);
    let address = visit.at.address;
    readdress(&mut response, address, follower);
    if let Some(profile) = visit.at.issuer.profile() {
        json::edit(&mut response, |document| {
            put_paths(document, profile, address);
            put_members(document, profile, address);
        });
    }
    response
}

fn follower(member: &str) -> Option<Follower> {
    if FOLLOWED_BY_BROWSERS.contains(&member) {
        Some(Follower::Browser)
    } else if member == "jwks_uri" || member.ends_with("_endpoint") {
        Some(Follower::Backend)
    } else {
        None
    }
}

/// The endpoints where the profile has them.
fn put_paths(document: &mut Map<String, Value>, profile: &Profile, address: &Address) {
    for (member, endpoint) in MEMBERS {
        if let Some(path) = profile.path(endpoint)
            && let Some(value) = document.get_mut(member)
        {
            let base = address.of(follower(member));
            *value = Value::String(format!("{base}{path}"));
        }
    }
}

/// The members that the profile adds, with addresses where those reach them who follow them.
fn put_members(document: &mut Map<String, Value>, profile: &Profile, address: &Address) {
    let mut members = profile.metadata(address);
    for (member, value) in &mut members {
        let beneath = value.as_str().and_then(|it| it.strip_prefix(&address.base));
        if let Some(path) = beneath.filter(|path| path.starts_with('/')) {
            *value = Value::String(format!("{}{path}", address.of(follower(member))));
        }
    }
    merge(document, &members);
}
