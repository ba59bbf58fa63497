//! Requests that name no client where there must be one. A lenient issuer takes them for those of a client
//! that nobody registered, as mocks do whose users never had one.

use bytes::Bytes;
use http::{
    Request,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use jeton::BODY_LIMIT;
use url::form_urlencoded;

use crate::{
    asked::{Asked, is_form},
    spec::Endpoint,
};

/// The client that asks where none is named, and its secret.
const NOBODY: [(&str, &str); 2] = [("client_id", "nobody"), ("client_secret", "nobody")];

/// The parameters by which a request says who asks.
const CREDENTIALS: [&str; 3] = ["client_id", "client_secret", "client_assertion"];

/// The grant that a client needs nothing for but itself.
const OWN_TOKEN: &str = "client_credentials";

/// Whether the client of a request was named here.
pub(crate) fn is_nobody(asked: &Asked<'_>) -> bool {
    NOBODY
        .iter()
        .all(|(name, value)| asked.get(name) == Some(*value))
}

/// Names a client in a request that names none.
pub(crate) fn name_client(endpoint: Endpoint, request: &mut Request<Bytes>) {
    let headers = request.headers();
    let is_form = headers
        .get(CONTENT_TYPE)
        .is_some_and(|it| is_form(it.as_bytes()));
    let is_whole = request.body().len() <= BODY_LIMIT;
    if !is_form || !is_whole || headers.contains_key(AUTHORIZATION) {
        return;
    }
    let body = request.body().clone();
    let has = |name: &str| form_urlencoded::parse(&body).any(|(own, _)| own == name);
    let needs_one = match endpoint {
        Endpoint::Introspect | Endpoint::Revoke => has("token"),
        Endpoint::Token => {
            let own = |(name, value): (_, _)| name == "grant_type" && value == OWN_TOKEN;
            form_urlencoded::parse(&body).any(own)
        }
        _ => false,
    };
    if needs_one && !CREDENTIALS.into_iter().any(has) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(form_urlencoded::parse(&body));
        *request.body_mut() = Bytes::from(form.extend_pairs(NOBODY).finish());
    }
}
