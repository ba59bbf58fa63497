//! The two metadata documents (RFC 8414 §3, OpenID Connect Discovery 1.0 §4): each endpoint where
//! it is reached by those who follow it.

use bytes::Bytes;
use http::{Request, Response};

use super::readdress::{Follower, readdress};
use crate::visit::Visit;

/// The members that a browser follows.
const FOLLOWED_BY_BROWSERS: [&str; 2] = ["authorization_endpoint", "end_session_endpoint"];

pub(super) async fn respond(visit: &Visit<'_>, request: Request<Bytes>) -> Response<Bytes> {
    let mut response = visit.serve(request).await;
    readdress(&mut response, visit.at.address, |member| {
        if FOLLOWED_BY_BROWSERS.contains(&member) {
            Some(Follower::Browser)
        } else if member == "jwks_uri" || member.ends_with("_endpoint") {
            Some(Follower::Backend)
        } else {
            None
        }
    });
    response
}
