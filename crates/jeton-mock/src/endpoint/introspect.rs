//! `/introspect` (RFC 7662 §2): a lenient issuer lets everyone look at every access token. What is said of
//! a token is what it says itself, where that is not what the server made it say.

use bytes::Bytes;
use http::{Request, Response};
use jeton::Audit;
use serde_json::{Map, Value};

use super::{
    owner::{self, active},
    presented_token::Shown,
};
use crate::{
    claims::{Facts, Made, merge},
    departures::Departures,
    forge::Jwt,
    issued::{Issued, client_of},
    json,
    lenient::{Wanted, audiences_of},
    visit::Visit,
};

pub(super) async fn respond(
    visit: &Visit<'_>,
    request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let shown = visit.recognized.get("token");
    let mut response = answer(visit, shown, request, departures).await;
    let body = json::read(&response);
    let Some(server) = body.filter(|body| body.get("active") == Some(&Value::Bool(true))) else {
        return response;
    };
    let mut body = server.clone();
    if let Some(shown) = shown {
        say_as_sent(&mut body, shown);
    }
    add_members(visit, &server, &mut body).await;
    if body != server {
        json::write(&mut response, &body);
    }
    response
}

/// What users and rules add to what is said of an active token, of which the server says `server`.
async fn add_members(
    visit: &Visit<'_>,
    server: &Map<String, Value>,
    body: &mut Map<String, Value>,
) {
    let said = |name: &str| server.get(name).and_then(Value::as_str);
    let grant = said("sid");
    let id = grant.and_then(|grant| grant.parse().ok());
    let parameters = grant.map(|grant| visit.at.issuer.remembered().recall(grant));
    let parameters = parameters.unwrap_or_default();
    let facts = Facts {
        client_id: said("client_id"),
        grant_type: parameters.get("grant_type").map(String::as_str),
        scope: said("scope"),
        subject: said("sub"),
        ..visit.facts(&parameters)
    };
    let made = Made {
        answer: Some(body),
        ..Made::default()
    };
    let additions = visit.at.issuer.additions(id, &facts, &made).await;
    merge(body, &additions.introspection);
}

/// The server's answer.
async fn answer(
    visit: &Visit<'_>,
    shown: Option<&Shown>,
    request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let is_own = shown.is_some_and(|shown| matches!(shown.issued, Issued::Own(_)));
    let claims = visit.claims_in("token");
    let claims = claims.filter(|_| visit.is_lenient() || is_own);
    let asks = visit.asked.client_id.as_deref();
    let is_owner = claims.as_ref().and_then(owner::of) == asks;
    let presented = visit.asked.presented.as_ref();
    let wanted = presented.and_then(Wanted::authentication);
    let wanted = wanted.map(|wanted| match claims.as_ref().filter(|_| is_owner) {
        Some(claims) => wanted.with_token(claims),
        None => wanted,
    });
    let again = request.clone();
    let response = visit.serve_wanted(wanted, request, departures).await;
    let Some(claims) = claims else {
        return response;
    };
    let may_look = match asks {
        _ if is_own => visit.is_lenient() || concerns(visit, asks, &claims),
        _ => !is_owner,
    };
    if active(&response) != Some(false) || !may_look {
        return response;
    }
    match owner::serve(visit, &claims, shown, &again).await {
        Some(answer) if active(&answer) == Some(true) => {
            // Of a client that nobody registered, everything is waived already.
            let is_named = departures.waived.contains(&"client");
            if !is_named && !is_owner && !concerns(visit, asks, &claims) {
                departures.waived.push("audience");
            }
            to_the_asker(answer, &response)
        }
        _ => response,
    }
}

/// Whether a token concerns the client that asks, as production has it: it was issued to it, or is for it,
/// or for an API that lets it introspect.
fn concerns(visit: &Visit<'_>, asks: Option<&str>, claims: &Map<String, Value>) -> bool {
    let Some(asks) = asks else {
        return false;
    };
    let audiences = audiences_of(claims);
    let of_api = || {
        visit.at.issuer.apis().into_iter().any(|api| {
            let is_named = api
                .introspection_clients
                .iter()
                .any(|client| client == asks);
            is_named && audiences.contains(&api.identifier)
        })
    };
    owner::of(claims) == Some(asks) || audiences.iter().any(|it| it == asks) || of_api()
}

/// Has an answer about a token say what the token does: whatever the server made it say and it says no
/// more is left out, and what it says otherwise takes its place. `scope` and `client_id` are the answer's
/// own (RFC 7662 §2.2), and are there whatever the token calls them.
fn say_as_sent(body: &mut Map<String, Value>, shown: &Shown) {
    let made = match &shown.issued {
        Issued::Changed(own) => Jwt::parse(own).map(|own| own.claims),
        Issued::Own(own) => {
            if client_of(&own.claims).is_none() {
                body.remove("client_id");
            }
            Some(Map::new())
        }
        Issued::Sealed(_) => None,
    };
    // A text that says nothing by itself stands for what the server made.
    let (Some(made), Some(said)) = (made, &shown.said) else {
        return;
    };
    let is_of_answer = |name: &str| matches!(name, "scope" | "client_id");
    body.retain(|name, _| {
        let is_claim = shown.words.contains_key(name) && !is_of_answer(name);
        !is_claim || said.contains_key(name)
    });
    for (name, value) in said {
        let is_form = !is_of_answer(name) || value.is_string();
        if name != "active" && made.get(name) != Some(value) && is_form {
            body.insert(name.clone(), value.clone());
        }
    }
}

/// What the owner was shown, as an answer to the client that asked: the journal has that one.
fn to_the_asker(mut shown: Response<Bytes>, refused: &Response<Bytes>) -> Response<Bytes> {
    let asker = refused.extensions().get::<Audit>();
    let asker = asker.and_then(|audit| audit.client_id.clone());
    if let Some(audit) = shown.extensions_mut().get_mut::<Audit>() {
        audit.client_id = asker;
    }
    shown
}
