//! A request to the login application, as its parts see it.

use bytes::Bytes;
use http::{
    HeaderMap, Method,
    header::{ACCEPT_LANGUAGE, HeaderName, ORIGIN},
};
use jeton::{Arrival, Cookie, Host, Inside, Parameters, Server, UnixTime, page::Language};

use crate::{
    application::Application,
    cookies,
    ways::{Pace, With},
};

/// The context of one request. Every part that serves it gets it, and none changes it.
pub(crate) struct At<'a, H: Host> {
    pub(crate) server: Inside<'a, H>,
    /// The server itself, for calls of its endpoints.
    pub(crate) endpoints: &'a Server<H>,
    pub(crate) app: &'a Application,
    pub(crate) method: &'a Method,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) arrival: &'a Arrival,
}

impl<'a, H: Host> At<'a, H> {
    pub(crate) fn now(&self) -> UnixTime {
        self.arrival.at
    }

    /// The URL of a path beneath the issuer's.
    pub(crate) fn url_of(&self, path: &str) -> String {
        format!("{}{path}", self.server.config().issuer().base())
    }

    /// The path beneath the issuer's, on the host that the browser knows.
    pub(crate) fn action(&self, path: &str) -> String {
        format!("{}{path}", self.server.config().issuer().path())
    }

    /// What a way to log in needs of the deployment.
    pub(crate) fn with(&self) -> With<'a, H> {
        With {
            server: self.server,
            upstreams: &self.app.upstreams,
            pace: Pace::Login,
            reach: self.server.config().reach(),
            now: self.now(),
        }
    }

    /// The language of pages, where an application asked for some, or none is known.
    pub(crate) fn language(&self, ui_locales: Option<&str>) -> Language {
        Language::of(ui_locales, self.header(ACCEPT_LANGUAGE))
    }

    pub(crate) fn parameters(&self) -> Option<Parameters<'a>> {
        let encoded = if *self.method == Method::POST {
            self.body
        } else {
            self.query.as_bytes()
        };
        // A form of consent has each scope that the person leaves on.
        Parameters::parse_repeating(encoded, &["scope"]).ok()
    }

    /// The one value of a header, if it is text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&'a str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// As [`cookies::value`].
    pub(crate) fn cookie(&self, cookie: &Cookie) -> Option<&'a str> {
        cookies::value(self.headers, cookie)
    }

    /// Whether the browser does not say that a page of another origin sent the form. Old and small browsers say
    /// nothing; there the key in the form has to do.
    pub(crate) fn is_from_our_page(&self) -> bool {
        let own = self.server.config().issuer().origin();
        let mut origins = self.headers.get_all(ORIGIN).iter();
        origins.all(|origin| origin.as_bytes() == own.as_bytes())
    }
}
