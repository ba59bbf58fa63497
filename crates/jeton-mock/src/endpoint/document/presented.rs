//! What a request for a document presents: whose token it is, as the server says.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use jeton::{Presented, Proof, PublicJwks, UnverifiedJwt, VERIFICATION_ALGORITHMS, VerifiedJwt};
use jeton_native::NativeCrypto;
use serde_json::{Map, Value, json};
use url::form_urlencoded::Serializer;

use super::in_body;
use crate::{
    address::with_path,
    asked::Asked,
    departures::Departures,
    endpoint::{
        introspect, owner,
        presented_token::{Recognized, reword},
    },
    forge::{ACCESS_TOKEN, Jwt},
    json::{self, json_error},
    layout::path_of,
    spec::{DocumentSpec, Ending, Endpoint},
    visit::Visit,
};

type Claims = Map<String, Value>;

/// What the server says of the access token that a request presents, by whatever scheme.
pub(super) async fn token(
    visit: &Visit<'_>,
    request: &Request<Bytes>,
) -> Result<Claims, Response<Bytes>> {
    let header = request.headers().get(AUTHORIZATION);
    let header = header.and_then(|it| it.to_str().ok()?.split_once(' '));
    let token = header.map(|(_, token)| token.trim());
    let token = token.or_else(|| visit.asked.get("access_token"));
    let shown = visit.recognized.bearer();
    let words = match (shown, token) {
        (Some(shown), _) => Some(shown.words.clone()),
        (None, token) => token.and_then(Jwt::parse).map(|token| token.claims),
    };
    let question = token.and_then(|token| question(visit, token, &BTreeMap::new(), None));
    let claims = match (question, words) {
        (Some(question), Some(words)) => owner::serve(visit, &words, shown, &question).await,
        _ => None,
    };
    let claims = claims.as_ref().and_then(active);
    claims.ok_or_else(|| {
        let text = "the access token is missing, or not good";
        let mut refusal = json_error(StatusCode::UNAUTHORIZED, "invalid_token", text);
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        refusal.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        refusal
    })
}

/// What the server says to the client that a request authenticates of the token in its body, which ends then
/// where the document says so.
pub(super) async fn client(
    visit: &Visit<'_>,
    document: &DocumentSpec,
    request: &Request<Bytes>,
) -> Result<Claims, Response<Bytes>> {
    let mut body = in_body(request);
    let token = body.remove(document.token());
    body.retain(|name, _| owner::CREDENTIALS.contains(&name.as_str()));
    let authorization = request.headers().get(AUTHORIZATION);
    let unknown = || json_error(StatusCode::NOT_FOUND, "not_found", "there is no such token");
    let mut question = token
        .and_then(|token| question(visit, &token, &body, authorization))
        .ok_or_else(unknown)?;
    let recognized = reword(&visit.at, Endpoint::Introspect, &mut question).await;
    let answer = introspected(visit, recognized, question.clone()).await;
    if answer.status() != StatusCode::OK {
        return Err(answer);
    }
    let claims = active(&answer).ok_or_else(unknown)?;
    if let Some(ending) = document.ends {
        end(visit, ending, &claims, question).await;
    }
    Ok(claims)
}

/// The answer to whoever asks about a token. A public client may do so, too: it holds the token.
async fn introspected(
    visit: &Visit<'_>,
    recognized: Recognized,
    question: Request<Bytes>,
) -> Response<Bytes> {
    let (uri, form) = (question.uri().clone(), question.body().clone());
    let headers = question.headers().clone();
    let asked = Asked::read(Endpoint::Introspect, &Method::POST, &uri, &headers, &form);
    let asking = Visit::new(visit.at, asked, recognized);
    if let Some(Presented {
        client_id,
        proof: Proof::None,
    }) = &asking.asked.presented
    {
        let asker = Claims::from_iter([("client_id".to_owned(), json!(client_id))]);
        if let Some(answer) = owner::serve(&asking, &asker, None, &question).await {
            return answer;
        }
    }
    introspect::respond(&asking, question, &mut Departures::default()).await
}

/// Ends a token in its client's name, by the question what it is.
async fn end(visit: &Visit<'_>, ending: Ending, claims: &Claims, mut question: Request<Bytes>) {
    if ending == Ending::Session
        && let Some(grant) = claims.get("sid").and_then(Value::as_str)
        && let Ok(grant) = grant.parse()
    {
        visit.at.issuer.end_session_of(grant).await;
    }
    let path = Endpoint::Revoke.path();
    with_path(
        question.uri_mut(),
        &format!("{}{path}", path_of(&visit.at.address.base)),
    );
    owner::serve(visit, claims, None, &question).await;
}

/// What the ID token of a request says, if it is the issuer's and good, with its header.
pub(super) async fn id_token(
    visit: &Visit<'_>,
    document: &DocumentSpec,
    keys: &Value,
) -> Result<Claims, Response<Bytes>> {
    let token = visit.asked.parameters.get(document.token());
    let verified = match token {
        Some(token) => verified(token, keys).await,
        None => None,
    };
    let good = verified.filter(|VerifiedJwt { header, claims, .. }| {
        let is_access_token =
            header.get("typ") == Some(&json!(ACCESS_TOKEN)) || claims.contains_key("scope");
        let expires = claims.get("exp").and_then(Value::as_u64);
        !is_access_token && expires.is_some_and(|expires| visit.at.now.0 < expires)
    });
    let said = good.map(
        |VerifiedJwt {
             mut header, claims, ..
         }| {
            header.extend(claims);
            header
        },
    );
    said.ok_or_else(|| {
        let text = "the ID token is missing, or not good";
        json_error(StatusCode::BAD_REQUEST, "invalid_token", text)
    })
}

/// What a token says that one of the keys has signed.
async fn verified(token: &str, keys: &Value) -> Option<VerifiedJwt> {
    let keys = PublicJwks::from_value(keys).ok()?;
    let unverified = UnverifiedJwt::parse(token).ok()?;
    let crypto = NativeCrypto::new();
    let verified = unverified.verify(&keys, &VERIFICATION_ALGORITHMS, &crypto);
    verified.await.ok()
}

/// The question to the server what it knows of a token.
fn question(
    visit: &Visit<'_>,
    token: &str,
    credentials: &BTreeMap<String, String>,
    authorization: Option<&HeaderValue>,
) -> Option<Request<Bytes>> {
    let form = Serializer::new(String::new())
        .append_pair("token", token)
        .extend_pairs(credentials)
        .finish();
    let path = Endpoint::Introspect.path();
    let mut question = Request::post(format!("{}{path}", path_of(&visit.at.address.base)))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .ok()?;
    if let Some(authorization) = authorization {
        let headers = question.headers_mut();
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    Some(question)
}

/// What is said of a token that is good.
fn active(response: &Response<Bytes>) -> Option<Claims> {
    let claims = json::read(response)?;
    (claims.get("active") == Some(&Value::Bool(true))).then_some(claims)
}
