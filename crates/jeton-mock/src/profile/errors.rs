//! Errors as a vendor says them.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use jeton_rules::fits;
use serde_json::{Map, Value, json};

use super::{Profile, fill::fill_members};
use crate::{
    claims::{self, Facts, merge},
    debugger::time,
    json,
    spec::{Endpoint, ErrorMatch, ErrorSpec},
};

/// What the texts of errors speak of.
pub(super) const NAMES: [&str; 3] = ["error", "error_description", "timestamp"];

impl Profile {
    /// Gives an error the form that it has at the vendor.
    pub(crate) fn say_error(
        &self,
        response: &mut Response<Bytes>,
        endpoint: Endpoint,
        now: u64,
        facts: &Facts<'_>,
    ) {
        if self.spec.errors.is_empty() || response.status().as_u16() < 400 {
            return;
        }
        let Ok(mut body) = serde_json::from_slice::<Map<String, Value>>(response.body()) else {
            return;
        };
        let said = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let (error, description) = (said("error"), said("error_description"));
        let mut specs = self.spec.errors.iter();
        let Some(spec) = specs.find(|it| it.matching.fits(endpoint, error, description)) else {
            return;
        };
        let [error_name, description_name, time_name] = NAMES;
        let known = [
            (error_name, json!(error)),
            (description_name, json!(description)),
            (time_name, json!(time::utc(now).replace(" UTC", "Z"))),
        ];
        let mut own = spec.body.clone();
        fill_members(&mut own, &self.known());
        // At once with the rest: an error may repeat what a stranger sent.
        merge(&mut body, &claims::fill_with(&own, facts, None, &known));
        json::write(response, &body);
        put_headers(response.headers_mut(), &spec.headers);
        if let Some(status) = spec.status().filter(|status| *status != response.status()) {
            *response.status_mut() = status;
        }
    }
}

fn put_headers(headers: &mut HeaderMap, own: &Map<String, Value>) {
    for (name, value) in own {
        let Ok(name) = HeaderName::try_from(name) else {
            continue;
        };
        match value.as_str().map(HeaderValue::try_from) {
            Some(Ok(value)) => headers.insert(name, value),
            _ => headers.remove(name),
        };
    }
}

impl ErrorMatch {
    fn fits(&self, endpoint: Endpoint, error: &str, description: &str) -> bool {
        self.endpoint.is_none_or(|own| own == endpoint)
            && fits(self.error.as_ref(), [error])
            && fits(self.error_description.as_ref(), [description])
    }
}

impl ErrorSpec {
    fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.status?).ok()
    }
}
