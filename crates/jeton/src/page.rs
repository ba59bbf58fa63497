//! Pages for people: plain HTML that needs no script and cannot be framed, but for the form that takes an
//! answer to a client.

use std::fmt::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY},
};
use sha2::{Digest, Sha256};
use url::Url;

use crate::config::Frame;

mod bar;
mod ending;
mod language;
pub(crate) mod words;

pub(crate) use ending::{Ending, Finding, Link};
pub use language::Language;
pub use words::Gap;
pub(crate) use words::Words;

/// The style of every page. Colours are variables, so that pages with a style of their own keep to
/// them.
const STYLE: &str = include_str!("page/style/page.css");

/// The style of what only some pages have, after the HTML by which one shows that it has it.
const STYLE_OF: [(&str, &str); 7] = [
    ("<nav", include_str!("page/style/nav.css")),
    ("class=\"part\"", include_str!("page/style/part.css")),
    ("placeholder=", include_str!("page/style/placeholder.css")),
    ("aria-invalid", include_str!("page/style/invalid.css")),
    ("class=\"facts\"", include_str!("page/style/facts.css")),
    ("class=\"code\"", include_str!("page/style/code.css")),
    ("class=\"asked\"", include_str!("page/style/asked.css")),
];

/// The policy of every page but one: nobody may frame it.
const UNFRAMED: &str = "frame-ancestors 'none'";

/// The policy of a page whose forms may be sent to this origin only, and their answers lead nowhere else.
const CONTAINED: &str = "frame-ancestors 'none'; form-action 'self'";

/// The script that submits the form of a page made by [`form_post`].
const SUBMIT: &str = "document.forms[0].submit()";

/// Text escaped for HTML and for quoted attributes.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A page that asks or says one thing; `body` is HTML, its heading included.
pub(crate) fn page(
    frame: &Frame,
    language: Language,
    status: StatusCode,
    title: &str,
    body: &str,
) -> Response<Bytes> {
    let page = Page {
        status,
        body: &main(body),
        ..card(frame, language, title)
    };
    page.respond()
}

/// A page whose forms may be sent to this origin only.
pub(crate) fn contained(
    frame: &Frame,
    language: Language,
    title: &str,
    body: &str,
) -> Response<Bytes> {
    let page = Page {
        body: &main(body),
        ..card(frame, language, title)
    };
    page.respond_contained()
}

/// The application that a page is about: HTML. `says` is HTML, too.
#[must_use]
pub fn application(name: &str, says: &str) -> String {
    // The style has it in capitals: the tables of all scripts' capitals are 6 kB of a Worker.
    let initial: String = name.chars().take(1).collect();
    format!(
        "<div class=\"app\"><span class=\"tile\" data-initial=\"{}\"></span><p>{says}</p></div>",
        Escaped(&initial)
    )
}

/// What the scopes of OpenID Connect Core §5.4 and §11 stand for, in words for people.
#[must_use]
pub fn standard_scope(language: Language, token: &str) -> Option<&'static str> {
    let words = &Words::of(language).scopes;
    Some(match token {
        "openid" => words.openid,
        "profile" => words.profile,
        "email" => words.email,
        "address" => words.address,
        "phone" => words.phone,
        "offline_access" => words.offline_access,
        _ => return None,
    })
}

/// A page whose whole body the caller makes.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// What stands around it.
    pub frame: &'a Frame,
    /// The language that it is in.
    pub language: Language,
    /// The HTTP status (RFC 9110 §15).
    pub status: StatusCode,
    /// The title in the browser.
    pub title: &'a str,
    /// CSS in addition to that of every page.
    pub style: &'a str,
    /// A script, which may ask this origin; empty where there is none.
    pub script: &'static str,
    /// The path of the page, if it is one that the frame links to.
    pub path: &'a str,
    /// The HTML below the bar: `<main>` and what is in it.
    pub body: &'a str,
}

impl Page<'_> {
    /// The page as a response that no cache keeps. Its forms may be sent anywhere, and so may the redirects
    /// that answer them.
    #[must_use]
    pub fn respond(&self) -> Response<Bytes> {
        if self.script.is_empty() {
            return html(self, UNFRAMED);
        }
        let script = source_hash(self.script);
        html(
            self,
            &format!("{UNFRAMED}; script-src '{script}'; connect-src 'self'"),
        )
    }

    /// The page, without its script, as a response whose forms may be sent to this origin only.
    #[must_use]
    pub fn respond_contained(&self) -> Response<Bytes> {
        html(
            &Page {
                script: "",
                ..*self
            },
            CONTAINED,
        )
    }
}

