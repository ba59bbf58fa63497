//! The page for whoever comes back to a login that is finished.

use bytes::Bytes;
use http::Response;
use jeton::page::{Escaped, Page};

use super::{Named, Pages, Who, main};

/// What the page shows of a login that is finished.
pub(crate) struct Finished<'a> {
    /// Who is logged in.
    pub(crate) who: Who<'a>,
    /// The name of the application that the login was for, and an address of its own.
    pub(crate) application: Option<(&'a str, &'a str)>,
}

impl Pages<'_> {
    /// The page for whoever comes back to a login that is finished.
    pub(crate) fn finished(&self, finished: &Finished<'_>) -> Response<Bytes> {
        let words = &self.words().finished;
        let on = finished
            .application
            .map_or_else(String::new, |(name, address)| {
                format!(
                    "<p><a class=\"button\" href=\"{}\">{}</a></p>",
                    Escaped(address),
                    words.go_to.with(Named(name))
                )
            });
        let body = format!(
            "<h1>{title}</h1><p>{}</p>{}{on}{}",
            words.text,
            self.you_are(&finished.who),
            self.account_link(),
            title = words.title,
        );
        let body = main(&body);
        Page {
            body: &body,
            ..self.page(words.title)
        }
        .respond()
    }

    /// The link to the page where people see what they have given.
    pub(super) fn account_link(&self) -> String {
        format!(
            "<p><a href=\"{}\">{}</a></p>",
            self.action("/account"),
            self.words().account.title
        )
    }
}
