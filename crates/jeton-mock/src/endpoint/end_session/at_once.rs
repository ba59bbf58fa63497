//! A logout without `id_token_hint` that says where to go: a lenient issuer does not ask the person, which
//! production does, because any link could log them out.

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response,
    header::{CONTENT_TYPE, ORIGIN},
};
use url::{Url, form_urlencoded};

use crate::{departures::Departures, lenient::Wanted, visit::Visit};

/// The client of a logout that names none.
const NOBODY: &str = "jeton-mock-logout";

/// The answer; `None` where the request is to be answered as production does.
pub(super) async fn respond(
    visit: &Visit<'_>,
    request: &Request<Bytes>,
    departures: &mut Departures,
) -> Option<Response<Bytes>> {
    let asked = &visit.asked;
    let uri = asked.get("post_logout_redirect_uri")?;
    if !visit.is_lenient() || asked.get("id_token_hint").is_some() {
        return None;
    }
    let client_id = asked.get("client_id").unwrap_or(NOBODY);
    let wanted = Wanted::logout(client_id, asked)?;
    let confirmed = confirmed(visit, request, client_id, uri)?;
    let response = visit
        .serve_wanted(Some(wanted), confirmed, departures)
        .await;
    if response.status().is_redirection() {
        departures.waived.push("id_token_hint");
    }
    Some(response)
}

/// The request as the person sends it who says yes on the server's page.
fn confirmed(
    visit: &Visit<'_>,
    request: &Request<Bytes>,
    client_id: &str,
    uri: &str,
) -> Option<Request<Bytes>> {
    let state = visit.asked.get("state").map(|state| ("state", state));
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", client_id),
            ("post_logout_redirect_uri", uri),
            ("confirmed", "yes"),
        ])
        .extend_pairs(state)
        .finish();
    let mut confirmed = request.clone();
    *confirmed.method_mut() = Method::POST;
    *confirmed.body_mut() = Bytes::from(form);
    let origin = Url::parse(&visit.at.address.issuer).ok()?.origin();
    let headers = confirmed.headers_mut();
    headers.insert(ORIGIN, origin.ascii_serialization().try_into().ok()?);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    Some(confirmed)
}
