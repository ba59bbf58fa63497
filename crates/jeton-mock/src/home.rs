//! The home page: what is here, and how to use it.

use std::fmt::Write;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jeton::page::Escaped;
use jeton_http::Scheme;

use crate::{
    address::Address,
    issuer::Issuer,
    layout::Layout,
    provider::Provider,
    spec::{Endpoint, Strictness},
};

mod faults;
mod snippets;

/// How many issuers are shown: nobody reads a page of ten thousand.
const SHOWN: usize = 20;

/// The caller of an endpoint, which decides at which of the addresses it is.
enum By {
    Application,
    Browser,
    Backend,
}

/// The endpoints that applications ask for.
const ENDPOINTS: [(&str, Endpoint, By); 10] = [
    ("Discovery", Endpoint::OpenidConfiguration, By::Application),
    ("Authorization", Endpoint::Authorize, By::Browser),
    ("Token", Endpoint::Token, By::Backend),
    ("Userinfo", Endpoint::Userinfo, By::Backend),
    ("JWKS", Endpoint::Jwks, By::Backend),
    ("Introspection", Endpoint::Introspect, By::Backend),
    ("Revocation", Endpoint::Revoke, By::Backend),
    (
        "Device authorization",
        Endpoint::DeviceAuthorization,
        By::Backend,
    ),
    ("Logout", Endpoint::EndSession, By::Browser),
    (
        "OAuth metadata",
        Endpoint::AuthorizationServerMetadata,
        By::Application,
    ),
];

/// The endpoints that a browser shows something at by itself.
const READABLE: [Endpoint; 3] = [
    Endpoint::OpenidConfiguration,
    Endpoint::AuthorizationServerMetadata,
    Endpoint::Jwks,
];

pub(crate) fn home(
    provider: &Provider,
    request: &Request<Bytes>,
    scheme: Scheme,
) -> Response<Bytes> {
    let address = |name: &str| provider.addresses().of(name, request, scheme);
    let mut issuers = provider.list();
    // The default one first, and test-2 before test-10.
    issuers.sort_by_cached_key(|issuer| {
        let name = issuer.name();
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        (stem.to_owned(), name.len(), name.to_owned())
    });
    let mut sections = String::new();
    for (index, issuer) in issuers.iter().take(SHOWN).enumerate() {
        sections += &section(index, issuer, &address(issuer.name()));
    }
    let more = issuers.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = write!(
            sections,
            "<p class=\"hint\">{more} more: see <code>GET /_mock/issuers</code>.</p>"
        );
    }
    let default = address("");
    let layout = Layout::new("", &default.browser);
    let ca = match provider.ca_pem() {
        None => String::new(),
        Some(_) => format!(
            "<li><a href=\"{}/_mock/ca.pem\">ca.pem</a>: the certificate to trust for HTTPS</li>",
            Escaped(layout.path())
        ),
    };
    let body = format!(
        "<h1>Jeton mock</h1>\
         <p>An OpenID Connect and OAuth 2.0 provider for development and tests, with the real \
         protocol and nothing to configure. Everyone knows its keys: trust no token of it.</p>\
         {}<section aria-label=\"Issuers\">{sections}</section>{}{}{}",
        warning(provider),
        another(&default),
        table(),
        links(layout.path(), &ca)
    );
    layout.sheet(StatusCode::OK, "Home", &body)
}

fn warning(provider: &Provider) -> String {
    let warning = provider.warning().map(|text| {
        let text = Escaped(text);
        format!("<p role=\"alert\"><strong>Warning: {text}</strong></p>")
    });
    warning.unwrap_or_default()
}

fn section(index: usize, issuer: &Issuer, address: &Address) -> String {
    let name = match issuer.name() {
        "" => "Default issuer".to_owned(),
        name => format!("Issuer <code>{}</code>", Escaped(name)),
    };
    let open = if index == 0 { " open" } else { "" };
    let path = Layout::new(issuer.name(), &address.browser).path();
    format!(
        "<details class=\"issuer\"{open}><summary><h2>{name}</h2></summary>\
         <dl><dt>Issuer</dt><dd><code>{}</code></dd><dt>Rules</dt><dd>{}</dd>\
         <dt>Users</dt><dd>{}</dd></dl>\
         <p><a href=\"{}/debugger\">Open its debugger</a></p>\
         <h3>Endpoints</h3>{}<h3>In an application</h3>{}</details>",
        Escaped(&address.issuer),
        match issuer.strictness() {
            Strictness::Lenient => "lenient: any client, any secret, any redirect URI, any scope",
            Strictness::Strict => "strict: as in production",
        },
        users(issuer),
        Escaped(path),
        endpoints(address),
        examples(address)
    )
}

