//! The page at the end of a person's way.

use std::{borrow::Cow, fmt::Write};

use bytes::Bytes;
use http::{Response, StatusCode};

use super::{Escaped, Language, Words, page};
use crate::{arrival::RequestId, client::Home, config::Frame, prefix::credential_prefixes};

/// The longest value that a page repeats, in characters.
const LONGEST_SHOWN: usize = 120;

/// What every JWT begins with: `{"` in base64url.
const JWT_PREFIX: &str = "eyJ";

/// The page at the end of a person's way.
pub(crate) struct Ending<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) language: Language,
    pub(crate) status: StatusCode,
    pub(crate) title: &'a str,
    /// What happened, and what to do: HTML.
    pub(crate) text: &'a str,
    pub(crate) way_on: Option<Link<'a>>,
    /// What was wrong, in the words of the standards; `None` where nothing was.
    pub(crate) finding: Option<Finding<'a>>,
    /// The id of the request, by which an operator finds it in the log; `None` where all went well.
    pub(crate) reference: Option<&'a RequestId>,
}

/// A link on a page.
pub(crate) struct Link<'a> {
    /// Empty: the address of the page itself, which then does not stand on it.
    pub(crate) to: &'a str,
    pub(crate) text: &'a str,
}

impl<'a> Link<'a> {
    /// To the application that the person came from.
    pub(crate) fn to_application(home: &'a Home, language: Language) -> Self {
        Self {
            to: home.as_str(),
            text: Words::of(language).common.back,
        }
    }
}

/// What was wrong with a request, for whoever made the application that sent it.
pub(crate) struct Finding<'a> {
    /// RFC 6749 §4.1.2.1 and its like.
    pub(crate) code: &'static str,
    /// The parameter that it is about.
    pub(crate) parameter: Option<&'static str>,
    /// Its value as it was sent; shown only where visitors are developers.
    pub(crate) value: Option<&'a str>,
    /// The rule that it breaks, and where that stands.
    pub(crate) rule: Option<&'static str>,
}

impl Ending<'_> {
    pub(crate) fn respond(&self) -> Response<Bytes> {
        let words = &Words::of(self.language).common;
        let mut body = String::new();
        if let Some(finding) = &self.finding {
            // Writing to a string cannot fail.
            let _ = write!(
                body,
                "<p class=\"kind\"><span>{}</span><code>{}</code></p>",
                words.error.with(self.status.as_u16()),
                finding.code
            );
        }
        let _ = write!(body, "<h1>{}</h1><p>{}</p>", Escaped(self.title), self.text);
        if let Some(Link { to, text }) = &self.way_on {
            let (to, text) = (Escaped(to), Escaped(text));
            let _ = write!(body, "<p><a class=\"button\" href=\"{to}\">{text}</a></p>");
        }
        if let Some(finding) = &self.finding {
            body += &finding.facts(self.frame, self.language);
        }
        if let Some(id) = self.reference {
            let id = Escaped(id.as_str());
            let link = match &self.frame.requests {
                Some(requests) => format!(
                    "<br><a href=\"{}{id}\">{}</a>",
                    Escaped(requests),
                    words.journal
                ),
                None => String::new(),
            };
            let reference = words.reference.with(format_args!("<code>{id}</code>"));
            let _ = write!(body, "<p class=\"hint\">{reference}{link}</p>");
        }
        page(self.frame, self.language, self.status, self.title, &body)
    }
}

impl Finding<'_> {
    fn facts(&self, frame: &Frame, language: Language) -> String {
        let words = &Words::of(language).common;
        let mut facts = String::new();
        if let Some(parameter) = self.parameter {
            let name = words.parameter;
            let _ = write!(facts, "<dt>{name}</dt><dd><code>{parameter}</code></dd>");
            if frame.requests.is_some() {
                let value = match self.value {
                    Some(value) => format!("<code>{}</code>", Escaped(&shown(value))),
                    None => words.no_value.to_owned(),
                };
                let _ = write!(facts, "<dt>{}</dt><dd>{value}</dd>", words.value);
            }
        }
        if let Some(rule) = self.rule {
            let _ = write!(facts, "<dt>{}</dt><dd>{rule}</dd>", words.rule);
        }
        if facts.is_empty() {
            return facts;
        }
        format!("<dl class=\"facts\">{facts}</dl>")
    }
}

/// A value as a page may show it: short, and no credential that came in the wrong place.
fn shown(value: &str) -> Cow<'_, str> {
    let mut prefixes = credential_prefixes().chain([JWT_PREFIX]);
    if prefixes.any(|prefix| value.contains(prefix)) {
        return "[redacted]".into();
    }
    match value.char_indices().nth(LONGEST_SHOWN) {
        None => value.into(),
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short_and_no_credentials() {
        let of_the_server = credential_prefixes().map(|prefix| format!("https://x/?a={prefix}y"));
        for value in of_the_server.chain(["eyJhbGciOiJub25lIn0.e30.".to_owned()]) {
            assert_eq!(shown(&value), "[redacted]", "{value}");
        }
        assert_eq!(shown("nowhere"), "nowhere");
        let long = "é".repeat(LONGEST_SHOWN);
        assert_eq!(shown(&long), long);
        assert_eq!(shown(&format!("{long}é")), format!("{long}…"));
    }
}
