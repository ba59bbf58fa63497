//! The form of token responses, where a vendor's is another than RFC 6749 §5.1's.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use super::{Profile, fill::fill_members};
use crate::{
    claims::{self, Facts, merge},
    json,
    spec::{Endpoint, ResponseFormat},
};

const FORM: HeaderValue =
    HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");

impl Profile {
    /// Adds to a good answer what the vendor says in it.
    pub(crate) fn say_more(
        &self,
        response: &mut Response<Bytes>,
        endpoint: Endpoint,
        facts: &Facts<'_>,
    ) {
        let Some(members) = self.spec.responses.get(&endpoint) else {
            return;
        };
        if !response.status().is_success() {
            return;
        }
        let Ok(mut body) = serde_json::from_slice::<Map<String, Value>>(response.body()) else {
            return;
        };
        let mut own = members.clone();
        fill_members(&mut own, &self.known());
        let own = claims::fill(&own, facts, Some(&body));
        merge(&mut body, &own);
        json::write(response, &body);
    }

    /// Gives a token response, or an error in its place, the form that clients of the vendor expect.
    pub(crate) fn form_response(
        &self,
        response: &mut Response<Bytes>,
        endpoint: Endpoint,
        asked: &HeaderMap,
    ) {
        if !matches!(endpoint, Endpoint::Token | Endpoint::DeviceAuthorization) {
            return;
        }
        let Ok(mut body) = serde_json::from_slice::<Map<String, Value>>(response.body()) else {
            return;
        };
        if self.encode(&mut body) {
            json::write(response, &body);
        }
        if self.spec.response_format == ResponseFormat::Form && !accepts_json(asked) {
            let mut form = Serializer::new(String::new());
            for (name, value) in &body {
                match value {
                    Value::String(text) => form.append_pair(name, text),
                    other => form.append_pair(name, &other.to_string()),
                };
            }
            *response.body_mut() = Bytes::from(form.finish());
            response.headers_mut().insert(CONTENT_TYPE, FORM);
        }
    }

    /// Encodes the members that are; `true` if there is any.
    fn encode(&self, body: &mut Map<String, Value>) -> bool {
        let mut encoded = false;
        for member in &self.spec.base64url {
            if let Some(value) = body.get_mut(member).filter(|value| !value.is_string()) {
                *value = Value::String(URL_SAFE_NO_PAD.encode(value.to_string()));
                encoded = true;
            }
        }
        if let Some(separator) = &self.spec.scope_separator
            && let Some(Value::String(scope)) = body.get_mut("scope")
        {
            *scope = scope.replace(' ', separator);
            encoded = true;
        }
        encoded
    }
}

fn accepts_json(asked: &HeaderMap) -> bool {
    let mut lines = asked.get_all(ACCEPT).iter();
    lines.any(|line| line.to_str().is_ok_and(|it| it.contains("json")))
}
