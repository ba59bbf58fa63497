//! What a request says, for the layers that look at it before the server does.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{
    Request,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use jeton::{BODY_LIMIT, TokenRequest};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{forge::Jwt, spec::Endpoint};

/// What a request says, before anything of it is checked. No `Debug`: it holds secrets.
pub(crate) struct Asked {
    pub(crate) endpoint: Endpoint,
    pub(crate) method: String,
    pub(crate) client_id: Option<String>,
    pub(crate) grant_type: Option<String>,
    /// Asked for, or of the access token that is presented.
    pub(crate) scope: String,
    pub(crate) parameters: BTreeMap<String, String>,
    /// What it says at the endpoints that clients authenticate at.
    pub(crate) authenticated: Option<TokenRequest>,
}

impl Asked {
    /// Everything is taken as said: what is malformed the server refuses.
    pub(crate) fn read(endpoint: Endpoint, request: &Request<Bytes>) -> Self {
        let mut parameters = BTreeMap::<String, String>::new();
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let content_type = request.headers().get(CONTENT_TYPE);
        let is_form = content_type.is_some_and(|it| is_form(it.as_bytes()));
        let body: &[u8] = if is_form && request.body().len() <= BODY_LIMIT {
            request.body()
        } else {
            &[]
        };
        for (name, value) in form_urlencoded::parse(query).chain(form_urlencoded::parse(body)) {
            let kept = parameters.entry(name.into_owned()).or_default();
            if !kept.is_empty() {
                kept.push(' ');
            }
            kept.push_str(&value);
        }
        let authenticated = TokenRequest::inspect(request.headers(), body);
        let presented = match endpoint {
            Endpoint::Userinfo => bearer(request).unwrap_or_default(),
            _ => Map::new(),
        };
        let said = |name: &str| {
            let claim = presented.get(name).and_then(Value::as_str);
            parameters.get(name).map(String::as_str).or(claim)
        };
        Self {
            endpoint,
            method: request.method().as_str().to_owned(),
            client_id: match &authenticated {
                Some(authenticated) => Some(authenticated.presented.client_id.clone()),
                None => said("client_id").map(str::to_owned),
            },
            scope: said("scope").unwrap_or_default().to_owned(),
            grant_type: parameters.get("grant_type").cloned(),
            parameters,
            authenticated,
        }
    }
}

/// Media types know no case (RFC 9110 §8.3.1), and have parameters.
fn is_form(content_type: &[u8]) -> bool {
    let media_type = content_type.split(|&byte| byte == b';').next();
    media_type.is_some_and(|it| {
        it.trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    })
}

/// The claims of the access token that a request presents, unverified.
fn bearer(request: &Request<Bytes>) -> Option<Map<String, Value>> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (_, token) = header.split_once(' ')?;
    Jwt::parse(token.trim()).map(|token| token.claims)
}
