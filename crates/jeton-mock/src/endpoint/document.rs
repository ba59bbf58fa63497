//! What a profile has at paths that are no endpoints, such as GitHub's `/user`.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE},
};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::jwks;
use crate::{
    asked::is_form,
    claims::{self, Facts},
    json::{json_error, json_response},
    layout::path_of,
    profile::{
        PRESENTED, Profile,
        fill::{fill, fill_text},
    },
    public_keys,
    spec::{Credential, DocumentSpec, Endpoint, User},
    visit::Visit,
};

mod presented;

pub(super) async fn respond(visit: &Visit<'_>, request: &Request<Bytes>) -> Response<Bytes> {
    let path = request.uri().path();
    let beneath = path.strip_prefix(path_of(&visit.at.address.base));
    let (Some(profile), Some(beneath)) = (visit.at.issuer.profile(), beneath) else {
        return json_error(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no such document",
        );
    };
    let mut allowed = Vec::new();
    let has = |name: &String| {
        let said = visit.asked.parameters.get(name);
        said.is_some_and(|it| !it.is_empty())
    };
    let documents = profile.documents_at(beneath);
    for (document, in_path) in documents.filter(|(it, _)| it.parameters.iter().all(has)) {
        if document.answers(request.method()) {
            let mut response = answer(visit, profile, document, in_path, request).await;
            if request.method() == Method::HEAD {
                *response.body_mut() = Bytes::new();
            }
            return response;
        }
        allowed.push(document.allows());
    }
    let text = "the document does not answer this method";
    let mut response = json_error(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", text);
    if let Ok(allowed) = HeaderValue::try_from(allowed.join(", ")) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

async fn answer(
    visit: &Visit<'_>,
    profile: &Profile,
    document: &DocumentSpec,
    in_path: BTreeMap<String, String>,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let mut parameters = visit.asked.parameters.clone();
    parameters.extend(in_body(request));
    parameters.extend(in_path);
    let presented = match document.presented {
        None => Ok(Map::new()),
        Some(Credential::AccessToken) => presented::token(visit, request).await,
        Some(Credential::Client) => presented::client(visit, document, request).await,
        Some(Credential::IdToken) => {
            presented::id_token(visit, document, &key_set(visit).await).await
        }
    };
    let claims = match presented {
        Ok(claims) => claims,
        Err(refusal) => return refusal,
    };
    let said = |name: &str| claims.get(name).and_then(Value::as_str);
    let users = visit.at.issuer.users();
    let user = said("sub").map(|sub| {
        let known = users.iter().find(|user| user.sub == sub);
        known.map_or_else(|| User::new(sub).grant_claims(), User::grant_claims)
    });
    let facts = Facts {
        client_id: said("client_id"),
        scope: said("scope"),
        subject: said("sub"),
        user: user.as_ref(),
        ..visit.facts(&parameters)
    };
    let token = parameters.get(document.token());
    filled(visit, profile, document, &facts, &claims, token).await
}

/// The document with its names filled in.
async fn filled(
    visit: &Visit<'_>,
    profile: &Profile,
    document: &DocumentSpec,
    facts: &Facts<'_>,
    claims: &Map<String, Value>,
    token: Option<&String>,
) -> Response<Bytes> {
    let mut known = profile.known();
    known.extend(visit.at.address.known());
    // A stranger may have written it: it is not looked at again.
    let others: Vec<_> = token
        .map(|token| (PRESENTED, json!(token)))
        .into_iter()
        .collect();
    if names_keys(&document.body) {
        known.extend(keys(visit).await);
    }
    let mut body = Map::from_iter([("body".to_owned(), document.body.clone())]);
    body.values_mut().for_each(|it| fill(it, &known));
    let body = claims::fill_with(&body, facts, Some(claims), &others)
        .remove("body")
        .unwrap_or_default();
    let mut response = match (&document.content_type, body) {
        (Some(content_type), Value::String(text)) => {
            let mut response = Response::new(Bytes::from(text));
            if let Ok(content_type) = HeaderValue::try_from(content_type) {
                response.headers_mut().insert(CONTENT_TYPE, content_type);
            }
            response
        }
        (_, Value::Null) => Response::new(Bytes::new()),
        (_, body) => json_response(StatusCode::OK, &body),
    };
    let status = document.status.map(StatusCode::from_u16);
    if let Some(Ok(status)) = status {
        *response.status_mut() = status;
    }
    for (name, value) in &document.headers {
        let value = Map::from_iter([(name.clone(), json!(fill_text(value, &known)))]);
        let value = claims::fill_with(&value, facts, Some(claims), &others);
        let value = value.get(name).and_then(Value::as_str).unwrap_or_default();
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The parameters in a body that is a form, or the texts in one that is a JSON object.
fn in_body(request: &Request<Bytes>) -> BTreeMap<String, String> {
    let content_type = request.headers().get(CONTENT_TYPE);
    if content_type.is_some_and(|it| is_form(it.as_bytes())) {
        return form_urlencoded::parse(request.body())
            .into_owned()
            .collect();
    }
    let body =
        serde_json::from_slice::<BTreeMap<String, Value>>(request.body()).unwrap_or_default();
    let texts = body.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name, text)),
        _ => None,
    });
    texts.collect()
}

fn names_keys(body: &Value) -> bool {
    body.to_string().contains("${keys.")
}

/// The issuer's public keys, for those who read no JWK.
async fn keys(visit: &Visit<'_>) -> Vec<(&'static str, Value)> {
    let set = key_set(visit).await;
    let [in_pem, first] = public_keys::NAMES;
    vec![
        (in_pem, Value::Object(public_keys::in_pem(&set))),
        (first, json!(public_keys::first(&set))),
    ]
}

/// The issuer's public keys.
async fn key_set(visit: &Visit<'_>) -> Value {
    let path = format!(
        "{}{}",
        path_of(&visit.at.address.base),
        Endpoint::Jwks.path()
    );
    let Ok(request) = Request::get(path).body(Bytes::new()) else {
        return Value::Null;
    };
    let response = jwks::respond(visit, request).await;
    serde_json::from_slice(response.body()).unwrap_or_default()
}
