//! The body of a control request.

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use jeton::BODY_LIMIT;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
    /// The place of the fault in the JSON, and what was expected there.
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

/// Refuses a body where none is expected.
pub(super) fn nothing(request: &Request<Bytes>) -> Result<(), InvalidBody> {
    limited(request)?;
    if request.body().is_empty() {
        Ok(())
    } else {
        Err(InvalidBody::Unexpected)
    }
}

fn limited(request: &Request<Bytes>) -> Result<(), InvalidBody> {
    if request.body().len() > BODY_LIMIT {
        Err(InvalidBody::TooLarge)
    } else {
        Ok(())
    }
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, InvalidBody> {
    let value: Value =
        serde_json::from_slice(json).map_err(|error| InvalidBody::Syntax(error.to_string()))?;
    // serde also takes a list of a struct's members in order, which nobody means.
    if !value.is_object() {
        return Err(InvalidBody::Data("expected an object".to_owned()));
    }
    // From the text, because a `Value` no longer has the members that stand twice.
    let mut text = serde_json::Deserializer::from_slice(json);
    match serde_path_to_error::deserialize(&mut text) {
        Err(error) if error.inner().is_data() => Err(data(&error)),
        // A number where a name is expected counts as bad syntax; the `Value` knows better.
        Err(_) => serde_path_to_error::deserialize(value).map_err(|error| data(&error)),
        Ok(read) => Ok(read),
    }
}

fn data(error: &serde_path_to_error::Error<serde_json::Error>) -> InvalidBody {
    let (path, inner) = (error.path().to_string(), error.inner());
    let message = inner.to_string();
    // The path says more than the position.
    let position = format!(" at line {} column {}", inner.line(), inner.column());
    let message = message.strip_suffix(&position).unwrap_or(&message);
    InvalidBody::Data(match path.as_str() {
        "." => message.to_owned(),
        path => format!("{path}: {message}"),
    })
}
