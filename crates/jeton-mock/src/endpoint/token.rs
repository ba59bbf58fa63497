//! `/token` (RFC 6749 §3.2): what users, claim rules and faults make of its tokens.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response};
use jeton::{Audit, CryptoError};
use serde_json::{Map, Value};

use super::presented_token::retype;
use crate::{
    claims::Facts,
    departures::Departures,
    fault,
    forge::Jwt,
    json,
    lenient::Wanted,
    spec::{Effect, Endpoint},
    visit::Visit,
};

mod forged;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

pub(super) async fn respond(
    visit: &Visit<'_>,
    mut request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let asked = &visit.asked;
    let presented = asked.presented.as_ref();
    let mut wanted = presented.and_then(Wanted::authentication);
    match asked.grant_type.as_deref() {
        Some(JWT_BEARER) => {
            // The token says whose it is, and the client need not.
            let nobody = presented.is_none().then(Wanted::of_nobody);
            wanted = wanted.or(nobody).map(|wanted| wanted.of_own_token(asked));
        }
        Some(TOKEN_EXCHANGE) => {
            retype(visit, &mut request).await;
            let subject = asked.get("subject_token").and_then(Jwt::parse);
            let subject = subject.map(|subject| subject.claims).unwrap_or_default();
            let nobody = presented.is_none().then(Wanted::of_nobody);
            wanted = wanted.or(nobody);
            wanted = wanted.map(|wanted| wanted.exchanging(&subject).of_own_token(asked));
        }
        // The other grants were opened for a scope and audiences, which are kept, and are held to those.
        Some("client_credentials") => wanted = wanted.map(|wanted| wanted.of_own_token(asked)),
        Some("refresh_token") if visit.is_lenient() => {
            if let Some(form) = fault::without_magic_scope(asked) {
                *request.body_mut() = form;
            }
        }
        _ => {}
    }
    let response = visit.serve_wanted(wanted, request, departures).await;
    let audit = response.extensions().get::<Audit>();
    let is_of_a_grant = audit.is_some_and(|it| it.grant.is_some());
    let stays = departures.due.is_empty()
        && !is_of_a_grant
        && !visit.at.issuer.adds_claims()
        && !fault::names_magic(response.body());
    if stays {
        return response;
    }
    match json::read(&response) {
        None => response,
        Some(body) => rework(visit, response, body, departures)
            .await
            .unwrap_or_else(|error| json::unusable(&error)),
    }
}

/// What becomes of a good answer.
async fn rework(
    visit: &Visit<'_>,
    mut response: Response<Bytes>,
    body: Map<String, Value>,
    departures: &mut Departures,
) -> Result<Response<Bytes>, CryptoError> {
    let scope = body.get("scope").and_then(Value::as_str);
    let scope = scope.unwrap_or_default().to_owned();
    if visit.is_lenient() {
        departures.add(fault::magic_of_grant(&scope));
    }
    if let Some((effect, instead)) = fault::response_instead(&departures.due, Endpoint::Token) {
        departures.note(effect);
        return Ok(instead);
    }
    let access_token = body.get("access_token").and_then(Value::as_str);
    let claims = access_token.and_then(Jwt::parse).map(|token| token.claims);
    let claims = claims.unwrap_or_default();
    let claim = |name: &str| claims.get(name).and_then(Value::as_str);
    let mut parameters = match claim("sid") {
        Some(grant) => visit.remember(grant),
        None => BTreeMap::new(),
    };
    // What is remembered is redacted; what this request says is the rules' affair.
    parameters.extend(visit.asked.parameters.clone());
    let additions = visit.at.issuer.additions(&Facts {
        client_id: visit.asked.client_id.as_deref().or(claim("client_id")),
        grant_type: visit.asked.grant_type.as_deref(),
        scope: Some(&scope),
        subject: claim("sub"),
        ..visit.facts(&parameters)
    });
    let is_token_fault = |effect: &Effect| matches!(effect, Effect::Token(_));
    if additions.is_empty() && !departures.due.iter().any(|it| is_token_fault(&it.effect)) {
        return Ok(response);
    }
    let forge = visit.at.forge();
    let (body, acted) = forged::forge(body, &additions, &departures.due, &forge).await?;
    json::write(&mut response, &body);
    for due in departures.due.clone() {
        if acted
            .iter()
            .any(|fault| due.effect == Effect::Token(fault.clone()))
        {
            departures.note(due.effect);
        }
    }
    Ok(response)
}
