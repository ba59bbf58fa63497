use std::{fmt, str::FromStr, time::Duration};

use http::StatusCode;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, value::MapAccessDeserializer},
};

use super::{CustomResponse, Delay, Endpoint, InvalidSpec, OAuthError, TokenFault, delay::digits};

/// What goes wrong. Written as one word everywhere: in a configuration, over the control API, as
/// `scope=fault:…` and as `client_id=fail.…`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// The endpoint's own form of this OAuth error.
    Error(OAuthError),
    /// `status-503`: this status, with an error that fits.
    Status(StatusCode),
    /// `rate-limit-5`: 429 with `Retry-After` (RFC 9110 §10.2.3) in seconds; 1 where none is said.
    RateLimit(Option<u32>),
    /// `slow-2s`, `slow-300ms`: the right answer, late.
    Slow(Delay),
    /// `drop`: the connection is closed without an answer.
    Drop,
    /// `truncate`: the body is cut in the middle.
    Truncate,
    /// `html`: the right status with a page in place of JSON.
    Html,
    /// `content-type-text`: the right body, said to be plain text.
    ContentTypeText,
    /// `empty`: the right status, no body.
    Empty,
    /// `missing-token_type`: a member of the answer left out.
    Missing(String),
    /// The tokens of the answer are wrong.
    Token(TokenFault),
    /// Written out rather than named.
    Custom(CustomResponse),
}

/// Why a text is not the name of a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown fault {0:?}, expected an OAuth error code or one of {names}", names = FAULT_NAMES.join(", "))]
pub struct InvalidEffect(String);

/// The names besides the OAuth error codes, for people: capitals stand for what is to be filled in.
pub const FAULT_NAMES: [&str; 23] = [
    "status-NNN",
    "rate-limit",
    "rate-limit-SECONDS",
    "slow-Ns",
    "slow-Nms",
    "drop",
    "truncate",
    "html",
    "content-type-text",
    "empty",
    "missing-FIELD",
    "expired",
    "not-yet-valid",
    "wrong-issuer",
    "wrong-audience",
    "wrong-nonce",
    "wrong-key",
    "alg-none",
    "tampered",
    "unknown-kid",
    "wrong-typ",
    "oversized",
    "without-CLAIM",
];

impl Effect {
    /// The right answer, so much later: at most a minute, by whole milliseconds.
    #[must_use]
    pub fn slow(length: Duration) -> Self {
        Self::Slow(Delay::of(length))
    }

    /// A member of the answer left out.
    #[must_use]
    pub fn missing(member: impl Into<String>) -> Self {
        Self::Missing(member.into())
    }

    /// Refuses what its own name does not say, or no answer could be: Rust can put together what
    /// cannot be written.
    pub(crate) fn check(&self) -> Result<(), InvalidSpec> {
        if let Self::Custom(response) = self {
            return response.check();
        }
        match self.to_string().parse::<Self>() {
            Ok(read) if read == *self => Ok(()),
            _ => {
                let names = FAULT_NAMES.join(", ");
                let expected = format_args!("an OAuth error code or one of {names}, not {self}");
                Err(InvalidSpec::new("", expected))
            }
        }
    }

    /// Whether it is an answer of its own, so that no second one can act on the same request.
    pub(crate) fn answers(&self) -> bool {
        matches!(
            self,
            Self::Error(_) | Self::Status(_) | Self::RateLimit(_) | Self::Drop | Self::Custom(_)
        )
    }

    /// Where it acts when no endpoint is named.
    pub(crate) fn has_its_place_at(&self, endpoint: Endpoint) -> bool {
        let places = match self {
            Self::Error(error) => error.endpoints(),
            // What a browser follows has no body that anyone reads.
            Self::Truncate
            | Self::Html
            | Self::ContentTypeText
            | Self::Empty
            | Self::Missing(_)
            | Self::Token(_) => &[Endpoint::Token, Endpoint::Platform],
            _ => &[Endpoint::Authorize, Endpoint::Token, Endpoint::Platform],
        };
        places.contains(&endpoint)
    }
}

impl From<OAuthError> for Effect {
    fn from(error: OAuthError) -> Self {
        Self::Error(error)
    }
}

impl From<TokenFault> for Effect {
    fn from(fault: TokenFault) -> Self {
        Self::Token(fault)
    }
}

impl FromStr for Effect {
    type Err = InvalidEffect;

