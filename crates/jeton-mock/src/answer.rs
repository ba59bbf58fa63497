//! How an issuer answers a request: what goes wrong, what is waived, the server's answer, and what
//! becomes of it.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header::ORIGIN};
use jeton::{Audit, RequestId};
use jeton_http::Dropped;
use serde_json::Value;

use crate::{
    address::with_path,
    asked::Asked,
    at::At,
    cookie, cors, debugger,
    departures::Departures,
    endpoint,
    fault::{self, FAULT_HEADER},
    hint::{self, Brought},
    journal::{Entry, redact, shorten, shown},
    layout::path_of,
    lenient::{WAIVED_HEADER, basic, unnamed},
    spec::{Effect, Endpoint, Strictness},
    visit::Visit,
};

/// The answer to one request to one issuer. `known` is the path that the mock and its server know the
/// endpoint by, `hint` what to tell whoever may have meant another issuer.
pub(crate) async fn answer(
    at: At<'_>,
    mut endpoint: Endpoint,
    known: &str,
    hint: Option<String>,
    mut request: Request<Bytes>,
) -> Result<Response<Bytes>, Dropped> {
    let is_plain = at.address.is_plain_for_browsers();
    if is_plain {
        cookie::with_https(&mut request);
    }
    let (method, uri) = (request.method().clone(), request.uri().clone());
    with_path(request.uri_mut(), known);
    if let Some(profile) = at.issuer.profile() {
        if let Some(path) = profile.document_instead(endpoint, uri.path(), &request) {
            endpoint = Endpoint::Document;
            let path = format!("{}{path}", path_of(&at.address.base));
            with_path(request.uri_mut(), &path);
        }
        profile.read_elsewhere(endpoint, &mut request);
        profile.translate(endpoint, at.issuer.remembered(), &mut request);
    }
    let brought = Brought::by(&request);
    if at.issuer.strictness() == Strictness::Lenient {
        basic::end_id(&mut request);
        unnamed::name_client(endpoint, &mut request);
    }
    let recognized = endpoint::reword(&at, endpoint, &mut request).await;
    let asked_uri = request.uri().clone();
    let profile = at.issuer.profile();
    // Only a vendor's answers go by what is accepted.
    let asked_headers = profile.map(|_| request.headers().clone());
    let body = request.body().clone();
    let asked = Asked::read(endpoint, &method, &asked_uri, request.headers(), &body);
    let mut visit = Visit::new(at, asked, recognized);
    let is_lenient = visit.is_lenient();
    if is_lenient && let Some(preflight) = cors::preflight(&request) {
        return Ok(preflight);
    }
    let page = request
        .headers()
        .get(ORIGIN)
        .cloned()
        // What the debugger shows is for nobody else's pages.
        .filter(|_| is_lenient && endpoint != Endpoint::Debugger);
    let is_looking_on = endpoint == Endpoint::Debugger && debugger::is_looking_on(&method, &uri);
    let request_id = request.extensions().get::<RequestId>().cloned();

    let mut departures = Departures {
        due: at.issuer.due(&visit.asked),
        ..Departures::default()
    };
    if is_lenient {
        departures.add(fault::magic(&visit.asked));
    }
    delay(&mut visit, &mut departures).await;
    let mut outcome = match fault::instead(endpoint, &mut departures) {
        Some(mut outcome) => {
            if let Ok(response) = &mut outcome {
                say_as_vendor(&visit, response);
            }
            outcome
        }
        None => {
            let mut response = endpoint::respond(&visit, request, &mut departures).await;
            say_as_vendor(&visit, &mut response);
            fault::spoil(&mut response, &mut departures);
            Ok(response)
        }
    };

    let hint = hint.or_else(|| {
        let response = outcome.as_ref().ok()?;
        hint::is_refused(response).then(|| hint::of_tokens(&at, &brought))?
    });
    if let Ok(response) = &mut outcome {
        if let Some(hint) = &hint {
            hint::give(response, hint, at.issuer.strictness());
        }
        if let (Some(profile), Some(asked)) = (profile, &asked_headers) {
            profile.form_response(response, endpoint, asked);
        }
        let headers = response.headers_mut();
        put_names(headers, WAIVED_HEADER, &departures.waived);
        let acted: Vec<_> = departures.acted.iter().map(Effect::to_string).collect();
        put_names(headers, FAULT_HEADER, &acted);
        if let Some(origin) = page {
            cors::open_to_page(headers, origin);
        }
        if is_plain {
            cookie::without_https(response);
        }
    }
    if !is_looking_on {
        let mut entry = entry(
            visit,
            uri.path().to_owned(),
            departures,
            hint,
            outcome.as_ref().ok(),
        );
        entry.request_id = request_id.map(|id| id.to_string());
        at.issuer.journal().add(entry);
    }
    outcome
}

/// Gives an error the form that it has at the vendor whom the issuer answers like.
fn say_as_vendor(visit: &Visit<'_>, response: &mut Response<Bytes>) {
    if let Some(profile) = visit.at.issuer.profile() {
        let facts = visit.facts(&visit.asked.parameters);
        profile.say_error(response, visit.asked.endpoint, visit.at.now.0, &facts);
        profile.say_more(response, visit.asked.endpoint, &facts);
    }
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
    hint: Option<String>,
    response: Option<&Response<Bytes>>,
) -> Entry {
    let Visit { at, asked, .. } = visit;
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
            Some(id) => Some(shown(id.as_str())),
            None => asked.client_id.as_deref().map(shown),
        },
        grant_type: asked.grant_type.as_deref().map(shown),
        subject: audit.and_then(|it| it.subject.clone()),
        status: response.map(|it| it.status().as_u16()),
        error: response.and_then(error_of),
        reason: audit.and_then(|it| it.detail.as_deref().map(str::to_owned)),
        request_id: None,
        waived: departures.waived.into_iter().map(Cow::Borrowed).collect(),
        faults: acted.map(|it| shorten(&it.to_string())).collect(),
        hint,
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
