//! `/token` (RFC 6749 §3.2): what users, claim rules and faults make of its tokens.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response};
use jeton::{Audit, CryptoError};
use serde_json::{Map, Value};

use crate::{
    claims::{Facts, Made},
    departures::Departures,
    fault,
    forge::Jwt,
    json,
    lenient::Wanted,
    spec::{Effect, Endpoint, Grant},
    visit::Visit,
};

mod believed;
mod forged;
mod issued;
mod password;

use believed::Believed;

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
            let subject = visit.claims_in("subject_token").unwrap_or_default();
            let nobody = presented.is_none().then(Wanted::of_nobody);
            wanted = wanted.or(nobody);
            wanted = wanted.map(|wanted| wanted.exchanging(&subject).of_own_token(asked));
        }
        // The other grants were opened for a scope and audiences, which are kept, and are held to those.
        Some("client_credentials") => wanted = wanted.map(|wanted| wanted.of_own_token(asked)),
        Some("password") if visit.at.issuer.has_grant(Grant::Password) => {
            let response = password::respond(visit, &request, departures).await;
            return finish(visit, response, asked.grant_type.as_deref(), departures).await;
        }
        Some("refresh_token") if visit.is_lenient() => {
            if let Some(form) = fault::without_magic_scope(asked) {
                *request.body_mut() = form;
            }
            wanted = wanted.map(Wanted::refreshing);
        }
        _ => {}
    }
    let response = visit.serve_wanted(wanted, request, departures).await;
    if let Some(believed) = Believed::read(visit, &response).await
        && let Some(response) = believed.respond(visit, departures).await
    {
        let response = finish(visit, response, asked.grant_type.as_deref(), departures).await;
        believed.issue(visit, &response, departures);
        return response;
    }
    if asked.grant_type.as_deref() == Some("refresh_token") && visit.is_lenient() {
        name_offline_access(visit, &response, departures);
    }
    finish(visit, response, asked.grant_type.as_deref(), departures).await
}

/// Names it where production would have given the client no refresh token for what it has.
fn name_offline_access(visit: &Visit<'_>, response: &Response<Bytes>, departures: &mut Departures) {
    let Some(body) = json::read(response) else {
        return;
    };
    let scope = body.get("scope").and_then(Value::as_str);
    let has = |token| scope.unwrap_or_default().split(' ').any(|own| own == token);
    let audit = response.extensions().get::<Audit>();
    let id = audit.and_then(|audit| audit.client_id.as_ref());
    let client = id.and_then(|id| visit.at.issuer.client(id));
    let is_required = client.is_some_and(|client| client.refresh.offline_access_required);
    if is_required && has("openid") && !has("offline_access") {
        departures.waived.push("offline_access");
    }
}

/// The server's answer with what users, rules and faults make of it, where it is good; `grant_type` is what
/// the tokens were got by.
pub(super) async fn finish(
    visit: &Visit<'_>,
    response: Response<Bytes>,
    grant_type: Option<&str>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let made = response.body().clone();
    let response = reworked(visit, response, grant_type, departures).await;
    issued::remember(visit, &made, &response, departures);
    response
}

async fn reworked(
    visit: &Visit<'_>,
    response: Response<Bytes>,
    grant_type: Option<&str>,
    departures: &mut Departures,
) -> Response<Bytes> {
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
        Some(body) => rework(visit, response, body, grant_type, departures)
            .await
            .unwrap_or_else(|error| json::unusable(&error)),
    }
}

/// What becomes of a good answer.
async fn rework(
    visit: &Visit<'_>,
    mut response: Response<Bytes>,
    body: Map<String, Value>,
    grant_type: Option<&str>,
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
    let said = |member: &str| {
        let token = body.get(member).and_then(Value::as_str);
        token.and_then(Jwt::parse).map(|token| token.claims)
    };
    let (access_token, id_token) = (said("access_token"), said("id_token"));
    let claim = |name: &str| access_token.as_ref()?.get(name)?.as_str();
    // An opaque token says nothing; the server does.
    let audit = response.extensions().get::<Audit>().cloned();
    let audit = audit.unwrap_or_default();
    let grant = audit.grant.map(|grant| grant.to_string());
    let mut parameters = match &grant {
        Some(grant) => visit.remember(grant),
        None => BTreeMap::new(),
    };
    // What is remembered is redacted; what this request says is the rules' affair.
    parameters.extend(visit.asked.parameters.clone());
    let facts = Facts {
        client_id: visit.asked.client_id.as_deref().or(claim("client_id")),
        grant_type,
        scope: Some(&scope),
        subject: audit.subject.as_deref().or(claim("sub")),
        ..visit.facts(&parameters)
    };
    if let Some(grant) = &grant
        && facts.grant_type != Some("refresh_token")
    {
        visit.at.issuer.begin(grant, &facts);
    }
    let made = Made {
        access_token: access_token.as_ref(),
        id_token: id_token.as_ref(),
        answer: None,
    };
    let additions = visit.at.issuer.additions(audit.grant, &facts, &made).await;
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
