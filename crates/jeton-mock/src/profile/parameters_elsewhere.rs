//! Requests that have elsewhere what the standards have in a form: in JSON, or in the query.

use std::{borrow::Cow, collections::BTreeSet};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header::CONTENT_TYPE};
use jeton::BODY_LIMIT;
use serde_json::{Map, Value};
use url::form_urlencoded::{self, Serializer};

use super::Profile;
use crate::{
    asked::{is_form, is_json},
    spec::Endpoint,
};

impl Profile {
    /// Has the parameters of a request be those of a form, where the vendor takes them elsewhere.
    pub(crate) fn read_elsewhere(&self, endpoint: Endpoint, request: &mut Request<Bytes>) {
        let content_type = request.headers().get(CONTENT_TYPE);
        let is_whole = request.body().len() <= BODY_LIMIT;
        let is = |kind: fn(&[u8]) -> bool| content_type.is_some_and(|it| kind(it.as_bytes()));
        let form = if !is_whole {
            None
        } else if is(is_json) && self.spec.json_requests.contains(&endpoint) {
            let members = serde_json::from_slice(request.body());
            members.ok().map(|members| form(&members))
        } else if request.method() == Method::POST && self.spec.query_requests.contains(&endpoint) {
            let body: &[u8] = if is(is_form) { request.body() } else { &[] };
            let query = request.uri().query();
            query.map(|query| with_query(body, query.as_bytes()))
        } else {
            None
        };
        let Some(form) = form else {
            return;
        };
        *request.body_mut() = Bytes::from(form);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
    }
}

/// The members as parameters; those of a list each by itself. Of what is too much for a body no more than
/// shows that it is: a list repeats its name.
fn form(members: &Map<String, Value>) -> String {
    let mut form = Serializer::new(String::new());
    let mut length = 0;
    for (name, value) in members {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => Cow::Borrowed(text.as_str()),
                other => Cow::Owned(other.to_string()),
            };
            form.append_pair(name, &text);
            length += name.len() + text.len();
            if length > BODY_LIMIT {
                return form.finish();
            }
        }
    }
    form.finish()
}

/// The parameters of both, of which the form's own count where both have one.
fn with_query(body: &[u8], query: &[u8]) -> String {
    let sent = || form_urlencoded::parse(body);
    let known: BTreeSet<_> = sent().map(|(name, _)| name).collect();
    let query = form_urlencoded::parse(query).filter(|(name, _)| !known.contains(name));
    Serializer::new(String::new())
        .extend_pairs(sent())
        .extend_pairs(query)
        .finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_parameters() {
        let members =
            json!({"a": "b c", "n": 1, "no": null, "list": ["x", true], "of": {"k": "v"}});
        let members = members.as_object().unwrap();
        let expected = "a=b+c&list=true&list=x&n=1&of=%7B%22k%22%3A%22v%22%7D";
        let mut pairs: Vec<_> = form(members).split('&').map(str::to_owned).collect();
        pairs.sort();
        assert_eq!(pairs.join("&"), expected);
    }

    #[test]
    fn what_is_too_much_for_a_body_ends_soon() {
        let name = "n".repeat(BODY_LIMIT / 2);
        let members = json!({ name: vec![1; BODY_LIMIT / 4] });
        let form = form(members.as_object().unwrap());
        assert!(form.len() > BODY_LIMIT, "the server refuses it");
        assert!(form.len() < 3 * BODY_LIMIT, "{}", form.len());
    }

    #[test]
    fn a_query_adds_to_a_form() {
        for (body, query, expected) in [
            ("", "token=a+b", "token=a+b"),
            ("token=a", "token=b&x=1", "token=a&x=1"),
            ("a=1", "", "a=1"),
        ] {
            let form = with_query(body.as_bytes(), query.as_bytes());
            assert_eq!(form, expected, "{body} {query}");
        }
    }
}
