//! Where the endpoints of an authorization server are, and what it can do.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::{
    error::{Code, Error},
    exchange,
};

/// Authorization server metadata (RFC 8414 §2, OpenID Connect Discovery §3): what a client needs of it.
///
/// `serde_json::from_value` makes one, where it is not to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// The issuer identifier.
    #[serde(default)]
    pub issuer: String,
    /// Where tokens are asked for.
    #[serde(default)]
    pub token_endpoint: Option<Url>,
    /// Where a person is sent to log in.
    #[serde(default)]
    pub authorization_endpoint: Option<Url>,
    /// Where a device begins (RFC 8628).
    #[serde(default)]
    pub device_authorization_endpoint: Option<Url>,
    /// Where a refresh token is revoked (RFC 7009).
    #[serde(default)]
    pub revocation_endpoint: Option<Url>,
    /// Where a person is sent to log out (OpenID Connect RP-Initiated Logout).
    #[serde(default)]
    pub end_session_endpoint: Option<Url>,
    /// Where the keys of ID tokens are.
    #[serde(default)]
    pub jwks_uri: Option<Url>,
    /// How clients may prove who they are; not said is `client_secret_basic`.
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether answers to logins have `iss` (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Error> {
        exchange::read(json)
            .ok_or_else(|| Error::new(Code::InvalidMetadata, "the metadata is malformed"))
    }

    /// Whether it is what the server of `issuer` may say.
    pub(crate) fn check(&self, issuer: &str) -> Result<(), Error> {
        if self.issuer != issuer {
            return Err(Error::new(
                Code::IssuerMismatch,
                format!("the metadata of {issuer} is that of another issuer"),
            ));
        }
        let endpoints = [
            ("token_endpoint", &self.token_endpoint),
            ("authorization_endpoint", &self.authorization_endpoint),
            (
                "device_authorization_endpoint",
                &self.device_authorization_endpoint,
            ),
            ("revocation_endpoint", &self.revocation_endpoint),
            ("end_session_endpoint", &self.end_session_endpoint),
            ("jwks_uri", &self.jwks_uri),
        ];
        for (name, url) in endpoints {
            if url.as_ref().is_some_and(|url| !is_trustworthy(url)) {
                return Err(Error::new(
                    Code::InvalidMetadata,
                    format!("{name} in the metadata is not https"),
                ));
            }
        }
        Ok(())
    }

    /// The endpoint that is known as `name`, which this server has to have.
    pub(crate) fn endpoint<'a>(name: &str, url: &'a Option<Url>) -> Result<&'a Url, Error> {
        url.as_ref()
            .ok_or_else(|| Error::new(Code::InvalidMetadata, format!("the metadata has no {name}")))
    }
}

/// `https`, or `http` that does not leave this machine; and no password in it.
pub(crate) fn is_trustworthy(url: &Url) -> bool {
    let encrypted = match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    };
    encrypted && url.username().is_empty() && url.password().is_none()
}

/// `localhost`, `127.0.0.0/8` or `::1`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// An issuer identifier (RFC 8414 §2).
pub(crate) fn parse_issuer(issuer: &str) -> Result<Url, Error> {
    let invalid = |why: &str| Error::new(Code::InvalidIssuer, format!("the issuer {why}"));
    let url = Url::parse(issuer).map_err(|_| invalid("is no URL"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("has a query or a fragment"));
    }
    if !is_trustworthy(&url) {
        return Err(invalid("is not https, nor http on a loopback address"));
    }
    Ok(url)
}

/// Where metadata may be, in the order to look: RFC 8414 §3.1, then OpenID Connect Discovery §4.1.
pub(crate) fn locations(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    [
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("{path}/.well-known/openid-configuration")),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn issuers() {
        for good in [
            "https://tokens.example",
            "https://tokens.example/tenant/",
            "http://127.0.0.1:9400/a",
            "http://127.9.9.9",
            "http://[::1]:1/",
            "http://localhost:9400",
        ] {
            assert!(parse_issuer(good).is_ok(), "{good}");
        }
        for bad in [
            "tokens.example",
            "http://tokens.example",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "https://tokens.example?a",
            "https://tokens.example/#a",
            "https://user:word@tokens.example",
            "ftp://localhost",
            "",
        ] {
            let error = parse_issuer(bad).unwrap_err();
            assert_eq!(error.code(), Code::InvalidIssuer, "{bad}");
        }
    }

    #[test]
    fn well_known_locations() {
        let check = |issuer: &str, expected: [&str; 2]| {
            let locations = locations(&Url::parse(issuer).unwrap());
            assert_eq!(locations.each_ref().map(Url::as_str), expected);
        };
        check(
            "https://a.example",
            [
                "https://a.example/.well-known/oauth-authorization-server",
                "https://a.example/.well-known/openid-configuration",
            ],
        );
        check(
            "https://a.example/t/1/",
            [
                "https://a.example/.well-known/oauth-authorization-server/t/1",
                "https://a.example/t/1/.well-known/openid-configuration",
            ],
        );
    }

    #[test]
    fn what_a_server_may_say() {
        let check = |document: serde_json::Value, code| {
            let metadata: Metadata = serde_json::from_value(document.clone()).unwrap();
            let found = metadata.check("https://a.example").err();
            assert_eq!(found.map(|error| error.code()), code, "{document}");
        };
        let issuer = "https://a.example";
        check(
            json!({"issuer": issuer, "token_endpoint": "https://b.example/t", "x": 1}),
            None,
        );
        check(
            json!({"issuer": issuer, "jwks_uri": "http://127.0.0.1/k"}),
            None,
        );
        check(
            json!({"issuer": "https://a.example/"}),
            Some(Code::IssuerMismatch),
        );
        for name in ["token_endpoint", "jwks_uri", "end_session_endpoint"] {
            let document = json!({"issuer": issuer, name: "http://a.example/x"});
            check(document, Some(Code::InvalidMetadata));
        }
    }
}
