use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::InvalidSpec;

/// A response written out rather than named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomResponse {
    /// The HTTP status; 400 where absent.
    #[serde(skip_serializing_if = "Option::is_none", with = "status")]
    pub status: Option<StatusCode>,
    /// RFC 6749 §5.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// RFC 6749 §5.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// Headers in addition.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "headers"
    )]
    pub headers: BTreeMap<String, String>,
    /// The body, in place of the JSON of the two above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl CustomResponse {
    /// Refuses a response that could not be sent.
    pub(super) fn check(&self) -> Result<(), InvalidSpec> {
        if *self == Self::default() {
            return Err(InvalidSpec::new("", SOMETHING));
        }
        if self.status.is_some_and(|status| !is_final(status)) {
            return Err(InvalidSpec::new("status", FINAL_STATUS));
        }
        match self.headers.iter().find(|header| !is_header(header)) {
            None => Ok(()),
            Some((name, _)) => Err(InvalidSpec::new("headers", no_header(name))),
        }
    }
}

/// What is expected of a custom response.
const SOMETHING: &str = "at least one of status, error, error_description, headers, body";

/// Below 200 an answer would not be final (RFC 9110 §15.2).
const FINAL_STATUS: &str = "an HTTP status from 200 to 599";

fn is_final(status: StatusCode) -> bool {
    (200..600).contains(&status.as_u16())
}

fn is_header((name, value): &(&String, &String)) -> bool {
    HeaderName::try_from(*name).is_ok() && HeaderValue::try_from(*value).is_ok()
}

fn no_header(name: &str) -> String {
    format!("HTTP headers; {name:?} is none with its value")
}

mod status {
    use super::*;

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(
        status: &Option<StatusCode>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        status.map(|status| status.as_u16()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<StatusCode>, D::Error> {
        let number = u16::deserialize(deserializer)?;
        StatusCode::from_u16(number)
            .ok()
            .filter(|status| is_final(*status))
            .map(Some)
            .ok_or_else(|| de::Error::custom(format_args!("expected {FINAL_STATUS}")))
    }
}

fn headers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let headers = BTreeMap::<String, String>::deserialize(deserializer)?;
    match headers.iter().find(|header| !is_header(header)) {
        None => Ok(headers),
        Some((name, _)) => Err(de::Error::custom(format_args!(
            "expected {}",
            no_header(name)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_answer_could_be_is_refused() {
        assert!(CustomResponse::default().check().is_err());
        for (status, name, value, at) in [
            (200, "x-a", "b", None),
            (100, "x-a", "b", Some("status")),
            (600, "x-a", "b", Some("status")),
            (200, "x a", "b", Some("headers")),
            (200, "x-a", "b\nc", Some("headers")),
        ] {
            let response = CustomResponse {
                status: Some(StatusCode::from_u16(status).unwrap()),
                headers: BTreeMap::from([(name.to_owned(), value.to_owned())]),
                ..CustomResponse::default()
            };
            let refused = response.check().err();
            assert_eq!(refused.map(|it| it.at).as_deref(), at, "{response:?}");
        }
    }
}
