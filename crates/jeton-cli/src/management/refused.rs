//! Why a deployment refused a request.

use std::fmt;

use http::{StatusCode, header::WWW_AUTHENTICATE, response::Parts};
use serde_json::Value;

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    place: String,
    /// `error` and `error_description`; absent where somebody else than Jeton answers.
    error: Option<String>,
    description: Option<String>,
    /// The scope that would have been needed (RFC 6750 §3).
    scope: Option<String>,
}

impl Refused {
    pub(super) fn new(head: &Parts, body: Option<&Value>) -> Self {
        let member = |name: &str| body?.get(name)?.as_str().map(str::to_owned);
        let challenge = head.headers.get(WWW_AUTHENTICATE);
        let scope = challenge
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.split_once("scope=\""))
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(scope, _)| scope.to_owned());
        Self {
            status: head.status,
            place: String::new(),
            error: member("error"),
            description: member("error_description"),
            scope,
        }
    }

    pub(super) fn at(self, place: &str) -> Self {
        let place = place.to_owned();
        Self { place, ..self }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, place, .. } = self;
        let Some(error) = &self.error else {
            return write!(
                f,
                "{place}: answered {status}, and not as Jeton does; is it the issuer's URL?"
            );
        };
        match *status {
            StatusCode::PRECONDITION_FAILED => {
                return write!(
                    f,
                    "{place}: somebody else has changed it meanwhile; look at it, and try again"
                );
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                return write!(f, "{place}: its store does not answer; try again");
            }
            _ => {}
        }
        match &self.description {
            Some(description) => write!(f, "{description} ({error})")?,
            None => write!(f, "{place}: {error}")?,
        }
        match &self.scope {
            Some(scope) => write!(f, "; the token needs the scope {scope}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refused {}
