//! A request as the endpoints see it.

use std::net::IpAddr;

use http::{HeaderMap, Method, header};

use crate::{
    config::IssuerIdentifier,
    host::Host,
    issuer::Issuer,
    parameters::{BODY_LIMIT, Parameters},
    refusal::{Refusal, RequestFault},
    time::UnixTime,
};

/// The request headers the server reads. A host for which headers are costly may pass only these.
pub static REQUEST_HEADERS: [header::HeaderName; 5] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::IF_NONE_MATCH,
    header::ORIGIN,
];

const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// The context of one request: the issuer, the request and the time. Every part that serves the
/// request gets it, and none changes it.
pub(crate) struct At<'a, H: Host> {
    pub(crate) issuer: &'a Issuer<H>,
    pub(crate) request: &'a Incoming<'a>,
    pub(crate) now: UnixTime,
}

/// A request as it came in.
pub(crate) struct Incoming<'a> {
    pub(crate) method: &'a Method,
    /// The path as it was sent.
    pub(crate) path: &'a str,
    /// The segment of the path in the place of the route's `{…}`.
    #[expect(dead_code, reason = "no route has one yet")]
    pub(crate) parameter: Option<&'a str>,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// The client's, where the host knows it.
    #[expect(dead_code, reason = "nothing is limited by it yet")]
    pub(crate) address: Option<IpAddr>,
}

impl<'a> Incoming<'a> {
    /// The URL of the request without query, under the configured issuer whatever a proxy or a `Host`
    /// header says: so a proof made for another server fails here (RFC 9449 §4.3, `htu`).
    #[cfg_attr(not(test), expect(dead_code, reason = "no proof is bound to it yet"))]
    pub(crate) fn url(&self, issuer: &IssuerIdentifier) -> String {
        format!("{}{}", issuer.origin(), self.path)
    }

    /// The parameters of the form in the body; a body of another type is refused.
    pub(crate) fn form(&self) -> Result<Parameters<'a>, Refusal> {
        // The media type without its parameters; `charset=UTF-8` is common and says nothing new.
        let media_type = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.as_bytes().split(|&byte| byte == b';').next())
            .ok_or(RequestFault::ContentType)?;
        if !media_type.trim_ascii().eq_ignore_ascii_case(FORM) {
            return Err(RequestFault::ContentType.into());
        }
        Ok(Parameters::parse(self.body)?)
    }

    /// The parameters of the query (GET) or of a form in the body (POST), for endpoints that a
    /// browser visits.
    pub(crate) fn query_or_form(&self) -> Result<Parameters<'a>, Refusal> {
        if self.method == Method::POST {
            return self.form();
        }
        if self.query.len() > BODY_LIMIT {
            return Err(RequestFault::BodyTooLarge.into());
        }
        Ok(Parameters::parse(self.query.as_bytes())?)
    }

    /// The one value of a header, if it is text.
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of a cookie (RFC 6265 §5.4). A cookie that was sent twice has none: one of the two was
    /// planted.
    pub(crate) fn cookie(&self, name: &str) -> Option<&'a str> {
        let mut values = self
            .headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(own, _)| *own == name)
            .map(|(_, value)| value);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_under_the_pinned_issuer() {
        let check = |issuer: &str, path: &str, expected: &str| {
            let headers = HeaderMap::from_iter([(header::HOST, "inner:8080".parse().unwrap())]);
            let request = Incoming {
                method: &Method::POST,
                path,
                parameter: None,
                query: "a=b",
                headers: &headers,
                body: b"",
                address: None,
            };
            let issuer = IssuerIdentifier::parse(issuer, crate::mode::Mode::Production).unwrap();
            assert_eq!(request.url(&issuer), expected);
        };
        check("https://id.example", "/token", "https://id.example/token");
        check(
            "https://id.example/a",
            "/a/token",
            "https://id.example/a/token",
        );
        check(
            "https://id.example/a",
            "/.well-known/oauth-authorization-server/a",
            "https://id.example/.well-known/oauth-authorization-server/a",
        );
    }
}
