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
    pub(crate) const REGISTER: &str = "/register";
    pub(crate) const REGISTERED: &str = "/register/{client_id}";
    pub(crate) const MANAGED_CLIENTS: &str = "/manage/clients";
    pub(crate) const MANAGED_CLIENT: &str = "/manage/clients/{client_id}";
    pub(crate) const MANAGED_SECRETS: &str = "/manage/clients/{client_id}/secrets";
    pub(crate) const MANAGED_SECRET: &str = "/manage/clients/{client_id}/secrets/{secret_id}";
    pub(crate) const MANAGED_APIS: &str = "/manage/apis";
    pub(crate) const MANAGED_API: &str = "/manage/apis/{id}";
    pub(crate) const MANAGED_TRUST: &str = "/manage/trust";
    pub(crate) const MANAGED_TRUSTED: &str = "/manage/trust/{id}";
    pub(crate) const MANAGED_TOKEN: &str = "/manage/tokens/{jti}";
    pub(crate) const MANAGED_OPENAPI: &str = "/manage/openapi.json";
    pub(crate) const MANAGED_GRANTS: &str = "/manage/grants";
    pub(crate) const MANAGED_GRANT: &str = "/manage/grants/{grant_id}";
    pub(crate) const HEALTH: &str = "/health";
    pub(crate) const OPENAPI: &str = "/openapi.json";
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
    Register,
    Registered,
    ManagedClients,
    ManagedClient,
    ManagedSecrets,
    ManagedSecret,
    ManagedApis,
    ManagedApi,
    ManagedTrust,
    ManagedTrusted,
    ManagedToken,
    ManagedOpenapi,
    ManagedGrants,
    ManagedGrant,
    Health,
    Openapi,
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

/// The segments of a path in the place of its route's `{…}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segments<'a> {
    pub(crate) first: Option<&'a str>,
    pub(crate) second: Option<&'a str>,
}

/// A row of the table: the path of an endpoint and how it is called. What it does is in the server's
/// `dispatch`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    /// Beneath the issuer's path. A segment `{…}` stands for any one segment; a path has two at most.
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

/// For collections of what is managed, and for one of them.
const COLLECTION: &str = "GET, HEAD, POST, OPTIONS";
/// For what a client manages of itself (RFC 7592 §2).
const OWN: &str = "GET, HEAD, PUT, DELETE, OPTIONS";
const MANAGED: &str = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS";
/// For a part of what is managed.
const CHANGED: &str = "PATCH, DELETE, OPTIONS";

/// For what people granted, and for one grant.
const GRANTS: &str = "GET, HEAD, DELETE, OPTIONS";
const GRANT: &str = "DELETE, OPTIONS";

use CrossOrigin::{Document, Refused};
use Endpoint as E;
use Listed::{Both, No, Openid};
use Needs::{Ledger, Login, Nothing, Registry};
use Presentation::{Bearer, Json, Page};

#[rustfmt::skip]
pub(crate) const ROUTES: &[Route] = &[
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
    route(path::REGISTER, E::Register, "register", POST, Json, CrossOrigin::Bearer, Both("registration_endpoint", Registry)),
    route(path::REGISTERED, E::Registered, "registered", OWN, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_CLIENTS, E::ManagedClients, "manage_clients", COLLECTION, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_CLIENT, E::ManagedClient, "manage_client", MANAGED, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_SECRETS, E::ManagedSecrets, "manage_secrets", COLLECTION, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_SECRET, E::ManagedSecret, "manage_secret", CHANGED, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_APIS, E::ManagedApis, "manage_apis", COLLECTION, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_API, E::ManagedApi, "manage_api", MANAGED, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_TRUST, E::ManagedTrust, "manage_trust", COLLECTION, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_TRUSTED, E::ManagedTrusted, "manage_trusted", MANAGED, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_TOKEN, E::ManagedToken, "manage_token", GRANT, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_OPENAPI, E::ManagedOpenapi, "manage_openapi", GET, Json, Document, No),
    route(path::MANAGED_GRANTS, E::ManagedGrants, "manage_grants", GRANTS, Json, CrossOrigin::Bearer, No),
    route(path::MANAGED_GRANT, E::ManagedGrant, "manage_grant", GRANT, Json, CrossOrigin::Bearer, No),
    route(path::HEALTH, E::Health, "health", GET, Json, Refused, No),
    route(path::OPENAPI, E::Openapi, "openapi", GET, Json, Document, No),
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

/// The route of a path, and the segments of the path in the place of the route's `{…}`.
pub(crate) fn find<'a>(issuer_path: &str, path: &'a str) -> Option<(&'static Route, Segments<'a>)> {
    let own = match in_front_of_issuer(path) {
        Some((issuer, document)) if issuer == issuer_path => document,
        _ => path.strip_prefix(issuer_path)?,
    };
    ROUTES
        .iter()
        .find_map(|route| Some((route, segments(route.path, own)?)))
}

/// `Some` if the path matches the pattern, with the segments in the place of each `{…}`.
fn segments<'a>(pattern: &str, path: &'a str) -> Option<Segments<'a>> {
    if !pattern.contains('{') {
        return (pattern == path).then(Segments::default);
    }
    let mut found = Segments::default();
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(found),
            (Some(any), Some(segment)) if any.starts_with('{') && !segment.is_empty() => {
                let place = if found.first.is_none() {
                    &mut found.first
                } else {
                    &mut found.second
                };
                *place = Some(segment);
            }
            (Some(own), Some(segment)) if own == segment => {}
            _ => return None,
        }
    }
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
    fn segments_of_a_path_may_be_parameters() {
        for (pattern, path, expected) in [
            ("/register", "/register", Some((None, None))),
            (
                "/register/{id}",
                "/register/jc_1",
                Some((Some("jc_1"), None)),
            ),
            ("/register/{id}", "/register/", None),
            ("/register/{id}", "/register", None),
            ("/register/{id}", "/register/a/b", None),
            ("/a/{id}/b", "/a/1/b", Some((Some("1"), None))),
            ("/a/{id}/b", "/a/1/c", None),
            (
                "/a/{id}/b/{other}",
                "/a/1/b/2",
                Some((Some("1"), Some("2"))),
            ),
            ("/a/{id}/b/{other}", "/a/1/b", None),
        ] {
            let found = segments(pattern, path).map(|it| (it.first, it.second));
            assert_eq!(found, expected, "{pattern} {path}");
        }
    }
}
