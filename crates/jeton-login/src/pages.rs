//! The pages of the login application: functions of plain data, which know no server and no upstream.
//!
//! Each page has one form at most: it carries the sealed request once, which may be long, and its buttons say
//! where it goes. What a page sends:
//!
//! ```text
//! POST {path}           request?, provider, account?  log in that way
//!                       request?, account=other      ask anew who it is, whoever is logged in
//! POST {path}/consent   request, form_key, scope…    allow
//! POST {path}/back      request, error, problem?     back to the application with that error
//! POST {path}/logout    form_key, request?, return_to?, upstream=yes?
//! POST {path}/account   form_key, client=ID | end=everything
//! ```
//!
//! A form may have fields that the place it goes to does not read.

use core::fmt::{self, Write};

use http::StatusCode;
use jeton::{
    Frame, RequestId,
    page::{Escaped, Gap, Language, Page},
};

use crate::words::Words;

mod account;
mod application;
mod chooser;
mod consent;
mod finished;
mod logout;
mod looks;
mod other_person;
mod problem;

pub(crate) use account::{Account, Entry, EntryKind, MOST_ENTRIES, Notice};
pub(crate) use application::{Application, Asking, Origin};
pub(crate) use chooser::{AccountWanted, Chooser, WayIn};
pub(crate) use consent::{About, Answered, Audience, Before, Consent, ScopeGroup, ScopeItem};
pub(crate) use finished::Finished;
pub(crate) use logout::{LoggedOut, Logout, UpstreamLogout};
pub(crate) use looks::{ColorsRecord, Looks, LooksRecord};
pub(crate) use other_person::OtherPerson;
pub(crate) use problem::{Problem, ProblemPage, Ways};

#[cfg(test)]
mod tests;

/// The style of a page that has none of its own, besides that of every page.
const STYLE: &str = include_str!("pages/style/shared.css");

/// The attribute of a button that is not the one that most people need.
const PLAIN: &str = " class=\"plain\"";

/// The longest name that a page shows, in characters.
const LONGEST_NAME: usize = 80;

/// What all pages for one request of a browser have in common.
#[derive(Clone, Copy)]
pub(crate) struct Pages<'a> {
    pub(crate) frame: &'a Frame,
    /// The path of the application on its origin, without final slash: `/login`.
    pub(crate) path: &'a str,
    pub(crate) language: Language,
    /// The id of the request, by which an operator finds it in the log.
    pub(crate) reference: Option<&'a RequestId>,
}

/// A person, as a page names them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    /// Their name, or what else is known of them; never empty.
    pub(crate) name: &'a str,
    /// What tells them from others of that name: an address, or a user name.
    pub(crate) detail: Option<&'a str>,
    /// The name of the upstream where they have their account.
    pub(crate) upstream: &'a str,
}

impl<'a> Pages<'a> {
    fn words(&self) -> &'static Words {
        Words::of(self.language)
    }

    /// The address beneath the application's: HTML.
    fn action(&self, beneath: &str) -> String {
        format!("{}{beneath}", Escaped(self.path))
    }

    /// A page without a body yet.
    fn page<'b>(&self, title: &'b str) -> Page<'b>
    where
        'a: 'b,
    {
        Page {
            frame: self.frame,
            language: self.language,
            status: StatusCode::OK,
            title,
            style: STYLE,
            script: "",
            path: "",
            body: "",
        }
    }

    /// The button that leads from a form back to the application, with an error (RFC 6749 §4.1.2.1).
    /// `class` is an attribute or nothing.
    fn back_button(&self, class: &str, text: &str, error: &str) -> String {
        format!(
            "<button{class} formaction=\"{}\" name=\"error\" value=\"{error}\">{text}</button>",
            self.action("/back")
        )
    }

    /// The id of the request, for whoever is asked for help.
    fn reference(&self) -> String {
        self.reference.map_or_else(String::new, |id| {
            let id = format!("<code>{}</code>", Escaped(id.as_str()));
            let says = self.words().common.reference.with(id);
            format!("<p class=\"hint\">{says}</p>")
        })
    }

    /// Who is logged in.
    fn you_are(&self, who: &Who<'_>) -> String {
        self.person(who, self.words().common.you_are)
    }

    /// A person, and what `says` says of them.
    fn person(&self, who: &Who<'_>, says: Gap) -> String {
        let common = &self.words().common;
        let account = common.by_account_at.with(Named(who.upstream));
        let detail = who
            .detail
            .map_or_else(String::new, |detail| format!("{} · ", Named(detail)));
        format!(
            "<div class=\"who\"><span class=\"tile round\" data-initial=\"{}\"></span>\
             <p>{}<span class=\"hint\">{detail}{account}</span></p></div>",
            Escaped(&initial(who.name)),
            says.with(Strong(who.name)),
        )
    }
}

/// The part of a page that is its own; `body` is HTML, its heading included.
fn main(body: &str) -> String {
    format!("<main>{body}</main>")
}

/// A name that somebody else chose, shortened, and apart from the text around it, whatever its script.
struct Named<'a>(&'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        match self.0.char_indices().nth(LONGEST_NAME) {
            None => Escaped(self.0).fmt(f)?,
            Some((end, _)) => {
                Escaped(self.0.get(..end).unwrap_or_default()).fmt(f)?;
                f.write_char('…')?;
            }
        }
        f.write_str("</bdi>")
    }
}

/// Such a name that is what a sentence is about.
struct Strong<'a>(&'a str);

impl fmt::Display for Strong<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<strong>{}</strong>", Named(self.0))
    }
}

/// A field that a person does not see.
fn hidden(name: &str, value: &str) -> String {
    format!(
        "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
        Escaped(value)
    )
}

/// The letter on the tile of a name, which the style makes a capital.
fn initial(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.take(1).collect()
}
