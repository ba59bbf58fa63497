//! One issuer: its addresses, how to use it, who is known to it.

use std::fmt::Write;

use jeton::page::Escaped;

use super::{registered, rules, snippets};
use crate::{
    address::Address,
    debugger::time::utc,
    issuer::Issuer,
    layout::{FAULTS, JOURNAL, Layout, advertised, copyable},
    spec::Endpoint,
};

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

/// Everything about an issuer.
pub(super) fn sections(issuer: &Issuer, address: &Address) -> String {
    format!(
        "<section aria-label=\"Issuer\">{}</section>\
         <section aria-labelledby=\"application\"><h2 id=\"application\">In an application</h2>{}</section>\
         <section aria-labelledby=\"endpoints\"><h2 id=\"endpoints\">Endpoints</h2>{}</section>{}",
        glance(issuer, address),
        examples(address),
        endpoints(issuer, address),
        registered::sections(issuer)
    )
}

fn glance(issuer: &Issuer, address: &Address) -> String {
    let path = Escaped(Layout::new(issuer.name(), &address.browser).path()).to_string();
    let algorithms: Vec<_> = issuer
        .algorithms()
        .iter()
        .map(|algorithm| format!("{algorithm:?}"))
        .collect();
    let plays = issuer.profile().map_or(String::new(), |profile| {
        format!(
            "<dt>Plays</dt><dd><code>{}</code></dd>",
            Escaped(profile.name())
        )
    });
    let clock = issuer.clock();
    let frozen = if clock.frozen {
        ", and stands still"
    } else {
        ""
    };
    let set = issuer.faults().len();
    let faults = match set {
        0 => "none set".to_owned(),
        1 => "<span class=\"chip warn\">1 set</span>".to_owned(),
        set => format!("<span class=\"chip warn\">{set} set</span>"),
    };
    let automatic = issuer.auto_login().map_or(String::new(), |sub| {
        format!(
            "<dt>Logins</dt><dd>Nobody is asked: <code>{}</code> is logged in at once</dd>",
            Escaped(sub)
        )
    });
    format!(
        "<h2>{}</h2>{}<dl class=\"list\">{}{plays}\
         <dt>Signs with</dt><dd>{}</dd><dt>Clock</dt><dd>{}{frozen}</dd>{automatic}\
         <dt>Requests</dt><dd>{} <a href=\"{path}{JOURNAL}\">Open the journal</a></dd>\
         <dt>Faults</dt><dd>{faults} <a href=\"{path}{FAULTS}\">Set one</a></dd></dl>\
         <p><a class=\"button\" href=\"{path}/debugger\">Open its debugger</a></p>",
        match issuer.name() {
            "" => "Default issuer",
            _ => "Address",
        },
        copyable("Issuer", "", &Escaped(&address.issuer).to_string()),
        match issuer.name() {
            "" => format!("<dt>Rules</dt><dd>{}</dd>", rules(issuer)),
            _ => String::new(),
        },
        Escaped(&algorithms.join(", ")),
        utc(clock.now.0),
        issuer.journal().last(),
    )
}

fn endpoints(issuer: &Issuer, address: &Address) -> String {
    let mut rows = String::new();
    for (title, endpoint, by) in ENDPOINTS {
        let base = match by {
            By::Application => &address.base,
            By::Browser => &address.browser,
            By::Backend => &address.backend,
        };
        let url = Escaped(base).to_string();
        let path = advertised(issuer, endpoint);
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
    format!("<dl class=\"list\">{rows}</dl>")
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
            "<details><summary>{}</summary>{note}{}</details>",
            snippet.title,
            copyable(
                &format!("Example, {}", snippet.title),
                "",
                &Escaped(&snippet.text).to_string()
            )
        );
    }
    details
}
