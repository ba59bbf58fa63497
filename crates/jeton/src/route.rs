//! The table of routes: one row an endpoint.

use std::borrow::Cow;

use http::Method;

use crate::{cors::CrossOrigin, needs::Needs};

/// The paths of all endpoints, beneath the issuer's.
pub(crate) mod path {
    pub(crate) const TOKEN: &str = "/token";
    pub(crate) const AUTHORIZE: &str = "/authorize";
    pub(crate) const REQUEST: &str = "/authorize/request";
    pub(crate) const ACCEPT: &str = "/authorize/accept";
    pub(crate) const REJECT: &str = "/authorize/reject";
    pub(crate) const RESUME: &str = "/authorize/resume";
    pub(crate) const DEVICE_AUTHORIZATION: &str = "/device_authorization";
    pub(crate) const DEVICE: &str = "/device";
    pub(crate) const INTROSPECT: &str = "/introspect";
    pub(crate) const REVOKE: &str = "/revoke";
    pub(crate) const REVOKE_GRANTS: &str = "/revoke_grants";
    pub(crate) const USERINFO: &str = "/userinfo";
    pub(crate) const END_SESSION: &str = "/end_session";
    pub(crate) const END_SESSION_RESUME: &str = "/end_session/resume";
    pub(crate) const JWKS: &str = "/.well-known/jwks.json";
    pub(crate) const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    pub(crate) const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
    pub(crate) const HEALTH: &str = "/health";
}

/// An endpoint, by which the server dispatches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Token,
    Authorize,
    Request,
    Accept,
    Reject,
    Resume,
    DeviceAuthorization,
    Device,
    Introspect,
    Revoke,
    RevokeGrants,
    Userinfo,
    EndSession,
    EndSessionResume,
    Jwks,
    OpenidConfiguration,
    AuthorizationServer,
    Health,
}

/// The reader of an endpoint's errors, who decides their form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presentation {
    /// A client (RFC 6749 §5.2).
    Json,
    /// A person at a browser.
    Page,
    /// The holder of an access token (RFC 6750 §3).
    Bearer,
}

/// The metadata member that names an endpoint, and what the deployment needs for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// In no document.
    No,
    /// In both documents (RFC 8414 §2).
    Both(&'static str, Needs),
    /// In OpenID Provider metadata alone (OpenID Connect Discovery 1.0 §3).
    Openid(&'static str, Needs),
}

/// A row of the table: the path of an endpoint and how it is called. What it does is in the server's
/// `dispatch`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    /// Beneath the issuer's path. A last segment `{…}` stands for any one segment.
    pub(crate) path: &'static str,
    pub(crate) endpoint: Endpoint,
    /// Its name in the audit.
    pub(crate) name: &'static str,
    /// The methods it answers, as `Allow` lists them (RFC 9110 §10.2.1).
    pub(crate) allow: &'static str,
    pub(crate) presentation: Presentation,
    pub(crate) cross_origin: CrossOrigin,
    pub(crate) listed: Listed,
}

const POST: &str = "POST, OPTIONS";
const GET: &str = "GET, HEAD, OPTIONS";
/// For endpoints that a browser visits. No HEAD, because a GET does something there.
const BROWSER: &str = "GET, POST, OPTIONS";
/// For endpoints that a browser is redirected to. No HEAD, for the same reason.
const REDIRECTED: &str = "GET, OPTIONS";

use CrossOrigin::{Document, Refused};
use Endpoint as E;
use Listed::{Both, No, Openid};
use Needs::{Ledger, Login, Nothing};
use Presentation::{Bearer, Json, Page};

