//! `/revoke` (RFC 7009 §2). Of a request that names no client a lenient issuer takes whose token it is for
//! the one that asks.

use bytes::Bytes;
use http::{Request, Response};
use jeton::grant_of_refresh_token;

use serde_json::{Map, Value, json};

use super::owner;
use crate::{
    departures::Departures,
    lenient::{Wanted, unnamed},
    visit::Visit,
};

pub(super) async fn respond(
    visit: &Visit<'_>,
    request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    if visit.is_lenient()
        && unnamed::is_nobody(&visit.asked)
        && let Some(owner) = owner_of_token(visit).await
        && let Some(response) = owner::serve(visit, &owner, None, &request).await
    {
        departures.waived.push("client");
        return response;
    }
    let presented = visit.asked.presented.as_ref();
    let wanted = presented.and_then(Wanted::authentication);
    visit.serve_wanted(wanted, request, departures).await
}

/// What the token says of its client, or the grant of a refresh token, which says nothing by itself.
async fn owner_of_token(visit: &Visit<'_>) -> Option<Map<String, Value>> {
    if let Some(claims) = visit
        .claims_in("token")
        .filter(|it| owner::of(it).is_some())
    {
        return Some(claims);
    }
    let grant = grant_of_refresh_token(visit.asked.get("token")?)?;
    let record = visit.at.issuer.grant(grant).await?;
    let client_id = json!(record.client_id.as_str());
    Some(Map::from_iter([("client_id".to_owned(), client_id)]))
}
