use std::{fmt, str::FromStr, time::Duration};

use http::StatusCode;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, value::MapAccessDeserializer},
};

use super::{CustomResponse, Endpoint};
use crate::file::InvalidSpec;

/// The longest delay: a test that waits longer waits for nothing.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(60);

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

/// A length of time as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// `2s`.
    Seconds(u64),
    /// `300ms`.
    Milliseconds(u64),
}

/// What is wrong with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// `expired`: `exp` lies an hour back.
    Expired,
    /// `not-yet-valid`: `nbf` lies an hour ahead.
    NotYetValid,
    /// `wrong-issuer`.
    WrongIssuer,
    /// `wrong-audience`.
    WrongAudience,
    /// `wrong-nonce`.
    WrongNonce,
    /// `wrong-key`: signed with another key than the `kid` says.
    WrongKey,
    /// `alg-none`: not signed, and says so.
    AlgNone,
    /// `tampered`: changed after it was signed.
    Tampered,
    /// `unknown-kid`: a `kid` that JWKS does not have.
    UnknownKid,
    /// `wrong-typ`: the JOSE `typ` of something else.
    WrongTyp,
    /// `oversized`: 16 kB more than a header line may have in most servers.
    Oversized,
    /// `without-sub`: a claim left out.
    Without(String),
}

/// An error code of RFC 6749 and its kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OAuthError(&'static str);

/// The text names no fault.
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

const AUTHORIZE: &[Endpoint] = &[Endpoint::Authorize];
const TOKEN: &[Endpoint] = &[Endpoint::Token];
const BOTH: &[Endpoint] = &[Endpoint::Authorize, Endpoint::Token];
const USERINFO: &[Endpoint] = &[Endpoint::Userinfo];

/// Each error code, and where its RFC has it: RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5, RFC 8707
/// §2, RFC 6750 §3.1, OpenID Connect Core §3.1.2.6.
const ERRORS: [(&str, &[Endpoint]); 20] = [
    ("invalid_request", BOTH),
    ("invalid_client", TOKEN),
    ("invalid_grant", TOKEN),
    ("unauthorized_client", BOTH),
    ("unsupported_grant_type", TOKEN),
    ("unsupported_response_type", AUTHORIZE),
    ("invalid_scope", BOTH),
    ("invalid_target", BOTH),
    ("access_denied", BOTH),
    ("server_error", BOTH),
    ("temporarily_unavailable", BOTH),
    ("login_required", AUTHORIZE),
    ("consent_required", AUTHORIZE),
    ("interaction_required", AUTHORIZE),
    ("account_selection_required", AUTHORIZE),
    ("authorization_pending", TOKEN),
    ("slow_down", TOKEN),
    ("expired_token", TOKEN),
    ("invalid_token", USERINFO),
    ("insufficient_scope", USERINFO),
];

impl OAuthError {
    /// The code, if it is a known one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        ERRORS
            .iter()
            .find(|(own, _)| *own == code)
            .map(|(own, _)| Self(own))
    }

    /// Every code.
    pub fn all() -> impl Iterator<Item = Self> {
        ERRORS.iter().map(|(code, _)| Self(code))
    }

    /// As it stands in `error` (RFC 6749 §5.2).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The endpoints whose specification has it.
    pub(crate) fn endpoints(self) -> &'static [Endpoint] {
        ERRORS
            .iter()
            .find(|(own, _)| *own == self.0)
            .map_or(&[], |(_, endpoints)| endpoints)
    }

    /// The status of a JSON error response (RFC 6749 §5.2).
    pub(crate) fn status(self) -> StatusCode {
        match self.0 {
            "invalid_client" | "invalid_token" => StatusCode::UNAUTHORIZED,
            "insufficient_scope" => StatusCode::FORBIDDEN,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl Effect {
    /// The right answer, so much later: at most a minute, by whole milliseconds.
    #[must_use]
    pub fn slow(length: Duration) -> Self {
        let milliseconds = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self::Slow(match milliseconds.is_multiple_of(1000) {
            true => Delay::Seconds(milliseconds / 1000),
            false => Delay::Milliseconds(milliseconds),
        })
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
            | Self::Token(_) => TOKEN,
            _ => BOTH,
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

impl TokenFault {
    /// A claim left out.
    #[must_use]
    pub fn without(claim: impl Into<String>) -> Self {
        Self::Without(claim.into())
    }

    /// The names that nothing has to be filled in to.
    const NAMED: [(&str, Self); 11] = [
        ("expired", Self::Expired),
        ("not-yet-valid", Self::NotYetValid),
        ("wrong-issuer", Self::WrongIssuer),
        ("wrong-audience", Self::WrongAudience),
        ("wrong-nonce", Self::WrongNonce),
        ("wrong-key", Self::WrongKey),
        ("alg-none", Self::AlgNone),
        ("tampered", Self::Tampered),
        ("unknown-kid", Self::UnknownKid),
        ("wrong-typ", Self::WrongTyp),
        ("oversized", Self::Oversized),
    ];

    fn from_name(name: &str) -> Option<Self> {
        if let Some(claim) = name.strip_prefix("without-").filter(|it| !it.is_empty()) {
            return Some(Self::Without(claim.to_owned()));
        }
        Self::NAMED
            .into_iter()
            .find(|(own, _)| *own == name)
            .map(|(_, fault)| fault)
    }
}

/// Without the sign that Rust's own parser takes.
fn digits<N: FromStr>(text: &str) -> Option<N> {
    let only = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| only)
}

fn error_status(number: u16) -> Option<StatusCode> {
    StatusCode::from_u16(number)
        .ok()
        .filter(|status| status.is_client_error() || status.is_server_error())
}

impl Delay {
    fn parse(text: &str) -> Option<Self> {
        let delay = match text.strip_suffix("ms") {
            Some(number) => Self::Milliseconds(digits(number)?),
            None => Self::Seconds(digits(text.strip_suffix('s')?)?),
        };
        (delay.length() <= LONGEST_DELAY).then_some(delay)
    }

    /// The same in Rust's terms.
    #[must_use]
    pub fn length(self) -> Duration {
        match self {
            Self::Seconds(number) => Duration::from_secs(number),
            Self::Milliseconds(number) => Duration::from_millis(number),
        }
    }
}

/// The name it is written by; a custom response has none.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => f.write_str(error.0),
            Self::Status(status) => write!(f, "status-{}", status.as_u16()),
            Self::RateLimit(None) => f.write_str("rate-limit"),
            Self::RateLimit(Some(seconds)) => write!(f, "rate-limit-{seconds}"),
            Self::Slow(Delay::Seconds(number)) => write!(f, "slow-{number}s"),
            Self::Slow(Delay::Milliseconds(number)) => write!(f, "slow-{number}ms"),
            Self::Drop => f.write_str("drop"),
            Self::Truncate => f.write_str("truncate"),
            Self::Html => f.write_str("html"),
            Self::ContentTypeText => f.write_str("content-type-text"),
            Self::Empty => f.write_str("empty"),
            Self::Missing(field) => write!(f, "missing-{field}"),
            Self::Token(TokenFault::Without(claim)) => write!(f, "without-{claim}"),
            Self::Token(fault) => TokenFault::NAMED
                .iter()
                .find(|(_, own)| own == fault)
                .map_or(Ok(()), |(name, _)| f.write_str(name)),
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