#[rustfmt::skip]
pub(crate) const ROUTES: [Route; 18] = [
    route(path::TOKEN, E::Token, "token", POST, Json, CrossOrigin::Client, Both("token_endpoint", Nothing)),
    route(path::AUTHORIZE, E::Authorize, "authorize", BROWSER, Page, Refused, Both("authorization_endpoint", Login)),
    route(path::REQUEST, E::Request, "authorize_request", POST, Json, Refused, No),
    route(path::ACCEPT, E::Accept, "authorize_accept", POST, Json, Refused, No),
    route(path::REJECT, E::Reject, "authorize_reject", POST, Json, Refused, No),
    route(path::RESUME, E::Resume, "authorize_resume", REDIRECTED, Page, Refused, No),
    route(path::DEVICE_AUTHORIZATION, E::DeviceAuthorization, "device_authorization", POST, Json, CrossOrigin::Client, Both("device_authorization_endpoint", Login)),
    route(path::DEVICE, E::Device, "device", BROWSER, Page, Refused, No),
    route(path::INTROSPECT, E::Introspect, "introspect", POST, Json, Refused, Both("introspection_endpoint", Ledger)),
    route(path::REVOKE, E::Revoke, "revoke", POST, Json, CrossOrigin::Client, Both("revocation_endpoint", Ledger)),
    route(path::REVOKE_GRANTS, E::RevokeGrants, "revoke_grants", POST, Json, Refused, No),
    route(path::USERINFO, E::Userinfo, "userinfo", BROWSER, Bearer, CrossOrigin::Bearer, Openid("userinfo_endpoint", Login)),
    route(path::END_SESSION, E::EndSession, "end_session", BROWSER, Page, Refused, Openid("end_session_endpoint", Login)),
    route(path::END_SESSION_RESUME, E::EndSessionResume, "end_session_resume", REDIRECTED, Page, Refused, No),
    route(path::JWKS, E::Jwks, "jwks", GET, Json, Document, Both("jwks_uri", Nothing)),
    route(path::OPENID_CONFIGURATION, E::OpenidConfiguration, "openid_configuration", GET, Json, Document, No),
    route(path::AUTHORIZATION_SERVER, E::AuthorizationServer, "authorization_server_metadata", GET, Json, Document, No),
    route(path::HEALTH, E::Health, "health", GET, Json, Refused, No),
];

const fn route(
    path: &'static str,
    endpoint: Endpoint,
    name: &'static str,
    allow: &'static str,
    presentation: Presentation,
    cross_origin: CrossOrigin,
    listed: Listed,
) -> Route {
    Route {
        path,
        endpoint,
        name,
        allow,
        presentation,
        cross_origin,
        listed,
    }
}

/// All endpoints, each as its path beneath the issuer's and its name in the [`crate::Audit`]: for a
/// layer in front that serves several issuers.
pub fn endpoints() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|route| (route.path, route.name))
}

/// The documents that are also found in front of the issuer's path: by RFC 8414 §3.1 its own, and by §5
/// that of OpenID Connect, where clients look that know no other rule.
const IN_FRONT: [&str; 2] = [path::AUTHORIZATION_SERVER, path::OPENID_CONFIGURATION];

/// The issuer's path in the path of a document in front of it, and the path of the document beneath it;
/// `None` for other paths.
pub fn in_front_of_issuer(path: &str) -> Option<(&str, &'static str)> {
    let mut found = IN_FRONT.into_iter().filter_map(|document| {
        let issuer = path.strip_prefix(document)?;
        issuer.starts_with('/').then_some((issuer, document))
    });
    found.next()
}

/// The path as a browser has it, of a request that came by a proxy which takes `stripped` off. What is
/// in front of the issuer's path does not begin with it, and comes as it is.
pub fn unstripped<'a>(stripped: &str, path: &'a str) -> Cow<'a, str> {
    let is_beneath = |issuer: &str| {
        let rest = issuer.strip_prefix(stripped);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_whole = in_front_of_issuer(path).is_some_and(|(issuer, _)| is_beneath(issuer));
    if stripped.is_empty() || is_whole {
        return path.into();
    }
    format!("{stripped}{path}").into()
}

