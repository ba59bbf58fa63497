use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de, ser};

/// The paths the mock adds to the core's, beneath an issuer's.
const OWN: [(&str, Endpoint); 11] = [
    ("/login", Endpoint::Login),
    // A vendor may have its own at the other.
    ("/login/logout", Endpoint::Logout),
    ("/logout", Endpoint::Logout),
    ("/debugger", Endpoint::Debugger),
    ("/debugger/callback", Endpoint::Debugger),
    ("/debugger/run/{id}", Endpoint::Debugger),
    ("/debugger/journal", Endpoint::Debugger),
    ("/debugger/journal/{id}", Endpoint::Debugger),
    ("/debugger/faults", Endpoint::Debugger),
    // Where mock-oauth2-server has them.
    ("/jwks", Endpoint::Jwks),
    ("/endsession", Endpoint::EndSession),
];

/// What a request of an issuer is answered by: an endpoint of the core, or a page of the mock's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// RFC 6749 §3.2.
    Token,
    /// RFC 6749 §3.1.
    Authorize,
    /// Where the login application reads what it is to ask.
    AuthorizeRequest,
    /// Where the login application says who logged in.
    AuthorizeAccept,
    /// Where the login application says why nobody did.
    AuthorizeReject,
    /// Where the browser comes back to from the login application.
    AuthorizeResume,
    /// RFC 8628 §3.1.
    DeviceAuthorization,
    /// RFC 8628 §3.3: the page that a user code is typed into.
    Device,
    /// RFC 7662 §2.
    Introspect,
    /// RFC 7009 §2.
    Revoke,
    /// Ends every grant of a subject.
    RevokeGrants,
    /// OpenID Connect Core §5.3.
    Userinfo,
    /// OpenID Connect RP-Initiated Logout 1.0 §2.
    EndSession,
    /// Where the browser comes back to from the login application's logout.
    EndSessionResume,
    /// RFC 7517 §5.
    Jwks,
    /// OpenID Connect Discovery 1.0 §4.
    OpenidConfiguration,
    /// RFC 8414 §3.
    AuthorizationServerMetadata,
    /// The management interface, whichever of its paths.
    Manage,
    /// RFC 7591 §3 and RFC 7592 §2.
    Register,
    /// Whether the process runs.
    Health,
    /// The document that describes these endpoints to programs.
    Openapi,
    /// The mock's login page.
    Login,
    /// Where the mock's login page ends its session.
    Logout,
    /// The mock's debugger.
    Debugger,
    /// What a profile has at a path that is no endpoint.
    Document,
    /// Where a platform gives a job its tokens, whichever of its paths.
    Platform,
}

