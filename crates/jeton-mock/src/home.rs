//! The home page, which is the default issuer's, and the page of every other issuer: what is there, and how
//! to use it.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header::ACCEPT};
use jeton::page::Escaped;
use jeton_http::Scheme;

use crate::{
    address::{Address, is_issuer_name},
    issuer::Issuer,
    layout::{Layout, copyable},
    platform::Kind,
    profile,
    provider::Provider,
    spec::Strictness,
};

mod issuer;
mod registered;
mod snippets;

/// How many issuers are shown: nobody reads a page of ten thousand.
const SHOWN: usize = 60;

/// The home page.
pub(crate) fn home(
    provider: &Provider,
    request: &Request<Bytes>,
    scheme: Scheme,
) -> Response<Bytes> {
    let address = provider.address_of("", request, scheme);
    let layout = Layout::new("", &address.browser);
    let of_default = match provider.find("") {
        Some(issuer) => issuer::sections(&issuer, &address),
        None => String::new(),
    };
    let body = format!(
        "<h1>Jeton mock</h1>\
         <p class=\"lead\">An OpenID Connect and OAuth 2.0 provider for development and tests, with the \
         real protocol and nothing to configure. Everyone knows its keys: trust no token of it.</p>\
         {}{}{of_default}{}",
        warning(provider),
        issuers(provider, &address, &layout),
        more(provider, &layout)
    );
    layout.sheet(StatusCode::OK, "Home", "", &body)
}

/// The page of the issuer at this path, for a browser; a program asked for something else.
pub(crate) fn of_issuer(
    provider: &Provider,
    request: &Request<Bytes>,
    scheme: Scheme,
) -> Option<Response<Bytes>> {
    if !wants_page(request.headers()) {
        return None;
    }
    let path = request
        .uri()
        .path()
        .strip_prefix(provider.addresses().path())?;
    let name = path.strip_prefix('/')?;
    let name = name.strip_suffix('/').unwrap_or(name);
    if name.is_empty() || !is_issuer_name(name) {
        return None;
    }
    let issuer = provider.find_or_make(name).ok()?;
    let address = provider.address_of(name, request, scheme);
    let layout = Layout::new(name, &address.browser);
    let body = format!(
        "<h1>Issuer <code>{}</code></h1><p class=\"lead\">{}</p>{}{}",
        Escaped(name),
        rules(&issuer),
        warning(provider),
        issuer::sections(&issuer, &address)
    );
    Some(layout.sheet(StatusCode::OK, name, "", &body))
}

/// Whether a browser asks for something to show (RFC 9110 §12.5.1).
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.to_ascii_lowercase().contains("text/html"))
}

fn rules(issuer: &Issuer) -> &'static str {
    match issuer.strictness() {
        Strictness::Lenient => "Lenient: any client, any secret, any redirect URI, any scope.",
        Strictness::Strict => "Strict: as in production.",
    }
}

fn warning(provider: &Provider) -> String {
    let warning = provider.warning().map(|text| {
        let text = Escaped(text);
        format!("<p role=\"alert\"><strong>Warning: {text}</strong></p>")
    });
    warning.unwrap_or_default()
}

/// All issuers, and how to have another.
fn issuers(provider: &Provider, default: &Address, layout: &Layout<'_>) -> String {
    let mut issuers = provider.list();
    // The default one first, and test-2 before test-10.
    issuers.sort_by_cached_key(|issuer| {
        let name = issuer.name();
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        (stem.to_owned(), name.len(), name.to_owned())
    });
    let mut items = String::new();
    for issuer in issuers.iter().take(SHOWN) {
        let (name, path) = match issuer.name() {
            "" => ("Default issuer", layout.home()),
            name => (name, format!("{}{name}", layout.home())),
        };
        let strictness = match issuer.strictness() {
            Strictness::Lenient => "lenient",
            Strictness::Strict => "strict",
        };
        let requests = issuer.journal().last();
        let plural = if requests == 1 { "" } else { "s" };
        // Writing to a string cannot fail.
        let _ = write!(
            items,
            "<li><a href=\"{}\"><strong>{}</strong>\
             <span class=\"hint\">{strictness}, {requests} request{plural}</span></a></li>",
            Escaped(&path),
            Escaped(name)
        );
    }
    let rest = issuers.len().saturating_sub(SHOWN);
    if rest > 0 {
        let _ = write!(
            items,
            "<li class=\"hint\">{rest} more: <code>GET /_mock/issuers</code></li>"
        );
    }
    let command = format!(
        "curl -u any:any -d grant_type=client_credentials {}/acme/token",
        default.browser
    );
    format!(
        "<section aria-labelledby=\"issuers\"><h2 id=\"issuers\">Issuers</h2>\
         <p>Every path is one: the first request to it makes it. Each has its own keys, clients, \
         users, grants, clock, faults and journal, so each test can have its own.</p>\
         <ul class=\"issuers\">{items}</ul>\
         <section aria-labelledby=\"played\"><h3 id=\"played\">Play somebody</h3>\
         <p class=\"hint\">With these names an issuer is like a vendor's, or vouches for machines like a \
         platform, unasked.</p><ul class=\"tags\">{}</ul></section>\
         <section aria-labelledby=\"another\"><h3 id=\"another\">Another issuer</h3>{}</section></section>",
        played(layout),
        copyable("Another issuer", "", &Escaped(&command).to_string())
    )
}

/// The names of issuers that play somebody.
fn played(layout: &Layout<'_>) -> String {
    let platforms = Kind::ALL.into_iter().map(Kind::issuer_name);
    profile::vendors()
        .chain(platforms)
        .map(|name| {
            let home = layout.home();
            let home = Escaped(&home);
            format!("<li><a href=\"{home}{name}\"><code>{name}</code></a></li>")
        })
        .collect()
}

fn more(provider: &Provider, layout: &Layout<'_>) -> String {
    let path = Escaped(layout.path());
    let ca = match provider.ca_pem() {
        None => String::new(),
        Some(_) => format!(
            "<li><a href=\"{path}/_mock/ca.pem\">ca.pem</a>: the certificate to trust for HTTPS</li>"
        ),
    };
    format!(
        "<section aria-labelledby=\"more\"><h2 id=\"more\">For programs</h2><ul>\
         <li><a href=\"{path}/_mock/openapi.json\">Control API</a> (OpenAPI): users, clients, \
         claims, faults, clock, keys, journal, reset, mint</li>{ca}</ul></section>"
    )
}
