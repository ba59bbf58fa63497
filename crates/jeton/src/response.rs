//! Responses that must not be cached, and errors.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER,
        WWW_AUTHENTICATE,
    },
};
use serde::Serialize;

use crate::{
    audit::Audit,
    page::{Escaped, page},
    refusal::{BearerFault, Refusal, WireError},
};

/// Seconds after which a client may try again when a store is out of reach.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// A JSON body that no cache may keep (RFC 6749 §5.1).
pub(crate) fn no_store_json(status: StatusCode, value: &impl Serialize) -> Response<Bytes> {
    // Every value passed here is a struct of strings and numbers: serialization cannot fail.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// RFC 6749 §5.2.
#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'static str,
    error_description: &'a str,
}

/// What a refusal is on the wire; its reason goes into `audit`.
fn note(refusal: &Refusal, audit: &mut Audit) -> WireError {
    let wire = refusal.wire();
    audit.error = Some(wire.error);
    audit.fault = Some(wire.fault);
    audit.detail = Some(refusal.to_string().into());
    if let Refusal::Unavailable(unavailable) = refusal {
        audit.store = Some(unavailable.store);
    }
    wire
}

/// A refusal for a client.
pub(crate) fn refuse(refusal: &Refusal, audit: &mut Audit) -> Response<Bytes> {
    let wire = note(refusal, audit);
    let mut response = no_store_json(
        wire.status,
        &ErrorBody {
            error: wire.error,
            error_description: &wire.description,
        },
    );
    add_header(&mut response, extra_header(refusal));
    response
}

/// A refusal for a person who has nowhere to go on to.
pub(crate) fn refuse_person(refusal: &Refusal, audit: &mut Audit) -> Response<Bytes> {
    let wire = note(refusal, audit);
    let advice = format!("<p>{}</p>", Escaped(&wire.description));
    let mut response = page(wire.status, "This did not work", &advice);
    add_header(&mut response, extra_header(refusal));
    response
}

/// A refusal for the holder of an access token (RFC 6750 §3): where no token was sent, the
/// challenge says only what would be accepted.
pub(crate) fn refuse_bearer(refusal: &Refusal, audit: &mut Audit) -> Response<Bytes> {
    let mut response = refuse(refusal, audit);
    // As on success: whoever has the token may read what became of it.
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let challenge = match refusal {
        Refusal::Bearer(BearerFault::Missing) => "Bearer realm=\"jeton\"",
        Refusal::Bearer(BearerFault::Invalid) => "Bearer realm=\"jeton\", error=\"invalid_token\"",
        Refusal::Bearer(BearerFault::Scope) => {
            "Bearer realm=\"jeton\", error=\"insufficient_scope\", scope=\"openid\""
        }
        _ => return response,
    };
    let challenge = HeaderValue::from_static(challenge);
    add_header(&mut response, Some((WWW_AUTHENTICATE, challenge)));
    response
}

fn add_header(response: &mut Response<Bytes>, header: Option<(HeaderName, HeaderValue)>) {
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value);
    }
}

fn extra_header(refusal: &Refusal) -> Option<(HeaderName, HeaderValue)> {
    match refusal {
        Refusal::MethodNotAllowed { allow } => Some((ALLOW, HeaderValue::from_static(allow))),
        // RFC 9110 §15.5.2 wants a challenge on every 401, also where the body authenticated.
        Refusal::Client(_) => Some((
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"jeton\", charset=\"UTF-8\""),
        )),
        Refusal::Unavailable(_) => Some((RETRY_AFTER, RETRY_AFTER_SECONDS)),
        _ => None,
    }
}
