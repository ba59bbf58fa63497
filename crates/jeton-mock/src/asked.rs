//! What a request says, for the layers that look at it before the server does.

use std::collections::BTreeMap;

use http::{
    HeaderMap, Method, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use jeton::{BODY_LIMIT, Parameters, Presented};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{forge::Jwt, spec::Endpoint};

/// What a request says, before anything of it is checked. No `Debug`: it holds secrets.
pub(crate) struct Asked<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) method: &'a Method,
    pub(crate) client_id: Option<String>,
    pub(crate) grant_type: Option<String>,
    /// The scope asked for, or that of the access token that is presented.
    pub(crate) scope: String,
    /// All parameters of query and body; those of one name separated by spaces.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The parameters that the server reads, from the form of a POST or else from the query; `None`
    /// where it cannot.
    form: Option<Parameters<'a>>,
    /// How the request authenticates its client, where it does.
    pub(crate) presented: Option<Presented>,
    /// The claims of the bearer token at `/userinfo` and `/manage`, unverified; none of an opaque one.
    pub(crate) bearer: Map<String, Value>,
}

impl<'a> Asked<'a> {
    /// Reads a request. Everything is taken as said: what is malformed the server refuses.
    pub(crate) fn read(
        endpoint: Endpoint,
        method: &'a Method,
        uri: &'a Uri,
        headers: &HeaderMap,
        body: &'a [u8],
    ) -> Self {
        let content_type = headers.get(CONTENT_TYPE);
        let is_form = content_type.is_some_and(|it| is_form(it.as_bytes()));
        let body = if is_form && body.len() <= BODY_LIMIT {
            body
        } else {
            &[]
        };
        let query = uri.query().unwrap_or_default().as_bytes();
        let mut parameters = BTreeMap::new();
        let in_query = read_into(&mut parameters, query);
        let in_body = read_into(&mut parameters, body);
        let form = if method == Method::POST {
            in_body
        } else {
            in_query
        };
        let presented = form.as_ref().and_then(|form| Presented::of(headers, form));
        let claims = match endpoint {
            Endpoint::Userinfo | Endpoint::Manage => {
                bearer(headers, parameters.get("access_token")).unwrap_or_default()
            }
            _ => Map::new(),
        };
        let said = |name: &str| {
            let claim = claims.get(name).and_then(Value::as_str);
            parameters.get(name).map(String::as_str).or(claim)
        };
        Self {
            endpoint,
            method,
            client_id: match &presented {
                Some(presented) => {
                    Some(presented.client_id.clone()).filter(|client_id| !client_id.is_empty())
                }
                None => said("client_id").map(str::to_owned),
            },
            scope: said("scope").unwrap_or_default().to_owned(),
            grant_type: parameters.get("grant_type").cloned(),
            parameters,
            form,
            presented,
            bearer: claims,
        }
    }

    /// A parameter as the server reads it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.form.as_ref()?.get(name)
    }

    /// Every `resource` and `audience` (RFC 8707 §2, RFC 8693 §2.1).
    pub(crate) fn audiences(&self) -> Vec<String> {
        let forms = self.form.iter();
        forms
            .flat_map(|form| form.all("resource").chain(form.all("audience")))
            .map(str::to_owned)
            .collect()
    }

    /// Names and values as they were sent, for a form that is passed on with a change.
    pub(crate) fn pairs(&self) -> Option<impl Iterator<Item = (&str, &str)>> {
        self.form.as_ref().map(Parameters::iter)
    }
}

/// The parameters of `encoded` as the server reads them, if it can; whatever they are, they are added
/// to `parameters`.
fn read_into<'a>(
    parameters: &mut BTreeMap<String, String>,
    encoded: &'a [u8],
) -> Option<Parameters<'a>> {
    let mut add = |name: &str, value: &str| {
        if let Some(known) = parameters.get_mut(name).filter(|known| !known.is_empty()) {
            known.push(' ');
            known.push_str(value);
        } else {
            parameters.insert(name.to_owned(), value.to_owned());
        }
    };
    if let Ok(sound) = Parameters::parse(encoded) {
        sound.iter().for_each(|(name, value)| add(name, value));
        return Some(sound);
    }
    form_urlencoded::parse(encoded).for_each(|(name, value)| add(&name, &value));
    None
}

/// Whether a body is a form.
pub(crate) fn is_form(content_type: &[u8]) -> bool {
    is_of(content_type, b"application/x-www-form-urlencoded")
}

/// Whether a body is JSON.
pub(crate) fn is_json(content_type: &[u8]) -> bool {
    is_of(content_type, b"application/json")
}

/// Media types know no case (RFC 9110 §8.3.1), and have parameters.
fn is_of(content_type: &[u8], media_type: &[u8]) -> bool {
    let own = content_type.split(|&byte| byte == b';').next();
    own.is_some_and(|own| own.trim_ascii().eq_ignore_ascii_case(media_type))
}

/// The claims of the access token that a request presents in its header or in a form, unverified.
fn bearer(headers: &HeaderMap, in_form: Option<&String>) -> Option<Map<String, Value>> {
    let in_header = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let in_header = in_header.and_then(|it| Some(it.split_once(' ')?.1.trim()));
    let token = in_header.or(in_form.map(String::as_str))?;
    Jwt::parse(token).map(|token| token.claims)
}
