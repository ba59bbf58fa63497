//! Responses: JSON that must not be cached, and refusals.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_TYPE, PRAGMA, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use serde::Serialize;

use crate::{
    audit::Audit,
    client::Client,
    config::{IssuerIdentifier, Transport},
    cors,
    host::Host,
    page::{Ending, Finding, Link, Words},
    refusal::{Refusal, WayOn, WireError},
    request::At,
    route::path,
};

/// Two years. Not for subdomains: they may be somebody else's.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=63072000");

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The challenge for a request from which no access token can be read (RFC 6750 §3.1).
const INVALID_REQUEST: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"jeton\", error=\"invalid_request\"");

/// Adds the headers that every response has, whatever it is.
pub(crate) fn guard(response: &mut Response<Bytes>, issuer: &IssuerIdentifier) {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    match issuer.transport() {
        Transport::Strict => {
            headers.insert(STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
        }
        Transport::Any => {}
    }
}

/// As many bytes of JSON as an answer with an access token has.
const USUAL_BODY: usize = 1024;

/// A JSON response that no cache may keep (RFC 6749 §5.1).
pub(crate) fn no_store_json(status: StatusCode, value: &impl Serialize) -> Response<Bytes> {
    let mut body = Vec::with_capacity(USUAL_BODY);
    // Every value passed here is a struct of strings and numbers: serialization cannot fail.
    let _ = serde_json::to_writer(&mut body, value);
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// A response without a body, which no cache may keep.
pub(crate) fn empty_response(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The body of an error response (RFC 6749 §5.2).
#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'static str,
    error_description: &'a str,
    /// Ours: where a login application sends the browser, if it leaves it at this error.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to: Option<&'a str>,
}

/// The error that is sent for a refusal; its reason goes into `audit`.
fn note_refusal(refusal: &Refusal, audit: &mut Audit) -> WireError {
    let wire = refusal.wire();
    audit.error = Some(wire.code.as_str());
    audit.fault = Some(wire.fault);
    audit.detail = Some(refusal.to_string().into());
    if let Refusal::Unavailable(unavailable) = refusal {
        audit.store = Some(unavailable.store);
    }
    wire
}

/// A refusal for a client.
pub(crate) fn refuse(refusal: &Refusal, audit: &mut Audit) -> Response<Bytes> {
    let wire = note_refusal(refusal, audit);
    let body = ErrorBody {
        error: wire.code.as_str(),
        error_description: &wire.description,
        redirect_to: match refusal {
            Refusal::HandedBack { redirect_to, .. } => Some(redirect_to),
            _ => None,
        },
    };
    let mut response = no_store_json(wire.status, &body);
    response.headers_mut().extend(wire.headers);
    response
}

/// What a client that is known is answered, tokens or a refusal: as pages of its `allowed_origins` may
/// read it.
pub(crate) fn answer_client(
    outcome: Result<Response<Bytes>, Refusal>,
    client: &Client,
    request: &HeaderMap,
    audit: &mut Audit,
) -> Response<Bytes> {
    let mut response = outcome.unwrap_or_else(|refusal| refuse(&refusal, audit));
    cors::open_to_pages_of(client, &mut response, request);
    response
}

/// A refusal for a person at a browser: sent back to the client, or told on a page where there is
/// nowhere to go on to.
pub(crate) fn refuse_person<H: Host>(
    refusal: &Refusal,
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Response<Bytes> {
    let wire = note_refusal(refusal, audit);
    if let Refusal::SentBack { to, .. } = refusal {
        let language = at.language(to.ui_locales.as_deref());
        let config = at.issuer.config();
        return to.respond_with_error(wire.code.as_str(), &wire.description, config, language);
    }
    let parameters = at.request.query_or_form().ok();
    let sent = |name| parameters.as_ref().and_then(|it| it.get(name));
    let language = at.language(sent("ui_locales"));
    let words = Words::of(language);
    let device = at.issuer.action(path::DEVICE);
    let link = |to, text| Some(Link { to, text });
    let is_sent = at.request.method == Method::POST;
    let mut text = refusal.advice(language);
    let way_on = match refusal.way_on() {
        WayOn::Device => link(&device, words.common.begin_again),
        WayOn::Application(home) => Some(Link::to_application(home, language)),
        // What a form has sent a link cannot send once more.
        WayOn::Again if is_sent => {
            text += words.common.send_again;
            None
        }
        WayOn::Again => link("", words.common.again),
        WayOn::Unknown => None,
    };
    let (parameter, rule) = refusal.broken_rule(&words.refusal);
    let finding = Finding {
        code: wire.code.as_str(),
        parameter,
        value: parameter.and_then(sent),
        rule,
    };
    let ending = Ending {
        frame: at.issuer.config().frame(),
        language,
        status: wire.status,
        title: refusal.title(&words.refusal),
        text: &text,
        way_on,
        finding: Some(finding),
        reference: audit.request_id.as_ref(),
    };
    let mut response = ending.respond();
    response.headers_mut().extend(wire.headers);
    response
}

/// A refusal for the holder of an access token (RFC 6750 §3).
pub(crate) fn refuse_bearer(refusal: &Refusal, audit: &mut Audit) -> Response<Bytes> {
    let mut response = refuse(refusal, audit);
    let is_malformed = response.status() == StatusCode::BAD_REQUEST;
    let headers = response.headers_mut();
    // §3: a request that brings no token which can be used is told how to bring one.
    if is_malformed && !headers.contains_key(WWW_AUTHENTICATE) {
        headers.insert(WWW_AUTHENTICATE, INVALID_REQUEST);
    }
    response
}
