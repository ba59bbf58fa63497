//! Pages for people: plain HTML that needs no script and cannot be framed.

use std::fmt::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use sha2::{Digest, Sha256};

const STYLE: &str = "\
:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}\
body{max-width:28rem;margin:12vh auto;padding:0 1.5rem}\
h1{font-size:1.4rem}code{font-size:1.1em}\
label{display:block;margin:1rem 0 .3rem}\
input,textarea{font:inherit;padding:.5rem;width:100%;box-sizing:border-box}\
button{font:inherit;padding:.5rem 1.2rem;margin:1rem .5rem 0 0;cursor:pointer}\
.hint{opacity:.75}";

/// Submits the one form of a page that has nothing else to do.
const SUBMIT: &str = "document.forms[0].submit()";

/// Text in HTML, or in a quoted attribute.
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
    html(status, title, body, "")
}

/// A page whose forms lead nowhere else.
pub(crate) fn contained(title: &str, body: &str) -> Response<Bytes> {
    html(StatusCode::OK, title, body, "; form-action 'self'")
}

/// A page that posts `fields` to `action` by itself, or by its button where scripts are off
/// (OAuth 2.0 Form Post Response Mode §2).
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
    let scripts = format!("; script-src '{}'", source_hash(SUBMIT));
    html(StatusCode::OK, "One moment", &body, &scripts)
}

fn html(status: StatusCode, title: &str, body: &str, policy: &str) -> Response<Bytes> {
    let title = Escaped(title);
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>\n"
    );
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    // form-action only where asked for: browsers hold the redirects that follow a form to it as
    // well, and those lead to clients and login applications anywhere.
    let policy = format!(
        "default-src 'none'; style-src '{}'; base-uri 'none'; frame-ancestors 'none'{policy}",
        source_hash(STYLE)
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

/// Of a page. Not `no-referrer`, which would make the `Origin` of a form on it `null`.
const PAGE_GUARDS: [(HeaderName, &str); 3] = [
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Of a redirect: the address it leaves may hold a request or a ticket.
const REDIRECT_GUARDS: [(HeaderName, &str); 2] = [
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
];

/// Content Security Policy Level 3 §2.3.1.
fn source_hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// 303: whatever the method was, the browser goes on with GET (RFC 9700 §4.12).
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