/// A page that posts `fields` to `action` by itself, or by its button where scripts are off
/// (OAuth 2.0 Form Post Response Mode §2).
///
/// Pages of the origin that it goes to may frame it: a client renews its login silently in a frame, and what
/// the page holds that origin gets anyway. Nobody else may.
#[must_use]
pub fn form_post(
    frame: &Frame,
    language: Language,
    action: &str,
    fields: &[(&str, &str)],
) -> Response<Bytes> {
    let words = &Words::of(language).common;
    let mut body = format!(
        "<h1>{}</h1><p>{}</p><form method=\"post\" action=\"{}\">",
        words.one_moment,
        words.on_the_way_back,
        Escaped(action)
    );
    for (name, value) in fields {
        // Writing to a string cannot fail.
        let _ = write!(
            body,
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            Escaped(name),
            Escaped(value)
        );
    }
    // Writing to a string cannot fail.
    let _ = write!(body, "<button>{}</button></form>", words.proceed);
    let framed_by = Url::parse(action).ok().map(|action| action.origin());
    let framed_by = framed_by.filter(url::Origin::is_tuple);
    let framed_by = framed_by.map_or("'none'".into(), |origin| origin.ascii_serialization());
    let script = source_hash(SUBMIT);
    let policy = format!("frame-ancestors {framed_by}; script-src '{script}'");
    let page = Page {
        script: SUBMIT,
        ..card(frame, language, words.one_moment)
    };
    html(
        &Page {
            body: &main(&body),
            ..page
        },
        &policy,
    )
}

fn main(body: &str) -> String {
    format!("<main>{body}</main>")
}

/// A page without a body yet.
fn card<'a>(frame: &'a Frame, language: Language, title: &'a str) -> Page<'a> {
    Page {
        frame,
        language,
        status: StatusCode::OK,
        title,
        style: "",
        script: "",
        path: "",
        body: "",
    }
}

fn html(page: &Page<'_>, policy: &str) -> Response<Bytes> {
    let theme = &page.frame.theme;
    let bar = bar::bar(page);
    let mut style = STYLE.to_owned();
    for (of, part) in STYLE_OF {
        if bar.contains(of) || page.body.contains(of) {
            style += part;
        }
    }
    style += &theme.style;
    style += page.style;
    let script = match page.script {
        "" => String::new(),
        script => format!("<script>{script}</script>"),
    };
    let text = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{} · {}</title>\
         <style>{style}</style></head><body>{}{}{script}</body></html>\n",
        page.language.tag(),
        Escaped(page.title),
        Escaped(&page.frame.name),
        bar,
        page.body
    );
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = page.status;
    // form-action only where asked for: browsers hold the redirects that follow a form to it as
    // well, and those lead to clients and login applications anywhere.
    let images = if theme.logo.is_some() {
        " img-src 'self';"
    } else {
        ""
    };
    let policy = format!(
        "default-src 'none'; style-src '{}';{images} base-uri 'none'; {policy}",
        source_hash(&style)
    );
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in PAGE_GUARDS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Headers of every page. Not `no-referrer`, which would make the `Origin` of a form on it `null`.
const PAGE_GUARDS: [(HeaderName, &str); 2] = [
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "same-origin"),
];

/// Headers of every redirect. No referrer: the address it leaves may hold a request or a ticket.
const REDIRECT_GUARDS: [(HeaderName, &str); 2] = [
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
];

/// The hash of an inline script or style (Content Security Policy Level 3 §2.3.1).
fn source_hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// A redirect with status 303: whatever the method was, the browser goes on with GET (RFC 9700
/// §4.12).
#[must_use]
pub fn see_other(location: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    match HeaderValue::try_from(location) {
        Ok(location) => {
            headers.insert(LOCATION, location);
        }
        // Registered URIs are printable ASCII and what is appended is percent-encoded.
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    let headers = response.headers_mut();
    for (name, value) in REDIRECT_GUARDS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
