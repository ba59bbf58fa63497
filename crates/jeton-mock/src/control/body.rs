//! The body of a control request.

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use jeton::BODY_LIMIT;
use serde::de::DeserializeOwned;

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidBody {
    #[error("the body is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    #[error("expected Content-Type: application/json")]
    MediaType,
    #[error("expected no body; parameters go into the query")]
    Unexpected,
    #[error("the body is not JSON: {0}")]
    Syntax(String),
    /// Where, and what was expected.
    #[error("{0}")]
    Data(String),
}

/// The body as the JSON that was expected.
pub(super) fn json<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, InvalidBody> {
    limited(request)?;
    let content_type = request.headers().get(CONTENT_TYPE);
    // Parameters such as charset change nothing (RFC 8259 §8.1).
    let is_json = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(InvalidBody::MediaType);
    }
    read(request.body())
}

/// That there is none.
pub(super) fn nothing(request: &Request<Bytes>) -> Result<(), InvalidBody> {
    limited(request)?;
    match request.body().is_empty() {
        true => Ok(()),
        false => Err(InvalidBody::Unexpected),
    }
}

fn limited(request: &Request<Bytes>) -> Result<(), InvalidBody> {
    match request.body().len() > BODY_LIMIT {
        true => Err(InvalidBody::TooLarge),
        false => Ok(()),
    }
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, InvalidBody> {
    // serde also takes a list of a struct's members in order, which nobody means.
    if json.trim_ascii_start().first() == Some(&b'[') {
        return Err(InvalidBody::Data(
            "expected an object, not a list".to_owned(),
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if !inner.is_data() {
            return InvalidBody::Syntax(inner.to_string());
        }
        let message = inner.to_string();
        let position = format!(" at line {} column {}", inner.line(), inner.column());
        let message = message.strip_suffix(&position).unwrap_or(&message);
        InvalidBody::Data(match path.as_str() {
            "." => message.to_owned(),
            path => format!("{path}: {message}"),
        })
    })?;
    let rest = deserializer.end();
    rest.map_err(|error| InvalidBody::Syntax(error.to_string()))?;
    Ok(value)
}
