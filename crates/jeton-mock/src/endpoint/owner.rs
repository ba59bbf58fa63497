//! Questions about a token, asked by the client that it was issued to: only that one the server tells
//! everything.

use bytes::Bytes;
use http::{
    Request, Response,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use jeton::{Presented, Proof, SecretHash, SecretMethod};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{
    issued::Issued,
    json,
    layout::path_of,
    lenient::{Wanted, on_loan},
    spec::Endpoint,
    visit::Visit,
};

use super::presented_token::Shown;

/// The parameters by which a client authenticates.
pub(super) const CREDENTIALS: [&str; 4] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// The secret that a token's own client is lent.
const SECRET: &str = "owner";

/// The client that an access token was issued to, by the claims that the server knows.
pub(super) fn of(claims: &Map<String, Value>) -> Option<&str> {
    claims.get("client_id").and_then(Value::as_str)
}

/// The server's answer to a question about a token that says `claims` to the server, asked by its own
/// client, whatever that one's secret is. Of a token that the server did not make, its client need not be
/// one that could have got it.
pub(super) async fn serve(
    visit: &Visit<'_>,
    claims: &Map<String, Value>,
    shown: Option<&Shown>,
    question: &Request<Bytes>,
) -> Option<Response<Bytes>> {
    let owner = of(claims)?;
    let presented = Presented {
        client_id: owner.to_owned(),
        proof: Proof::Secret(SecretMethod::ClientSecretPost, SecretHash::of(SECRET)),
    };
    let mut wanted = Wanted::authentication(&presented)?.with_token(claims);
    if shown.is_some_and(|shown| matches!(shown.issued, Issued::Own(_))) {
        wanted = wanted.standing_alone();
    }
    let at = &visit.at;
    let wanted = wanted.at_issuer(&at.address.issuer);
    let loan = at.issuer.lend(&wanted, at.now);
    let answer = at.serve(asked_by(owner, question));
    Some(on_loan(loan.client, answer).await)
}

/// Whether a token is good now.
pub(super) async fn is_active(visit: &Visit<'_>, token: &str, shown: &Shown) -> bool {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("token", token)
        .finish();
    let path = Endpoint::Introspect.path();
    let question = Request::post(format!("{}{path}", path_of(&visit.at.address.base)))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form));
    let Ok(question) = question else {
        return false;
    };
    let answer = serve(visit, &shown.words, Some(shown), &question).await;
    answer.is_some_and(|answer| active(&answer) == Some(true))
}

/// Whether a token is said to be active; `None` where the question was refused.
pub(super) fn active(response: &Response<Bytes>) -> Option<bool> {
    json::read(response)?.get("active")?.as_bool()
}

/// The same question, asked by the client `owner`.
fn asked_by(owner: &str, question: &Request<Bytes>) -> Request<Bytes> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(question.body()) {
        if !CREDENTIALS.contains(&&*name) {
            form.append_pair(&name, &value);
        }
    }
    form.append_pair("client_id", owner);
    form.append_pair("client_secret", SECRET);
    let mut again = question.clone();
    *again.body_mut() = Bytes::from(form.finish());
    again.headers_mut().remove(AUTHORIZATION);
    again
}
