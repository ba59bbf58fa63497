use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de, ser};

/// The paths the mock adds to the core's, beneath an issuer's.
const OWN: [(&str, &str); 6] = [
    ("/login", "login"),
    ("/logout", "logout"),
    ("/debugger", "debugger"),
    ("/debugger/callback", "debugger"),
    // Where mock-oauth2-server has them.
    ("/jwks", "jwks"),
    ("/endsession", "end_session"),
];

/// An endpoint by its name: `token`, `authorize`, `jwks`, …
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint(&'static str);

/// There is no endpoint of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown endpoint {name:?}, expected one of {expected}")]
pub struct UnknownEndpoint {
    name: String,
    expected: String,
}

impl Endpoint {
    /// RFC 6749 §3.2.
    pub const TOKEN: Self = Self("token");
    /// RFC 6749 §3.1.
    pub const AUTHORIZE: Self = Self("authorize");
    /// RFC 8628 §3.1.
    pub const DEVICE_AUTHORIZATION: Self = Self("device_authorization");
    /// RFC 7662 §2.
    pub const INTROSPECT: Self = Self("introspect");
    /// RFC 7009 §2.
    pub const REVOKE: Self = Self("revoke");
    /// OpenID Connect Core §5.3.
    pub const USERINFO: Self = Self("userinfo");
    /// OpenID Connect RP-Initiated Logout 1.0 §2.
    pub const END_SESSION: Self = Self("end_session");
    /// RFC 7517 §5.
    pub const JWKS: Self = Self("jwks");
    /// OpenID Connect Discovery 1.0 §4.
    pub const OPENID_CONFIGURATION: Self = Self("openid_configuration");
    /// RFC 8414 §3.
    pub const AUTHORIZATION_SERVER_METADATA: Self = Self("authorization_server_metadata");
    pub(crate) const LOGIN: Self = Self("login");
    pub(crate) const LOGOUT: Self = Self("logout");
    pub(crate) const DEBUGGER: Self = Self("debugger");

    /// As it stands in `match` and in the journal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Every path beneath an issuer's, with its endpoint.
    pub(crate) fn paths() -> impl Iterator<Item = (&'static str, Self)> {
        jeton::endpoints()
            .chain(OWN)
            .map(|(path, name)| (path, Self(name)))
    }

    /// The path beneath the issuer's that the core knows it by; the mock's own has one as well.
    pub(crate) fn path(self) -> &'static str {
        Self::paths()
            .find(|(_, own)| *own == self)
            .map_or("", |(path, _)| path)
    }
}

impl FromStr for Endpoint {
    type Err = UnknownEndpoint;

    fn from_str(name: &str) -> Result<Self, UnknownEndpoint> {
        Self::paths()
            .find(|(_, own)| own.0 == name)
            .map(|(_, own)| own)
            .ok_or_else(|| {
                let mut names: Vec<_> = Self::paths().map(|(_, own)| own.0).collect();
                names.sort_unstable();
                names.dedup();
                UnknownEndpoint {
                    name: name.to_owned(),
                    expected: names.join(", "),
                }
            })
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}