/// The route of a path, and the segment of the path in the place of the route's `{…}`.
pub(crate) fn find<'a>(
    issuer_path: &str,
    path: &'a str,
) -> Option<(&'static Route, Option<&'a str>)> {
    let own = match in_front_of_issuer(path) {
        Some((issuer, document)) if issuer == issuer_path => document,
        _ => path.strip_prefix(issuer_path)?,
    };
    ROUTES
        .iter()
        .find_map(|route| Some((route, parameter(route.path, own)?)))
}

/// `Some` if the path matches the pattern, with the segment in the place of the pattern's last one,
/// `{…}`.
fn parameter<'a>(pattern: &str, path: &'a str) -> Option<Option<&'a str>> {
    let Some((before, _)) = pattern.split_once('{') else {
        return (pattern == path).then_some(None);
    };
    let segment = path.strip_prefix(before)?;
    (!segment.is_empty() && !segment.contains('/')).then_some(Some(segment))
}

impl Route {
    pub(crate) fn allows(&self, method: &Method) -> bool {
        let mut allowed = self.allow.split(", ");
        allowed.any(|allowed| allowed == method.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_endpoint_beneath_the_issuers_path() {
        for (issuer, path, expected) in [
            ("", "/token", Some("token")),
            ("", "/token/", None),
            ("", "/tokens", None),
            ("", "", None),
            ("/a", "/a/token", Some("token")),
            ("/a", "/token", None),
            ("/a", "/ab/token", None),
            (
                "",
                path::AUTHORIZATION_SERVER,
                Some("authorization_server_metadata"),
            ),
            (
                "/a",
                "/.well-known/oauth-authorization-server/a",
                Some("authorization_server_metadata"),
            ),
            (
                "/a",
                "/a/.well-known/oauth-authorization-server",
                Some("authorization_server_metadata"),
            ),
            ("/a", "/.well-known/oauth-authorization-server", None),
            ("/a", "/.well-known/oauth-authorization-server/b", None),
            ("/a", "/.well-known/oauth-authorization-servera", None),
            ("", "/.well-known/oauth-authorization-server/", None),
            (
                "/a",
                "/.well-known/openid-configuration/a",
                Some("openid_configuration"),
            ),
            (
                "/a",
                "/a/.well-known/openid-configuration",
                Some("openid_configuration"),
            ),
            ("/a", "/.well-known/openid-configuration", None),
            ("/a", "/.well-known/openid-configuration/a/", None),
            ("/a", "/.well-known/jwks.json/a", None),
        ] {
            let found = find(issuer, path).map(|(route, _)| route.name);
            assert_eq!(found, expected, "{issuer} {path}");
        }
    }

    #[test]
    fn what_a_proxy_took_off_is_put_back() {
        for (stripped, path, expected) in [
            ("", "/token", "/token"),
            ("/auth", "/token", "/auth/token"),
            ("/auth", "/auth/token", "/auth/auth/token"),
            ("/auth", "/", "/auth/"),
            ("/auth", "", "/auth"),
            (
                "/auth",
                "/.well-known/openid-configuration",
                "/auth/.well-known/openid-configuration",
            ),
            (
                "/auth",
                "/.well-known/openid-configuration/auth",
                "/.well-known/openid-configuration/auth",
            ),
            (
                "/auth",
                "/.well-known/oauth-authorization-server/auth/one",
                "/.well-known/oauth-authorization-server/auth/one",
            ),
            (
                "/auth",
                "/.well-known/oauth-authorization-server/author",
                "/auth/.well-known/oauth-authorization-server/author",
            ),
        ] {
            assert_eq!(unstripped(stripped, path), expected, "{stripped} {path}");
        }
    }

    #[test]
    fn a_last_segment_may_be_a_parameter() {
        for (pattern, path, expected) in [
            ("/register", "/register", Some(None)),
            (
                "/register/{client_id}",
                "/register/jc_1",
                Some(Some("jc_1")),
            ),
            ("/register/{client_id}", "/register/", None),
            ("/register/{client_id}", "/register", None),
            ("/register/{client_id}", "/register/a/b", None),
        ] {
            assert_eq!(parameter(pattern, path), expected, "{pattern} {path}");
        }
    }
}
