//! The page for a person who is not the one that the application asks for.

use bytes::Bytes;
use http::Response;
use jeton::page::Page;

use super::{Application, PLAIN, Pages, Strong, Who, hidden, main};

/// The style of the page.
const STYLE: &str = concat!(
    include_str!("style/shared.css"),
    include_str!("style/problem.css")
);

/// What the page for a person shows who is not the one that the application asks for.
pub(crate) struct OtherPerson<'a> {
    /// The sealed request.
    pub(crate) request: &'a str,
    pub(crate) application: Application<'a>,
    /// Who is logged in.
    pub(crate) who: Who<'a>,
}

impl Pages<'_> {
    /// The page for a person who is not the one that the application asks for.
    pub(crate) fn other_person(&self, other: &OtherPerson<'_>) -> Response<Bytes> {
        let words = self.words();
        let title = words.other_person.title;
        let body = format!(
            "<h1>{title}</h1><p>{}</p>{}<p>{}</p>\
             <form class=\"ways-on\" method=\"post\" action=\"{}\">{}<button name=\"account\" value=\"other\">{}</button>{}\
             </form>{}",
            words
                .other_person
                .asked
                .with(Strong(other.application.name())),
            self.you_are(&other.who),
            words.other_person.advice,
            self.action(""),
            hidden("request", other.request),
            words.common.other_account,
            self.back_button(PLAIN, words.common.back, "login_required"),
            self.reference(),
        );
        let body = main(&body);
        Page {
            body: &body,
            style: STYLE,
            ..self.page(title)
        }
        .respond()
    }
}
