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

use crate::{arrival::RequestId, client::Home};

/// The style of every page. Colours are variables, so that pages with a style of their own keep to
/// them.
const STYLE: &str = "\
:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif;\
--ground:#f3f5f4;--paper:#fff;--ink:#16201e;--soft:#52605c;--line:#dbe2df;--edge:#75847f;\
--mark:#0b6e63;--on:#fff;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{\
--ground:#0f1413;--paper:#181f1d;--ink:#e6edea;--soft:#9fafaa;--line:#2b3532;--edge:#71817c;\
--mark:#5fd0bf;--on:#06201c;--bad:#ff9188}}\
*{box-sizing:border-box}\
body{margin:0;padding:10vh 1rem 2rem;background:var(--ground);color:var(--ink);overflow-wrap:anywhere}\
main{max-width:27rem;margin:auto;padding:1.75rem 2rem 2rem;background:var(--paper);\
border:1px solid var(--line);border-radius:.8rem}\
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.25}\
code{padding:.1em .25em;font-family:ui-monospace,monospace;background:var(--ground);border-radius:.3em}\
label{display:block;margin:1.1rem 0 .35rem;font-weight:600}\
input,textarea{width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:var(--ground);\
border:1px solid var(--edge);border-radius:.45rem}\
.code{padding:.6rem;font:1.4rem ui-monospace,monospace;letter-spacing:.08em;text-align:center;\
background:var(--ground);border-radius:.45rem}\
button,.button{display:inline-block;margin:1.25rem .5rem 0 0;padding:.6rem 1.4rem;font:inherit;\
font-weight:600;text-decoration:none;cursor:pointer;\
color:var(--on);background:var(--mark);border:1px solid var(--mark);border-radius:.45rem}\
button+button{color:inherit;background:none;border-color:var(--edge)}\
:focus-visible{outline:3px solid var(--mark);outline-offset:2px}\
[role=alert]{padding:.5rem .8rem;border:1px solid var(--bad);border-left-width:5px;border-radius:.3rem}\
.hint{color:var(--soft);font-size:.9rem}\
.hint code{display:inline-block}";

/// The policy of every page but one: nobody may frame it.
const UNFRAMED: &str = "frame-ancestors 'none'";

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

/// A page with a heading; `body` is HTML.
#[must_use]
pub fn page(status: StatusCode, title: &str, body: &str) -> Response<Bytes> {
    titled(status, title, body, UNFRAMED)
}

/// A page whose forms may be sent to this origin only.
pub(crate) fn contained(title: &str, body: &str) -> Response<Bytes> {
    let policy = format!("{UNFRAMED}; form-action 'self'");
    titled(StatusCode::OK, title, body, &policy)
}

/// The page at the end of a person's way.
pub(crate) struct Ending<'a> {
    pub(crate) status: StatusCode,
    pub(crate) title: &'a str,
    /// What happened, and what to do.
    pub(crate) text: &'a str,
    pub(crate) way_on: Option<Link<'a>>,
    /// The id of the request, by which an operator finds it in the log.
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
    pub(crate) fn to_application(home: &'a Home) -> Self {
        Self {
            to: home.as_str(),
            text: "Back to the application",
        }
    }
}

impl Ending<'_> {
    pub(crate) fn respond(&self) -> Response<Bytes> {
        let mut body = format!("<p>{}</p>", Escaped(self.text));
        if let Some(Link { to, text }) = &self.way_on {
            let (to, text) = (Escaped(to), Escaped(text));
            body += &format!("<p><a class=\"button\" href=\"{to}\">{text}</a></p>");
        }
        if let Some(id) = self.reference {
            let id = Escaped(id.as_str());
            body += &format!("<p class=\"hint\">Reference: <code>{id}</code></p>");
        }
        page(self.status, self.title, &body)
    }
}

/// A page whose whole body the caller makes.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The HTTP status (RFC 9110 §15).
    pub status: StatusCode,
    /// The title in the browser.
    pub title: &'a str,
    /// CSS in addition to that of every page.
    pub style: &'a str,
    /// The HTML between `<body>` and `</body>`.
    pub body: &'a str,
}

impl Page<'_> {
    /// The page as a response.
    #[must_use]
    pub fn respond(&self) -> Response<Bytes> {
        html(self, UNFRAMED)
    }
}

/// A page that posts `fields` to `action` by itself, or by its button where scripts are off
/// (OAuth 2.0 Form Post Response Mode §2).
///
/// Pages of the origin that it goes to may frame it: a client renews its login silently in a frame, and what
/// the page holds that origin gets anyway. Nobody else may.
pub(crate) fn form_post(action: &str, fields: &[(&str, &str)]) -> Response<Bytes> {
    let mut body = format!("<form method=\"post\" action=\"{}\">", Escaped(action));
    for (name, value) in fields {
        // Writing to a string cannot fail.
        let _ = write!(
            body,
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            Escaped(name),
            Escaped(value)
        );
    }
    let _ = write!(
        body,
        "<button>Continue</button></form><script>{SUBMIT}</script>"
    );
    let framed_by = Url::parse(action).ok().map(|action| action.origin());
    let framed_by = framed_by.filter(url::Origin::is_tuple);
    let framed_by = framed_by.map_or("'none'".into(), |origin| origin.ascii_serialization());
    let script = source_hash(SUBMIT);
    let policy = format!("frame-ancestors {framed_by}; script-src '{script}'");
    titled(StatusCode::OK, "One moment", &body, &policy)
}

/// A page with a heading; `policy` is appended to its `Content-Security-Policy`.
fn titled(status: StatusCode, title: &str, body: &str, policy: &str) -> Response<Bytes> {
    let body = format!("<main><h1>{}</h1>{body}</main>", Escaped(title));
    let page = Page {
        status,
        title,
        style: "",
        body: &body,
    };
    html(&page, policy)
}

fn html(page: &Page<'_>, policy: &str) -> Response<Bytes> {
    let style = format!("{STYLE}{}", page.style);
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>\
         <style>{style}</style></head><body>{}</body></html>\n",
        Escaped(page.title),
        page.body
    );
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = page.status;
    // form-action only where asked for: browsers hold the redirects that follow a form to it as
    // well, and those lead to clients and login applications anywhere.
    let policy = format!(
        "default-src 'none'; style-src '{}'; base-uri 'none'; {policy}",
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
