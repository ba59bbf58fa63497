//! How an issuer answers a request: what goes wrong, what is waived, the server's answer, and what
//! becomes of it.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header::ORIGIN};
use jeton::Audit;
use jeton_http::Dropped;
use serde_json::Value;

use crate::{
    asked::Asked,
    at::At,
    cookie, cors,
    departures::Departures,
    endpoint,
    fault::{self, FAULT_HEADER},
    journal::{Entry, redact, shorten},
    lenient::WAIVED_HEADER,
    spec::{Effect, Endpoint},
    visit::Visit,
};

/// The answer to one request to one issuer.
pub(crate) async fn answer(
    at: At<'_>,
    endpoint: Endpoint,
    mut request: Request<Bytes>,
) -> Result<Response<Bytes>, Dropped> {
    let is_plain = at.address.is_plain_for_browsers();
    if is_plain {
        cookie::with_https(&mut request);
    }
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let body = request.body().clone();
    let asked = Asked::read(endpoint, &method, &uri, request.headers(), &body);
    let mut visit = Visit { at, asked };
    let is_lenient = visit.is_lenient();
    if is_lenient && let Some(preflight) = cors::preflight(&request) {
        return Ok(preflight);
    }
    let is_of_a_page = request.headers().contains_key(ORIGIN);

    let mut departures = Departures {
        due: at.issuer.due(&visit.asked),
        ..Departures::default()
    };
    if is_lenient {
        departures.add(fault::magic(&visit.asked));
    }
    delay(&mut visit, &mut departures).await;
    let mut outcome = match fault::instead(endpoint, &mut departures) {
        Some(outcome) => outcome,
        None => {
            let mut response = endpoint::respond(&visit, request, &mut departures).await;
            fault::spoil(&mut response, &mut departures);
            Ok(response)
        }
    };

    if let Ok(response) = &mut outcome {
        let headers = response.headers_mut();
        put_names(headers, WAIVED_HEADER, &departures.waived);
        let acted: Vec<_> = departures.acted.iter().map(Effect::to_string).collect();
        put_names(headers, FAULT_HEADER, &acted);
        if is_lenient && is_of_a_page {
            cors::open_to_pages(headers);
        }
        if is_plain {
            cookie::without_https(response);
        }
    }
    let entry = entry(
        visit,
        uri.path().to_owned(),
        departures,
        outcome.as_ref().ok(),
    );
    at.issuer.journal().add(entry);
    outcome
}

/// Waits as long as the faults say, and moves the time of the answer by as much.
async fn delay(visit: &mut Visit<'_>, departures: &mut Departures) {
    let length = fault::delay(departures);
    if !length.is_zero() {
        visit.at.issuer.wait(length).await;
        visit.at.now = visit.at.issuer.now();
    }
}

/// Puts a list of names into a header, unless it is empty.
fn put_names<T: AsRef<str>>(headers: &mut HeaderMap, header: HeaderName, things: &[T]) {
    let things: Vec<_> = things.iter().map(AsRef::as_ref).collect();
    if !things.is_empty()
        && let Ok(value) = HeaderValue::try_from(things.join(", "))
    {
        headers.insert(header, value);
    }
}

/// The request and its answer as the journal has them.
fn entry(
    visit: Visit<'_>,
    path: String,
    departures: Departures,
    response: Option<&Response<Bytes>>,
) -> Entry {
    let Visit { at, asked } = visit;
    let audit = response.and_then(|it| it.extensions().get::<Audit>());
    let acted = departures.acted.iter();
    Entry {
        id: 0,
        at: at.now,
        issuer: at.issuer.name().to_owned(),
        endpoint: asked.endpoint,
        method: asked.method.to_string(),
        path,
        parameters: redact(asked.parameters),
        client_id: match audit.and_then(|it| it.client_id.as_ref()) {
            Some(id) => Some(id.as_str().to_owned()),
            None => asked.client_id.as_deref().map(shorten),
        },
        grant_type: asked.grant_type.as_deref().map(shorten),
        subject: audit.and_then(|it| it.subject.clone()),
        status: response.map(|it| it.status().as_u16()),
        error: response.and_then(error_of),
        waived: departures.waived.into_iter().map(Cow::Borrowed).collect(),
        faults: acted.map(|it| shorten(&it.to_string())).collect(),
    }
}

/// The error code of an answer: as the server noted it, or as its body says.
fn error_of(response: &Response<Bytes>) -> Option<String> {
    let audit = response.extensions().get::<Audit>();
    if let Some(error) = audit.and_then(|it| it.error) {
        return Some(error.to_owned());
    }
    if response.status().is_success() {
        return None;
    }
    let body: Value = serde_json::from_slice(response.body()).ok()?;
    Some(body.get("error")?.as_str()?.to_owned())
}