fn users(issuer: &Issuer) -> String {
    let names: Vec<_> = issuer
        .users()
        .iter()
        .map(|user| {
            let sub = Escaped(&user.sub);
            match user.label() {
                label if label == user.sub => format!("<code>{sub}</code>"),
                label => format!("{} (<code>{sub}</code>)", Escaped(label)),
            }
        })
        .collect();
    let anyone = "anyone else by typing a name";
    let automatic = issuer.auto_login().map(|sub| {
        format!(
            ". Nobody is asked: <code>{}</code> is logged in at once",
            Escaped(sub)
        )
    });
    let names = if names.is_empty() {
        anyone.to_owned()
    } else {
        format!("{}, and {anyone}", names.join(", "))
    };
    format!("{names}{}", automatic.unwrap_or_default())
}

fn endpoints(address: &Address) -> String {
    let mut rows = String::new();
    for (title, endpoint, by) in ENDPOINTS {
        let base = match by {
            By::Application => &address.issuer,
            By::Browser => &address.browser,
            By::Backend => &address.backend,
        };
        let url = Escaped(base).to_string();
        let path = endpoint.path();
        // Where a line may break on a phone.
        let text = format!("{url}{}", path.replace('/', "<wbr>/"));
        let shown = if READABLE.contains(&endpoint) {
            format!("<a class=\"mono\" href=\"{url}{path}\">{text}</a>")
        } else {
            format!("<span class=\"mono\">{text}</span>")
        };
        // Writing to a string cannot fail.
        let _ = write!(rows, "<dt>{title}</dt><dd>{shown}</dd>");
    }
    format!("<dl class=\"rows\">{rows}</dl>")
}

fn examples(address: &Address) -> String {
    let mut details = String::new();
    for snippet in snippets::all(address) {
        let note = match snippet.note {
            "" => String::new(),
            note => format!("<p class=\"hint\">{note}</p>"),
        };
        let _ = write!(
            details,
            "<details><summary>{}</summary>{note}<pre class=\"copy\" tabindex=\"0\"><code>{}</code>\
             </pre></details>",
            snippet.title,
            Escaped(&snippet.text)
        );
    }
    details
}

fn another(default: &Address) -> String {
    let command = format!(
        "curl -u any:any -d grant_type=client_credentials {}/acme/token",
        default.browser
    );
    format!(
        "<section aria-labelledby=\"another\"><h2 id=\"another\">Another issuer</h2>\
         <p>Every path is one: the first request to it makes it. Each has its own keys, clients, \
         users, grants, clock, faults and journal, so each test can have its own.</p>\
         <pre class=\"copy\" tabindex=\"0\"><code>{}</code></pre></section>",
        Escaped(&command)
    )
}

fn table() -> String {
    format!(
        "<section aria-labelledby=\"faults\"><h2 id=\"faults\">When something should go wrong</h2>\
         <p>A fault is named by <code>POST /_mock/faults</code> or in the configuration; where an \
         issuer is lenient, also by a magic value in the request itself: \
         <code>scope=openid fault:slow-2s</code> or <code>client_id=fail.slow-2s</code>. Every \
         OAuth error code is one:</p><ul class=\"tags\">{}</ul>{}</section>",
        faults::errors(),
        faults::tables()
    )
}

fn links(path: &str, ca: &str) -> String {
    let path = Escaped(path);
    format!(
        "<section aria-labelledby=\"more\"><h2 id=\"more\">More</h2><ul>\
         <li><a href=\"{path}/debugger\">Debugger</a>: read a token, run a login, see the \
         requests</li>\
         <li><a href=\"{path}/_mock/openapi.json\">Control API</a> (OpenAPI): users, clients, \
         claims, faults, clock, keys, journal, reset, mint</li>{ca}</ul></section>"
    )
}