/// The text is not the name of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown endpoint {name:?}, expected one of {expected}")]
pub struct UnknownEndpoint {
    name: String,
    expected: String,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 26] = [
        Self::Token,
        Self::Authorize,
        Self::AuthorizeRequest,
        Self::AuthorizeAccept,
        Self::AuthorizeReject,
        Self::AuthorizeResume,
        Self::DeviceAuthorization,
        Self::Device,
        Self::Introspect,
        Self::Revoke,
        Self::RevokeGrants,
        Self::Userinfo,
        Self::EndSession,
        Self::EndSessionResume,
        Self::Jwks,
        Self::OpenidConfiguration,
        Self::AuthorizationServerMetadata,
        Self::Manage,
        Self::Register,
        Self::Health,
        Self::Openapi,
        Self::Login,
        Self::Logout,
        Self::Debugger,
        Self::Document,
        Self::Platform,
    ];

    /// Its name, as it stands in `match` and in the journal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Authorize => "authorize",
            Self::AuthorizeRequest => "authorize_request",
            Self::AuthorizeAccept => "authorize_accept",
            Self::AuthorizeReject => "authorize_reject",
            Self::AuthorizeResume => "authorize_resume",
            Self::DeviceAuthorization => "device_authorization",
            Self::Device => "device",
            Self::Introspect => "introspect",
            Self::Revoke => "revoke",
            Self::RevokeGrants => "revoke_grants",
            Self::Userinfo => "userinfo",
            Self::EndSession => "end_session",
            Self::EndSessionResume => "end_session_resume",
            Self::Jwks => "jwks",
            Self::OpenidConfiguration => "openid_configuration",
            Self::AuthorizationServerMetadata => "authorization_server_metadata",
            Self::Manage => "manage",
            Self::Register => "register",
            Self::Health => "health",
            Self::Openapi => "openapi",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Debugger => "debugger",
            Self::Document => "document",
            Self::Platform => "platform",
        }
    }

    /// Every path beneath an issuer's, with the name of its endpoint.
    fn paths() -> impl Iterator<Item = (&'static str, &'static str)> {
        let endpoints = jeton::endpoints().map(|(path, name)| (path, Self::own_name(name)));
        endpoints.chain(OWN.map(|(path, own)| (path, own.as_str())))
    }

    /// The mock's name for an endpoint of the core, which tells more of them apart.
    fn own_name(name: &'static str) -> &'static str {
        match name {
            "registered" => Self::Register.as_str(),
            name if name.starts_with("manage_") => Self::Manage.as_str(),
            name => name,
        }
    }

    /// The endpoint that answers at `path`, and the path of its issuer.
    pub(crate) fn split(path: &str) -> Option<(&str, Self)> {
        let (issuer, name) = Self::paths()
            .filter_map(|(own, name)| Some((before(path, own)?, name)))
            // The longest path: what is left of it is the shortest.
            .min_by_key(|(issuer, _)| issuer.len())?;
        Some((issuer, name.parse().ok()?))
    }

    /// The path beneath the issuer's that the server knows it by, or that the mock has it at; empty for
    /// documents, which are wherever a profile has them.
    pub(crate) fn path(self) -> &'static str {
        Self::paths()
            .find(|(_, name)| *name == self.as_str())
            .map_or("", |(path, _)| path)
    }
}

/// What stands in `path` before an endpoint's, whose `{…}` are any segments. The id of a client that
/// registered itself is one of ours: another segment is of an issuer called `register`.
pub(crate) fn before<'a>(path: &'a str, own: &str) -> Option<&'a str> {
    let mut before = path;
    for own_segment in own.rsplit('/').take_while(|segment| !segment.is_empty()) {
        let (rest, segment) = before.rsplit_once('/')?;
        let is_any = own_segment.starts_with('{')
            && !segment.is_empty()
            && (!own.starts_with("/register/") || segment.starts_with("jc_"));
        if !is_any && segment != own_segment {
            return None;
        }
        before = rest;
    }
    Some(before)
}

impl FromStr for Endpoint {
    type Err = UnknownEndpoint;

    fn from_str(name: &str) -> Result<Self, UnknownEndpoint> {
        let known = Self::ALL.into_iter().find(|own| own.as_str() == name);
        known.ok_or_else(|| {
            let mut names = Self::ALL.map(Self::as_str);
            names.sort_unstable();
            UnknownEndpoint {
                name: name.to_owned(),
                expected: names.join(", "),
            }
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Endpoint {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_has_its_path() {
        for (path, name) in jeton::endpoints() {
            let own_name = Endpoint::own_name(name);
            let endpoint: Endpoint = own_name.parse().unwrap();
            if own_name == name {
                assert_eq!(endpoint.path(), path);
            }
            let path = path.replace("{client_id}", "jc_1");
            assert_eq!(Endpoint::split(&path), Some(("", endpoint)));
            let of_another = format!("/acme{path}");
            assert_eq!(Endpoint::split(&of_another), Some(("/acme", endpoint)));
        }
        // Each profile and each platform has its own.
        let has_path = |it: &Endpoint| !matches!(it, Endpoint::Document | Endpoint::Platform);
        for endpoint in Endpoint::ALL.into_iter().filter(has_path) {
            assert_ne!(endpoint.path(), "", "{endpoint}");
        }
    }
}
