//! What the debugger shows.

use std::fmt::Write;

use jeton::page::Escaped;
use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;

use super::{
    time::{in_words, of_day, utc},
    token::{Jwt, Reading, Verdict, indented},
};
use crate::{
    at::At,
    form::Form,
    journal::{Entry, Filter},
    spec::{Endpoint, Strictness},
};

/// How many requests of the journal are shown.
const ENTRIES: usize = 50;

/// RFC 7519 §4.1, OpenID Connect Core §2 and §5.1.
const TIMES: [(&str, &str); 5] = [
    ("iat", "Issued"),
    ("nbf", "Not before"),
    ("exp", "Expires"),
    ("auth_time", "Logged in"),
    ("updated_at", "Profile changed"),
];

/// OpenID Connect Core §3.1.2.1.
const PROMPTS: [&str; 4] = ["login", "consent", "select_account", "none"];

/// The mock's response to a request of the debugger's, as any client would have got it.
pub(super) struct Received {
    pub(super) what: &'static str,
    pub(super) status: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// The debugger, with what was done above it.
pub(super) fn debugger(at: &At<'_>, path: &str, form: &Form, result: &str) -> String {
    format!(
        "<h1>Debugger</h1><p>For <code>{}</code>. Everything happens here: nothing you paste leaves \
         the mock.</p>{result}<div class=\"columns\"><div>{}{}</div>{}</div>{}",
        Escaped(&at.address.issuer),
        decode(path, form.get("token").unwrap_or_default()),
        client_credentials(path),
        log_in(at, path),
        journal(at, path)
    )
}

fn decode(path: &str, token: &str) -> String {
    format!(
        "<section aria-labelledby=\"decode\"><h2 id=\"decode\">Read a token</h2>\
         <form method=\"post\" action=\"{}/debugger\">\
         <label for=\"token\">Token</label>\
         <textarea id=\"token\" name=\"token\" rows=\"7\" required autocomplete=\"off\" \
         spellcheck=\"false\" aria-describedby=\"token-hint\">\n{}</textarea>\
         <p class=\"hint\" id=\"token-hint\">An access token or an ID token, with or without \
         <code>Bearer</code>.</p>\
         <button name=\"do\" value=\"read\">Read</button></form></section>",
        Escaped(path),
        Escaped(token)
    )
}

fn log_in(at: &At<'_>, path: &str) -> String {
    let users: String = at
        .issuer
        .users()
        .iter()
        .map(|user| format!("<option value=\"{}\">", Escaped(&user.sub)))
        .collect();
    let prompts: String = PROMPTS
        .iter()
        .map(|prompt| format!("<option>{prompt}</option>"))
        .collect();
    let path = Escaped(path);
    let strict = match at.issuer.strictness() {
        Strictness::Lenient => String::new(),
        Strictness::Strict => format!(
            "<p class=\"hint\">This issuer is strict: the client must have registered the \
             redirect URI <code>{}{}/callback</code>.</p>",
            Escaped(&at.address.browser),
            Endpoint::Debugger.path()
        ),
    };
    format!(
        "<section aria-labelledby=\"flow\"><h2 id=\"flow\">Log somebody in</h2>\
         <p class=\"hint\">The authorization code flow with PKCE, up to tokens and userinfo.</p>\
         {strict}<form method=\"post\" action=\"{path}/debugger\">\
         <div class=\"pair\">{}{}</div>\
         <label for=\"scope\">Scope</label>\
         <input id=\"scope\" class=\"mono\" name=\"scope\" value=\"openid profile email\" \
         autocomplete=\"off\" spellcheck=\"false\">\
         <div class=\"pair\"><div><label for=\"login_hint\">Login hint</label>\
         <input id=\"login_hint\" name=\"login_hint\" list=\"users\" autocomplete=\"off\" \
         spellcheck=\"false\" placeholder=\"ask\"><datalist id=\"users\">{users}</datalist></div>\
         <div><label for=\"prompt\">Prompt</label><select id=\"prompt\" name=\"prompt\">\
         <option value=\"\">as needed</option>{prompts}</select></div></div>\
         <label for=\"parameters\">More parameters</label>\
         <input id=\"parameters\" class=\"mono\" name=\"parameters\" autocomplete=\"off\" \
         spellcheck=\"false\" placeholder=\"resource=https://api.example&amp;tenant=blue\">\
         <button name=\"do\" value=\"authorize\">Log in</button></form></section>",
        field("flow", "client_id", "Client ID", "demo"),
        field("flow", "client_secret", "Client secret", "demo-secret"),
    )
}

fn client_credentials(path: &str) -> String {
    format!(
        "<section aria-labelledby=\"machine\"><h2 id=\"machine\">Get a machine token</h2>\
         <form method=\"post\" action=\"{}/debugger\"><div class=\"pair\">{}{}</div>\
         <label for=\"machine-scope\">Scope</label>\
         <input id=\"machine-scope\" class=\"mono\" name=\"scope\" value=\"read\" \
         autocomplete=\"off\" spellcheck=\"false\">\
         <button name=\"do\" value=\"client_credentials\">Get token</button></form></section>",
        Escaped(path),
        field("machine", "client_id", "Client ID", "demo"),
        field("machine", "client_secret", "Client secret", "demo-secret"),
    )
}

fn field(form: &str, name: &str, label: &str, value: &str) -> String {
    format!(
        "<div><label for=\"{form}-{name}\">{label}</label>\
         <input id=\"{form}-{name}\" name=\"{name}\" value=\"{value}\" autocomplete=\"off\" \
         spellcheck=\"false\"></div>"
    )
}

fn journal(at: &At<'_>, path: &str) -> String {
    // Looking on is not among what is looked at.
    let is_shown = |entry: &Entry| entry.endpoint != Endpoint::Debugger;
    let entries = at.issuer.journal().entries(&Filter::default());
    let newest = entries.iter().rev().filter(|entry| is_shown(entry));
    let rows: String = newest.take(ENTRIES).map(row).collect();
    let table = if rows.is_empty() {
        "<p>No requests yet.</p>".to_owned()
    } else {
        format!(
            "<div class=\"scroll\" role=\"group\" aria-labelledby=\"journal\" tabindex=\"0\">\
             <table><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Request</th>\
             <th scope=\"col\">Answer</th><th scope=\"col\">Client</th>\
             <th scope=\"col\">Subject</th><th scope=\"col\">By the mock</th></tr></thead>\
             <tbody>{rows}</tbody></table></div>"
        )
    };
    format!(
        "<section aria-labelledby=\"journal\"><h2 id=\"journal\">Requests</h2>\
         <p class=\"hint\">The newest first, at most {ENTRIES}; by the issuer's clock, which shows {}. \
         <a href=\"{}/debugger#journal\">Look again</a></p>{table}</section>",
        utc(at.now.0),
        Escaped(path)
    )
}

fn row(entry: &Entry) -> String {
    let text = |text: Option<&str>| text.map_or(String::new(), |text| Escaped(text).to_string());
    let grant = entry.grant_type.as_deref().map(|grant| {
        let short = grant.rsplit(':').next().unwrap_or(grant);
        format!("<br><span class=\"hint\">{}</span>", Escaped(short))
    });
    let parameters = if entry.parameters.is_empty() {
        String::new()
    } else {
        let lines: String = entry
            .parameters
            .iter()
            .map(|(name, value)| format!("{}={}\n", Escaped(name), Escaped(value)))
            .collect();
        let count = entry.parameters.len();
        let plural = if count == 1 { "" } else { "s" };
        format!(
            "<details><summary>{count} parameter{plural}</summary>\
             <pre tabindex=\"0\">{lines}</pre></details>"
        )
    };
    let status = match entry.status {
        Some(status) if status < 400 && entry.error.is_none() => status.to_string(),
        Some(status) => format!("<span class=\"bad\">{status}</span>"),
        None => "<span class=\"bad\">dropped</span>".to_owned(),
    };
    let error = entry
        .error
        .as_deref()
        .map(|error| format!("<br><code>{}</code>", Escaped(error)));
    let mut doings = Vec::new();
    if !entry.faults.is_empty() {
        doings.push(format!("fault: {}", entry.faults.join(", ")));
    }
    if !entry.waived.is_empty() {
        doings.push(format!("waived: {}", entry.waived.join(", ")));
    }
    let doings: Vec<_> = doings.iter().map(|it| Escaped(it).to_string()).collect();
    format!(
        "<tr><td class=\"nowrap\">{}</td><td>{} <code>{}</code>{}{parameters}</td>\
         <td class=\"nowrap\">{status}{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        of_day(entry.at.0),
        Escaped(&entry.method),
        Escaped(entry.endpoint.as_str()),
        grant.unwrap_or_default(),
        error.unwrap_or_default(),
        text(entry.client_id.as_deref()),
        text(entry.subject.as_deref()),
        doings.join("<br>")
    )
}

/// A section with a token read.
pub(super) async fn reading(at: &At<'_>, title: &str, reading: &Reading, keys: &JwkSet) -> String {
    let body = match reading {
        Reading::Jwt(jwt) => jwt_body(at, jwt, keys).await,
        Reading::Opaque(words) => format!("<p>{words}</p>"),
        Reading::Malformed(problem) => format!("<p role=\"alert\">{}</p>", Escaped(problem)),
    };
    let kind = match reading {
        Reading::Jwt(jwt) if title.is_empty() => jwt.kind(),
        _ if title.is_empty() => "Token",
        _ => title,
    };
    format!("<section aria-label=\"{kind}\"><h2>{kind}</h2>{body}</section>")
}

async fn jwt_body(at: &At<'_>, jwt: &Jwt, keys: &JwkSet) -> String {
    let now = at.now.0;
    let mut facts = String::new();
    for (name, verdict) in [
        ("Signature", jwt.signature(keys).await),
        ("Issuer", jwt.issuer(&at.address.issuer)),
        ("Validity", jwt.validity(now)),
    ] {
        let (class, words) = match &verdict {
            Verdict::Good(words) => ("good", words),
            Verdict::Bad(words) => ("bad", words),
        };
        // Writing to a string cannot fail.
        let _ = write!(
            facts,
            "<dt>{name}</dt><dd class=\"{class}\">{}</dd>",
            Escaped(words)
        );
    }
    for (claim, name) in TIMES {
        let words = jwt.time(claim).and_then(|time| in_words(time, now));
        if let Some(words) = words {
            let _ = write!(facts, "<dt>{name}</dt><dd>{words}</dd>");
        }
    }
    format!(
        "<dl>{facts}</dl><h3>Header</h3>{}<h3>Claims</h3>{}",
        json(&jwt.header_text),
        json(&jwt.claims_text)
    )
}

/// A section with an answer.
pub(super) fn received(answer: &Received) -> String {
    let mut facts = format!("<dt>Status</dt><dd>{}</dd>", Escaped(&answer.status));
    for (name, value) in &answer.headers {
        let _ = write!(
            facts,
            "<dt>{}</dt><dd>{}</dd>",
            Escaped(name),
            Escaped(value)
        );
    }
    let body = match serde_json::from_str::<Value>(&answer.body) {
        Ok(_) => json(&answer.body),
        Err(_) if answer.body.is_empty() => String::new(),
        Err(_) => preformatted(&answer.body),
    };
    format!(
        "<section aria-label=\"{0}\"><h2>{0}</h2><dl>{facts}</dl>{body}</section>",
        answer.what
    )
}

/// A section with what came back through the browser.
pub(super) fn redirect(title: &str, note: &str, parameters: &[(String, String)]) -> String {
    let facts: String = parameters
        .iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", Escaped(name), Escaped(value)))
        .collect();
    format!("<section aria-label=\"{title}\"><h2>{title}</h2>{note}<dl>{facts}</dl></section>")
}

fn json(text: &str) -> String {
    preformatted(&indented(text))
}

fn preformatted(text: &str) -> String {
    format!("<pre tabindex=\"0\"><code>{}</code></pre>", Escaped(text))
}