    fn from_str(text: &str) -> Result<Self, InvalidEffect> {
        let invalid = || InvalidEffect(text.to_owned());
        if let Some(error) = OAuthError::from_code(text) {
            return Ok(Self::Error(error));
        }
        if let Some(number) = text.strip_prefix("status-") {
            let status = digits(number).and_then(error_status);
            return status.map(Self::Status).ok_or_else(invalid);
        }
        if let Some(seconds) = text.strip_prefix("rate-limit-") {
            let seconds = digits(seconds).ok_or_else(invalid)?;
            return Ok(Self::RateLimit(Some(seconds)));
        }
        if let Some(length) = text.strip_prefix("slow-") {
            return Delay::parse(length).map(Self::Slow).ok_or_else(invalid);
        }
        if let Some(field) = text.strip_prefix("missing-").filter(|it| !it.is_empty()) {
            return Ok(Self::Missing(field.to_owned()));
        }
        Ok(match text {
            "rate-limit" => Self::RateLimit(None),
            "drop" => Self::Drop,
            "truncate" => Self::Truncate,
            "html" => Self::Html,
            "content-type-text" => Self::ContentTypeText,
            "empty" => Self::Empty,
            _ => Self::Token(TokenFault::from_name(text).ok_or_else(invalid)?),
        })
    }
}

fn error_status(number: u16) -> Option<StatusCode> {
    StatusCode::from_u16(number)
        .ok()
        .filter(|status| status.is_client_error() || status.is_server_error())
}

/// The name it is written by; a custom response has none.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => f.write_str(error.as_str()),
            Self::Status(status) => write!(f, "status-{}", status.as_u16()),
            Self::RateLimit(None) => f.write_str("rate-limit"),
            Self::RateLimit(Some(seconds)) => write!(f, "rate-limit-{seconds}"),
            Self::Slow(delay) => write!(f, "slow-{delay}"),
            Self::Drop => f.write_str("drop"),
            Self::Truncate => f.write_str("truncate"),
            Self::Html => f.write_str("html"),
            Self::ContentTypeText => f.write_str("content-type-text"),
            Self::Empty => f.write_str("empty"),
            Self::Missing(field) => write!(f, "missing-{field}"),
            Self::Token(fault) => write!(f, "{fault}"),
            Self::Custom(_) => f.write_str("custom"),
        }
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Custom(response) => response.serialize(serializer),
            named => serializer.collect_str(named),
        }
    }
}

/// By hand rather than untagged, so that an error says what is wrong within.
impl<'de> Deserialize<'de> for Effect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Effect;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a fault, or a response with `status`, `error`, `error_description`, `headers` and `body`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Effect, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Effect, A::Error> {
                let custom = CustomResponse::deserialize(MapAccessDeserializer::new(map))?;
                custom.check().map_err(de::Error::custom)?;
                Ok(Effect::Custom(custom))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_and_write_the_same() {
        for name in [
            "invalid_client",
            "status-503",
            "rate-limit",
            "rate-limit-1",
            "slow-2s",
            "slow-2000ms",
            "slow-300ms",
            "drop",
            "truncate",
            "html",
            "content-type-text",
            "empty",
            "missing-token_type",
            "expired",
            "alg-none",
            "without-sub",
        ] {
            let effect: Effect = name.parse().unwrap();
            assert_eq!(effect.to_string(), name);
            assert_eq!(effect.check(), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in [
            "",
            "slow",
            "slow-",
            "slow-2",
            "slow-61s",
            "slow--1s",
            "slow-+1s",
            "status-+404",
            "status-200",
            "status-600",
            "status-x",
            "rate-limit-x",
            "missing-",
            "without-",
            "invalid-client",
            "Drop",
        ] {
            assert!(name.parse::<Effect>().is_err(), "{name}");
        }
    }

    #[test]
    fn what_has_no_name_is_refused() {
        for (effect, name) in [
            (Effect::slow(Duration::from_secs(60)), Some("slow-60s")),
            (
                Effect::slow(Duration::from_millis(2001)),
                Some("slow-2001ms"),
            ),
            (Effect::slow(Duration::from_millis(60_001)), None),
            (Effect::slow(Duration::MAX), None),
            (Effect::Slow(Delay::Seconds(u64::MAX)), None),
            (Effect::Status(StatusCode::BAD_GATEWAY), Some("status-502")),
            (Effect::Status(StatusCode::OK), None),
            (
                Effect::RateLimit(Some(u32::MAX)),
                Some("rate-limit-4294967295"),
            ),
            (Effect::missing("token_type"), Some("missing-token_type")),
            (Effect::missing(""), None),
            (TokenFault::without("sub").into(), Some("without-sub")),
            (TokenFault::without("").into(), None),
        ] {
            let known = effect.check().is_ok().then(|| effect.to_string());
            assert_eq!(known.as_deref(), name, "{effect:?}");
        }
    }
}
