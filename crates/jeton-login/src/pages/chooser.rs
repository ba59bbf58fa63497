//! The page with the ways to log in.

use core::fmt::Write;

use bytes::Bytes;
use http::Response;
use jeton::page::{Escaped, Page};

use super::{Asking, Named, PLAIN, Pages, hidden, initial, main};

/// The style of the page.
const STYLE: &str = concat!(
    include_str!("style/shared.css"),
    include_str!("style/ways.css")
);

/// What the page with the ways to log in shows.
pub(crate) struct Chooser<'a> {
    /// The sealed request; empty where the person came by themselves.
    pub(crate) request: &'a str,
    pub(crate) asking: Asking<'a>,
    pub(crate) account: AccountWanted,
    /// In the order in which they are shown; never empty.
    pub(crate) ways: &'a [WayIn<'a>],
}

/// Which account a person is to log in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountWanted {
    Any,
    /// Not the one that the upstream would take by itself.
    Another,
}

/// A way to log in, as it is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WayIn<'a> {
    /// Its name in addresses.
    pub(crate) id: &'a str,
    /// Its name for people.
    pub(crate) name: &'a str,
}

impl Pages<'_> {
    /// The page with the ways to log in.
    pub(crate) fn chooser(&self, chooser: &Chooser<'_>) -> Response<Bytes> {
        let words = self.words();
        let mut buttons = String::new();
        for way in chooser.ways {
            let text = words.chooser.continue_with.with(Named(way.name));
            // Writing to a string cannot fail.
            let _ = write!(
                buttons,
                "<li><button name=\"provider\" value=\"{}\" data-initial=\"{}\">\
                 <span>{text}</span></button></li>",
                Escaped(way.id),
                Escaped(&initial(way.name)),
            );
        }
        let (request, back) = match chooser.request {
            "" => (String::new(), String::new()),
            request => (
                hidden("request", request),
                self.back_button(PLAIN, words.common.cancel, "access_denied"),
            ),
        };
        let account = match chooser.account {
            AccountWanted::Any => String::new(),
            AccountWanted::Another => hidden("account", "other"),
        };
        let body = format!(
            "{}<h1>{title}</h1><form method=\"post\" action=\"{}\">{}{account}\
             <ul class=\"ways\" aria-label=\"{}\">{buttons}</ul>{}</form>",
            self.asking(&chooser.asking),
            self.action(""),
            request,
            words.chooser.ways,
            back,
            title = words.chooser.title,
        );
        let body = main(&body);
        Page {
            style: STYLE,
            body: &body,
            ..self.page(words.chooser.title)
        }
        .respond()
    }
}
