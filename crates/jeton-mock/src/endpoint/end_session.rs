//! `/end_session` (OpenID Connect RP-Initiated Logout 1.0 §2), also as `/endsession`.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::{
    address::without_alias, asked::Asked, departures::Departures, forge::Jwt, lenient::Wanted,
    visit::Visit,
};

pub(super) async fn respond(
    visit: &Visit<'_>,
    mut request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    without_alias(request.uri_mut(), "/endsession", visit.asked.endpoint);
    let client_id = client_id(&visit.asked);
    let wanted = client_id.and_then(|id| Wanted::logout(&id, &visit.asked));
    visit.serve_wanted(wanted, request, departures).await
}

/// The client that asks: the one named, or else the one that the ID token was made for.
fn client_id(asked: &Asked<'_>) -> Option<String> {
    if let Some(named) = asked.get("client_id") {
        return Some(named.to_owned());
    }
    let hint = Jwt::parse(asked.get("id_token_hint")?)?;
    let audience = hint.claims.get("aud").and_then(Value::as_str);
    audience.map(str::to_owned)
}
