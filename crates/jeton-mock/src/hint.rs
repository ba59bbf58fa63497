//! Hints for whoever may have meant another issuer than they asked.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Request, Response,
    header::{AUTHORIZATION, CONTENT_TYPE},
    uri::PathAndQuery,
};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::{asked::is_form, at::At, json, spec::Strictness};

/// What names the issuer that was asked, where another one may have been meant.
pub(crate) const HINT_HEADER: HeaderName = HeaderName::from_static("jeton-mock-hint");

/// The parameters that hold tokens of an issuer.
const TOKENS: [&str; 8] = [
    "token",
    "access_token",
    "subject_token",
    "actor_token",
    "refresh_token",
    "id_token_hint",
    "assertion",
    "code",
];

/// How many tokens of a request are looked for: at each issuer that there is.
const MOST: usize = 4;

/// What a request brings tokens in, as it came: looked at where the answer refuses it.
pub(crate) struct Brought {
    authorization: Option<HeaderValue>,
    query: Option<PathAndQuery>,
    /// Where it is a form.
    body: Option<Bytes>,
}

impl Brought {
    pub(crate) fn by(request: &Request<Bytes>) -> Self {
        let content_type = request.headers().get(CONTENT_TYPE);
        let has_form = content_type.is_some_and(|it| is_form(it.as_bytes()));
        Self {
            authorization: request.headers().get(AUTHORIZATION).cloned(),
            query: request.uri().path_and_query().cloned(),
            body: has_form.then(|| request.body().clone()),
        }
    }

    /// The tokens, each once.
    fn tokens(&self) -> Vec<String> {
        let header = self.authorization.as_ref();
        let header = header.and_then(|it| it.to_str().ok()?.split_once(' '));
        let bearer = header.map(|(_, token)| token.trim().to_owned());
        let query = self.query.as_ref().and_then(PathAndQuery::query);
        let query = query.unwrap_or_default().as_bytes();
        let form = self.body.as_deref().unwrap_or_default();
        let pairs = form_urlencoded::parse(query).chain(form_urlencoded::parse(form));
        let parameters = pairs.filter(|(name, _)| TOKENS.contains(&&**name));
        let parameters = parameters.map(|(_, value)| value.into_owned());
        let mut tokens = Vec::new();
        for token in bearer.into_iter().chain(parameters) {
            if tokens.len() >= MOST {
                break;
            }
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
        tokens
    }
}

/// Whether an answer refuses what was brought, be it by saying that it is not active (RFC 7662 §2.2).
pub(crate) fn is_refused(response: &Response<Bytes>) -> bool {
    response.status().as_u16() >= 400 || response.body().starts_with(b"{\"active\":false")
}

/// The hint that the first of the tokens is of another issuer.
pub(crate) fn of_tokens(at: &At<'_>, brought: &Brought) -> Option<String> {
    let asked = &at.address.issuer;
    let mut tokens = brought.tokens().into_iter();
    tokens.find_map(|token| at.provider.hint_of_token(&token, asked))
}

/// Puts a hint into a header, and of a lenient issuer into an error where people read why (RFC 6749 §5.2): what
/// a strict one says is production's.
pub(crate) fn give(response: &mut Response<Bytes>, hint: &str, strictness: Strictness) {
    if let Ok(value) = HeaderValue::try_from(hint) {
        response.headers_mut().insert(HINT_HEADER, value);
    }
    if response.status().as_u16() < 400 || strictness == Strictness::Strict {
        return;
    }
    let body = serde_json::from_slice::<Map<String, Value>>(response.body());
    if let Ok(mut body) = body
        && body.contains_key("error")
    {
        let why = body.get("error_description").and_then(Value::as_str);
        let why = why.map(|why| format!("{why}; ")).unwrap_or_default();
        body.insert(
            "error_description".to_owned(),
            json!(format!("{why}{hint}")),
        );
        json::write(response, &body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_looked_for_once_and_not_without_end() {
        let brought = |body: String| {
            let request = Request::post("/token")
                .header(AUTHORIZATION, "Bearer a")
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Bytes::from(body));
            Brought::by(&request.unwrap()).tokens()
        };
        assert_eq!(
            brought("code=b&token=a&token=b&state=c".to_owned()),
            ["a", "b"]
        );
        let many: String = (0..8000).map(|n| format!("token={n}&")).collect();
        assert_eq!(brought(many).len(), MOST);
    }
}
