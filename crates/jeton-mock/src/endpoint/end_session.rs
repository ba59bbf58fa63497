//! `/end_session` (OpenID Connect RP-Initiated Logout 1.0 §2), also as `/endsession`.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::{address::without_alias, departures::Departures, lenient::Wanted, visit::Visit};

mod at_once;

pub(super) async fn respond(
    visit: &Visit<'_>,
    mut request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    without_alias(request.uri_mut(), "/endsession", visit.asked.endpoint);
    if let Some(response) = at_once::respond(visit, &request, departures).await {
        return response;
    }
    let client_id = client_id(visit);
    let wanted = client_id.and_then(|id| Wanted::logout(&id, &visit.asked));
    visit.serve_wanted(wanted, request, departures).await
}

/// The client that asks: the one named, or else the one that the ID token was made for.
fn client_id(visit: &Visit<'_>) -> Option<String> {
    if let Some(named) = visit.asked.get("client_id") {
        return Some(named.to_owned());
    }
    let hint = visit.claims_in("id_token_hint")?;
    let audience = hint.get("aud").and_then(Value::as_str);
    audience.map(str::to_owned)
}
