//! The JSON of mock-oauth2-server, by its names.

use std::fmt;

use jsonwebtoken::Algorithm;
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, value::MapAccessDeserializer},
};
use serde_json::Value;
use toml::value::{Datetime, Offset};

use super::mapping::Mapping;

/// The members of a configuration.
pub(super) const MEMBERS: [&str; 7] = [
    "interactiveLogin",
    "loginPagePath",
    "staticAssetsPath",
    "rotateRefreshToken",
    "httpServer",
    "tokenCallbacks",
    "tokenProvider",
];

/// The algorithms that Jeton signs with, the first where none is named.
const ALGORITHMS: [(&str, Algorithm); 3] = [
    ("RS256", Algorithm::RS256),
    ("ES256", Algorithm::ES256),
    ("EdDSA", Algorithm::EdDSA),
];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Config {
    interactive_login: Option<bool>,
    login_page_path: Option<String>,
    static_assets_path: Option<String>,
    rotate_refresh_token: Option<bool>,
    pub(super) http_server: Option<HttpServer>,
    pub(super) token_callbacks: Option<Vec<Callback>>,
    pub(super) token_provider: Option<TokenProvider>,
}

/// The server library to use, of which only matters here whether it speaks TLS.
#[derive(Clone, Debug)]
pub(super) struct HttpServer(Option<Ssl>);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Ssl {
    keystore_file: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TokenProvider {
    key_provider: Option<KeyProvider>,
    pub(super) system_time: Option<Time>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct KeyProvider {
    initial_keys: Option<IgnoredAny>,
    algorithm: Option<Signing>,
}

#[derive(Clone, Copy, Debug)]
struct Signing(Algorithm);

/// Seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time(pub(super) u64);

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Callback {
    pub(super) issuer_id: String,
    pub(super) token_expiry: Option<u64>,
    pub(super) request_mappings: Vec<Mapping>,
}

impl Config {
    /// The same configuration, with the login page on.
    pub(super) fn asking(mut self) -> Self {
        self.interactive_login = Some(true);
        self
    }

    pub(super) fn asks(&self) -> bool {
        self.interactive_login.unwrap_or(false)
    }

    /// The members that nothing here answers to, and why.
    pub(super) fn without_effect(&self) -> Vec<String> {
        let keys = self.token_provider.as_ref();
        let keys = keys.and_then(|provider| provider.key_provider.as_ref());
        let tls = self.http_server.as_ref().and_then(|it| it.0.as_ref());
        [
            (
                self.login_page_path.is_some(),
                "loginPagePath: the login page is Jeton's own; it has the fields username and claims as well",
            ),
            (
                self.static_assets_path.is_some(),
                "staticAssetsPath: nothing is served under /static",
            ),
            (
                self.rotate_refresh_token == Some(false),
                "rotateRefreshToken: refresh tokens rotate; the one before answers for ten more seconds",
            ),
            (
                tls.is_some_and(|ssl| ssl.keystore_file.is_some()),
                "httpServer.ssl.keystoreFile: the certificate is Jeton's own; trust what /_mock/ca.pem answers",
            ),
            (
                keys.is_some_and(|keys| keys.initial_keys.is_some()),
                "tokenProvider.keyProvider.initialKeys: keys are derived from the seed, the same in every run; the issuer's /jwks has them",
            ),
        ]
        .into_iter()
        .filter(|(given, _)| *given)
        .map(|(_, ignored)| ignored.to_owned())
        .collect()
    }
}

impl HttpServer {
    pub(super) fn is_tls(&self) -> bool {
        self.0.is_some()
    }
}

impl TokenProvider {
    pub(super) fn algorithm(&self) -> Algorithm {
        let keys = self.key_provider.as_ref();
        keys.and_then(|keys| keys.algorithm)
            .map_or(Algorithm::RS256, |signing| signing.0)
    }
}

impl Callback {
    /// The subjects that mappings name, each once.
    pub(super) fn subjects(&self) -> Vec<&str> {
        let mut subjects = Vec::new();
        for mapping in &self.request_mappings {
            let subject = mapping.pattern.as_str();
            if mapping.request_param == "subject"
                && !subject.is_empty()
                && mapping.is_plain()
                && !subjects.contains(&subject)
            {
                subjects.push(subject);
            }
        }
        subjects
    }

    /// The subject that tokens get anyhow, if it is not one of the texts requests are told by: a
    /// client's id must not be a person's.
    pub(super) fn certain_subject(&self) -> Option<&str> {
        let mappings = || self.request_mappings.iter();
        mappings()
            .filter_map(|mapping| mapping.claims.get("sub")?.as_str())
            .find(|subject| !subject.is_empty() && !subject.contains("${"))
            .filter(|subject| !mappings().any(|mapping| mapping.pattern == *subject))
    }
}

/// The members that mock-oauth2-server has not either, or only unreleased.
pub(super) fn unknown_members(config: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    let mut look = |at: &str, value: Option<&Value>, known: &[&str]| {
        let names = value.and_then(Value::as_object).into_iter().flatten();
        let names = names.map(|(name, _)| name);
        for name in names.filter(|name| !known.contains(&name.as_str())) {
            unknown.push(format!("{at}{name}: there is no such member"));
        }
    };
    look("", Some(config), &MEMBERS);
    look("httpServer.", config.get("httpServer"), &["type", "ssl"]);
    look(
        "httpServer.ssl.",
        config.pointer("/httpServer/ssl"),
        &[
            "keyPassword",
            "keystoreFile",
            "keystoreType",
            "keystorePassword",
        ],
    );
    look(
        "tokenProvider.",
        config.get("tokenProvider"),
        &["keyProvider", "systemTime"],
    );
    look(
        "tokenProvider.keyProvider.",
        config.pointer("/tokenProvider/keyProvider"),
        &["initialKeys", "algorithm"],
    );
    let items =
        |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    for (index, callback) in items(config.get("tokenCallbacks")).iter().enumerate() {
        let at = format!("tokenCallbacks[{index}].");
        look(
            &at,
            Some(callback),
            &["issuerId", "tokenExpiry", "requestMappings"],
        );
        for (index, mapping) in items(callback.get("requestMappings")).iter().enumerate() {
            let at = format!("{at}requestMappings[{index}].");
            look(
                &at,
                Some(mapping),
                &["requestParam", "match", "claims", "typeHeader"],
            );
        }
    }
    unknown
}

/// A string, or an object with `type` and `ssl`.
impl<'de> Deserialize<'de> for HttpServer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        enum Type {
            MockWebServerWrapper,
            NettyWrapper,
        }

        #[derive(Deserialize)]
        struct Written {
            #[serde(rename = "type")]
            _type: Type,
            ssl: Option<Ssl>,
        }

        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = HttpServer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a server, or an object with type and ssl")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HttpServer, E> {
                Type::deserialize(de::value::StrDeserializer::new(text)).map(|_| HttpServer(None))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<HttpServer, A::Error> {
                Written::deserialize(MapAccessDeserializer::new(map))
                    .map(|written| HttpServer(written.ssl))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl<'de> Deserialize<'de> for Signing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        ALGORITHMS
            .into_iter()
            .find(|(own, _)| *own == name)
            .map(|(_, algorithm)| Self(algorithm))
            .ok_or_else(|| {
                de::Error::custom(format_args!("expected RS256, ES256 or EdDSA, not {name:?}"))
            })
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .ok()
            .and_then(since_1970)
            .map(Self)
            .ok_or_else(|| {
                de::Error::custom(format_args!(
                    "expected a time such as 2020-01-21T00:00:00Z, not {text:?}"
                ))
            })
    }
}

/// The seconds to a time of RFC 3339, which is what TOML has, so its reader serves.
fn since_1970(time: Datetime) -> Option<u64> {
    let (date, time, offset) = (time.date?, time.time?, time.offset?);
    let offset = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    // Years that begin in March end with the day that is sometimes missing.
    let year = i64::from(date.year) - i64::from(date.month <= 2);
    let month = (i64::from(date.month) + 9) % 12;
    let leap_days = year / 4 - year / 100 + year / 400;
    let days_to_1970 = 719_468;
    let day = year * 365 + leap_days + (month * 153 + 2) / 5 + i64::from(date.day) - 1;
    let minutes = i64::from(time.hour) * 60 + i64::from(time.minute) - offset;
    let seconds = i64::from(time.second.unwrap_or(0));
    u64::try_from(((day - days_to_1970) * 24 * 60 + minutes) * 60 + seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2020-01-21T00:00:00Z", Some(1_579_564_800)),
            ("2020-02-29T23:59:59Z", Some(1_583_020_799)),
            ("2024-12-31T12:00:00.5Z", Some(1_735_646_400)),
            ("2100-03-01T00:00:00Z", Some(4_107_542_400)),
            ("2020-01-21T01:00:00+01:00", Some(1_579_564_800)),
            ("1969-12-31T23:59:59Z", None),
            ("2020-01-21T00:00:00", None),
            ("2020-01-21", None),
            ("2020-13-21T00:00:00Z", None),
            ("today", None),
        ] {
            let time: Option<Time> = serde_json::from_value(Value::from(text)).ok();
            assert_eq!(time, expected.map(Time), "{text}");
        }
    }
}
