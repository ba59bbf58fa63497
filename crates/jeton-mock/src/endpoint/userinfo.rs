//! `/userinfo` (OpenID Connect Core §5.3): what users and claim rules add. A lenient issuer takes tokens
//! for other audiences, which are what rules make for APIs.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jeton::{Audit, ClientId};
use serde_json::Value;

use super::presented_token::retype_for;
use crate::{
    claims::{Facts, merge},
    departures::Departures,
    json,
    lenient::{Wanted, audiences_of},
    visit::Visit,
};

pub(super) async fn respond(
    visit: &Visit<'_>,
    mut request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let issuer = &visit.at.address.issuer;
    let audience = visit.is_lenient().then(|| issuer.clone());
    let claims = &visit.asked.bearer;
    let is_for_others = !claims.is_empty() && !audiences_of(claims).contains(issuer);
    retype_for(visit, audience, &mut request).await;
    let wanted = Wanted::of_token(claims);
    let mut response = visit.serve_wanted(wanted, request, departures).await;
    // Of a client that nobody registered, everything is waived already.
    let is_named = departures.waived == ["client"];
    if visit.is_lenient() && response.status() == StatusCode::OK && is_for_others && !is_named {
        departures.waived.push("audience");
    }
    add_claims(visit, &mut response);
    response
}

fn add_claims(visit: &Visit<'_>, response: &mut Response<Bytes>) {
    let audit = response.extensions().get::<Audit>().cloned();
    let (Some(mut body), Some(audit)) = (json::read(response), audit) else {
        return;
    };
    let parameters = match audit.grant {
        Some(grant) => visit.at.issuer.remembered().recall(&grant.to_string()),
        None => BTreeMap::new(),
    };
    let additions = visit.at.issuer.additions(&Facts {
        client_id: audit.client_id.as_ref().map(ClientId::as_str),
        grant_type: parameters.get("grant_type").map(String::as_str),
        scope: parameters.get("scope").map(String::as_str),
        subject: body.get("sub").and_then(Value::as_str),
        ..visit.facts(&parameters)
    });
    if !additions.userinfo.is_empty() {
        merge(&mut body, &additions.userinfo);
        json::write(response, &body);
    }
}
