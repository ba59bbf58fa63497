//! A request as the endpoints see it.

use core::net::IpAddr;
use std::borrow::Cow;

use http::{HeaderMap, Method, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::{
    claims::parse_object,
    config::IssuerIdentifier,
    cors::SEC_FETCH_MODE,
    host::Host,
    issuer::Issuer,
    page::Language,
    parameters::{BODY_LIMIT, Parameters},
    refusal::{ManagementFault, Refusal, RequestFault},
    route::Segments,
    time::UnixTime,
};

/// The request headers the server reads. A host for which headers are costly may pass only these.
pub static REQUEST_HEADERS: [header::HeaderName; 10] = [
    header::ACCEPT_LANGUAGE,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::ORIGIN,
    SEC_FETCH_MODE,
];

const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// JSON, and what of it is to change (RFC 7396 §4).
const JSON_TYPES: [&[u8]; 2] = [b"application/json", b"application/merge-patch+json"];

/// The context of one request: the issuer, the request and the time. Every part that serves the
/// request gets it, and none changes it.
pub(crate) struct At<'a, H: Host> {
    pub(crate) issuer: &'a Issuer<H>,
    pub(crate) request: &'a Incoming<'a>,
    pub(crate) now: UnixTime,
}

impl<H: Host> At<'_, H> {
    /// The language of a page, for whom an application asked for some (`ui_locales`), or none that is known.
    pub(crate) fn language(&self, ui_locales: Option<&str>) -> Language {
        Language::of(ui_locales, self.request.header(header::ACCEPT_LANGUAGE))
    }
}

fn decoded(segment: Option<&str>) -> Option<Cow<'_, str>> {
    percent_decode_str(segment?).decode_utf8().ok()
}

/// A request as it came in.
pub(crate) struct Incoming<'a> {
    pub(crate) method: &'a Method,
    /// The path as the browser has it: with what a proxy has taken off.
    pub(crate) path: &'a str,
    /// The segments of the path in the place of the route's `{…}`, in order.
    pub(crate) segments: Segments<'a>,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// The client's, where the host knows it.
    pub(crate) address: Option<IpAddr>,
    pub(crate) sender: Sender,
}

/// Who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// Anybody: what they may do they have to prove.
    Stranger,
    /// The login application that runs in this process: the program itself, so there is nothing to prove.
    /// It may hand logins over, and list and end grants.
    LoginApplication,
}

impl<'a> Incoming<'a> {
    /// The URL of the request without query, under the configured issuer whatever a proxy or a `Host`
    /// header says: so a proof made for another server fails here (RFC 9449 §4.3, `htu`).
    #[cfg_attr(not(test), expect(dead_code, reason = "no proof is bound to it yet"))]
    pub(crate) fn url(&self, issuer: &IssuerIdentifier) -> String {
        format!("{}{}", issuer.origin(), self.path)
    }

    /// The first segment of the path in the place of a `{…}`, percent-decoded; `None` where it is no UTF-8.
    pub(crate) fn first_segment(&self) -> Option<Cow<'a, str>> {
        decoded(self.segments.first)
    }

    /// The second one.
    pub(crate) fn second_segment(&self) -> Option<Cow<'a, str>> {
        decoded(self.segments.second)
    }

    /// The JSON object in the body. A body of another type is refused.
    pub(crate) fn json(&self) -> Result<Map<String, Value>, ManagementFault> {
        if !JSON_TYPES.contains(&self.media_type().to_ascii_lowercase().as_slice()) {
            return Err(ManagementFault::ContentType);
        }
        let text = std::str::from_utf8(self.body).map_err(|_| ManagementFault::NotUtf8)?;
        Ok(parse_object(text)?)
    }

    /// The media type of the body without its parameters; empty where none is named. `charset=UTF-8` is
    /// common and says nothing new.
    fn media_type(&self) -> &'a [u8] {
        let line = self.headers.get(header::CONTENT_TYPE);
        let value = line.and_then(|value| value.as_bytes().split(|&byte| byte == b';').next());
        value.unwrap_or_default().trim_ascii()
    }

    /// The parameters of the form in the body; a body of another type is refused.
    pub(crate) fn form(&self) -> Result<Parameters<'a>, Refusal> {
        if !self.media_type().eq_ignore_ascii_case(FORM) {
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

    /// The one value of a header, if it is text. A header that was sent twice has none: a Worker gets
    /// it as one value, which is neither of the two.
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&'a str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// The value of a cookie of ours (RFC 6265 §5.4). One that was sent twice has none: one of the two
    /// was planted.
    ///
    /// Read as bytes, because the cookies of other applications come with ours: browsers send what is
    /// not ASCII in them as it is, and HTTP/2 may send each in a line of its own (RFC 9113 §8.2.3).
    pub(crate) fn cookie(&self, name: &str) -> Option<&'a str> {
        let mut values = self
            .headers
            .get_all(header::COOKIE)
            .iter()
            .flat_map(|line| line.as_bytes().split(|&byte| byte == b';'))
            .filter_map(|pair| {
                let pair = pair.trim_ascii();
                pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
            });
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        std::str::from_utf8(value).ok()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// A request with these `Cookie` lines is asked for the cookie `own`.
    fn check_cookie(lines: &[&[u8]], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        let request = Incoming {
            method: &Method::GET,
            path: "/",
            segments: Segments::default(),
            query: "",
            headers: &headers,
            body: b"",
            address: None,
            sender: Sender::Stranger,
        };
        assert_eq!(request.cookie("own"), expected, "{headers:?}");
    }

    #[test]
    fn our_cookie_is_found_among_those_of_others() {
        check_cookie(&[], None);
        check_cookie(&[b"own=1"], Some("1"));
        check_cookie(&[b"a=b;own=1 ; c"], Some("1"));
        check_cookie(&[b"name=Jos\xc3\xa9; own=1"], Some("1"));
        check_cookie(&[b"own=1; name=Jos\xe9; =; \xff\xff=\xfe"], Some("1"));
        check_cookie(&[b"name=Jos\xe9", b"own=1"], Some("1"));
        check_cookie(&[b"own", b"owner=1; an own=1; Own=1"], None);
        check_cookie(&[b"own="], Some(""));
        check_cookie(&[b"own=\xff"], None);
        check_cookie(&[b"own=1; own=1"], None);
        check_cookie(&[b"own=1", b"own=2"], None);
        check_cookie(&[b"own=1", b"own=\xff"], None);
    }

    #[test]
    fn the_url_is_under_the_pinned_issuer() {
        let check = |issuer: &str, path: &str, expected: &str| {
            let headers = HeaderMap::from_iter([(header::HOST, "inner:8080".parse().unwrap())]);
            let request = Incoming {
                method: &Method::POST,
                path,
                segments: Segments::default(),
                query: "a=b",
                headers: &headers,
                body: b"",
                address: None,
                sender: Sender::Stranger,
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
