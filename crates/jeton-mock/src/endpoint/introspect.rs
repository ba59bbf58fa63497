//! `/introspect` (RFC 7662 §2): a lenient issuer lets everyone look at every access token.

use bytes::Bytes;
use http::{Request, Response, header::AUTHORIZATION};
use jeton::{Audit, Presented, Proof, SecretHash, SecretMethod};
use serde_json::Value;
use url::form_urlencoded;

use super::presented_token::retype;
use crate::{departures::Departures, forge::Jwt, json, lenient::Wanted, visit::Visit};

/// The parameters by which a client authenticates.
const CREDENTIALS: [&str; 4] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// The secret that a token's own client is lent.
const OWNER_SECRET: &str = "owner";

pub(super) async fn respond(
    visit: &Visit<'_>,
    mut request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    retype(visit, &mut request).await;
    let token = visit.asked.get("token").and_then(Jwt::parse);
    let token = token.filter(|_| visit.is_lenient());
    let owner = token.as_ref().and_then(owner_of);
    let asks = visit.asked.client_id.as_deref();
    let of_owner = owner.filter(|owner| asks != Some(owner));
    let of_owner = of_owner.map(|owner| (asked_by(owner, &request), owner));
    let presented = visit.asked.presented.as_ref();
    let wanted = presented.and_then(Wanted::authentication);
    let own = token.as_ref().filter(|_| owner == asks);
    let wanted = wanted.map(|wanted| match own {
        Some(token) => wanted.with_token(&token.claims),
        None => wanted,
    });
    let response = visit.serve_wanted(wanted, request, departures).await;
    let (Some((request, owner)), Some(token)) = (of_owner, &token) else {
        return response;
    };
    if active(&response) != Some(false) {
        return response;
    }
    let shown = serve_owner(visit, owner, token, request).await;
    if active(&shown) != Some(true) {
        return response;
    }
    // Of a client that nobody registered, everything is waived already.
    if !departures.waived.contains(&"client") {
        departures.waived.push("audience");
    }
    to_the_asker(shown, &response)
}

/// Whether the token is said to be active; `None` where the question was refused.
fn active(response: &Response<Bytes>) -> Option<bool> {
    json::read(response)?.get("active")?.as_bool()
}

/// The client that an access token says it was issued to.
fn owner_of(token: &Jwt) -> Option<&str> {
    token.claims.get("client_id").and_then(Value::as_str)
}

/// The same question, asked by the client `owner`.
fn asked_by(owner: &str, request: &Request<Bytes>) -> Request<Bytes> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(request.body()) {
        if !CREDENTIALS.contains(&&*name) {
            form.append_pair(&name, &value);
        }
    }
    form.append_pair("client_id", owner);
    form.append_pair("client_secret", OWNER_SECRET);
    let mut again = request.clone();
    *again.body_mut() = Bytes::from(form.finish());
    again.headers_mut().remove(AUTHORIZATION);
    again
}

/// The server's answer to the client `owner`, whatever its secret is.
async fn serve_owner(
    visit: &Visit<'_>,
    owner: &str,
    token: &Jwt,
    request: Request<Bytes>,
) -> Response<Bytes> {
    let hash = SecretHash::of(OWNER_SECRET);
    let presented = Presented {
        client_id: owner.to_owned(),
        proof: Proof::Secret(SecretMethod::ClientSecretPost, hash),
    };
    let wanted = Wanted::authentication(&presented).map(|it| it.with_token(&token.claims));
    let mut unnamed = Departures::default();
    visit.serve_wanted(wanted, request, &mut unnamed).await
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
