//! `/userinfo` (OpenID Connect Core §5.3): what users and claim rules add. A lenient issuer takes tokens
//! for other audiences, which are what rules make for APIs.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use jeton::{Audit, ClientId, GrantId, scope_of_claim};
use serde_json::{Map, Value, json};

use super::{
    owner,
    presented_token::{Shown, bearer, put_bearer, reword_for_issuer},
};
use crate::{
    claims::{Facts, Made, merge},
    departures::Departures,
    issued::{Issued, scope_of, subject_of},
    json::{self, json_response},
    lenient::{Wanted, audiences_of},
    spec::User,
    visit::Visit,
};

/// Instead of a token that has ended: nothing that the server knows.
const ENDED: &str = "ended";

pub(super) async fn respond(
    visit: &Visit<'_>,
    mut request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let claims = &visit.asked.bearer;
    let issuer = &visit.at.address.issuer;
    let is_for_others = !claims.is_empty() && !audiences_of(claims).contains(issuer);
    let response = match own_answer(visit, &mut request, is_for_others).await {
        Some(response) => response,
        None => {
            if visit.is_lenient() && is_for_others {
                reword_for_issuer(visit, &mut request).await;
            }
            let wanted = Wanted::of_token(claims);
            let mut response = visit.serve_wanted(wanted, request, departures).await;
            add_claims(visit, &mut response).await;
            response
        }
    };
    // Of a client that nobody registered, everything is waived already.
    let is_named = departures.waived == ["client"];
    if visit.is_lenient() && response.status() == StatusCode::OK && is_for_others && !is_named {
        departures.waived.push("audience");
    }
    response
}

/// The answer about a token that the server did not make and that somebody logged in for; `None` where the
/// server has the right one.
async fn own_answer(
    visit: &Visit<'_>,
    request: &mut Request<Bytes>,
    is_for_others: bool,
) -> Option<Response<Bytes>> {
    let shown = visit.recognized.bearer()?;
    let Issued::Own(own) = &shown.issued else {
        return None;
    };
    let subject = subject_of(&own.claims)?;
    let scope = scope_of(&shown.words);
    let scope: Vec<_> = scope.split_ascii_whitespace().collect();
    let is_clients = owner::of(&shown.words)? == subject;
    let is_refused = is_for_others && !visit.is_lenient();
    let is_of_grant = shown.words.contains_key("sid");
    if is_clients || is_refused || is_of_grant || !scope.contains(&"openid") {
        return None;
    }
    if !matches!(*visit.asked.method, Method::GET | Method::POST) {
        return None;
    }
    let token = bearer(visit, request)?.to_owned();
    if !owner::is_active(visit, &token, shown).await {
        put_bearer(visit, request, ENDED);
        return None;
    }
    let claims = claims_of(visit, shown, subject, &scope).await;
    let mut response = json_response(StatusCode::OK, &claims);
    response.extensions_mut().insert(Audit {
        client_id: owner::of(&shown.words).and_then(|id| id.parse().ok()),
        subject: Some(subject.to_owned()),
        ..Audit::default()
    });
    Some(response)
}

/// What a person is known by: what the issuer knows of the user, as far as the scope asks for it, and what
/// is added.
async fn claims_of(
    visit: &Visit<'_>,
    shown: &Shown,
    subject: &str,
    scope: &[&str],
) -> Map<String, Value> {
    let users = visit.at.issuer.users();
    let user = users.into_iter().find(|user| user.sub == subject);
    let user = user.unwrap_or_else(|| User::new(subject));
    let mut claims = user.grant_claims();
    claims.retain(|name, _| {
        let is_asked_for = scope_of_claim(name).is_none_or(|needed| scope.contains(&needed));
        is_asked_for && name != "acr" && name != "amr"
    });
    claims.insert("sub".to_owned(), json!(subject));
    let parameters = BTreeMap::new();
    let scope = scope.join(" ");
    let facts = Facts {
        client_id: owner::of(&shown.words),
        scope: Some(&scope),
        subject: Some(subject),
        ..visit.facts(&parameters)
    };
    add(visit, &mut claims, None, &facts).await;
    claims
}

async fn add_claims(visit: &Visit<'_>, response: &mut Response<Bytes>) {
    let audit = response.extensions().get::<Audit>().cloned();
    let (Some(mut body), Some(audit)) = (json::read(response), audit) else {
        return;
    };
    let parameters = match audit.grant {
        Some(grant) => visit.at.issuer.remembered().recall(&grant.to_string()),
        None => BTreeMap::new(),
    };
    let subject = body.get("sub").and_then(Value::as_str).map(str::to_owned);
    let facts = Facts {
        client_id: audit.client_id.as_ref().map(ClientId::as_str),
        grant_type: parameters.get("grant_type").map(String::as_str),
        scope: parameters.get("scope").map(String::as_str),
        subject: subject.as_deref(),
        ..visit.facts(&parameters)
    };
    if add(visit, &mut body, audit.grant, &facts).await {
        json::write(response, &body);
    }
}

/// Adds what users and rules say; `true` where they say anything. The subject is the one of the ID token
/// (OpenID Connect Core §5.3.2), unless they say another.
async fn add(
    visit: &Visit<'_>,
    claims: &mut Map<String, Value>,
    grant: Option<GrantId>,
    facts: &Facts<'_>,
) -> bool {
    let made = Made {
        answer: Some(claims),
        ..Made::default()
    };
    let additions = visit.at.issuer.additions(grant, facts, &made).await;
    let subject = additions.id_token.get("sub");
    if let Some(subject) = subject.filter(|subject| subject.is_string()) {
        claims.insert("sub".to_owned(), subject.clone());
    }
    merge(claims, &additions.userinfo);
    subject.is_some() || !additions.userinfo.is_empty()
}
