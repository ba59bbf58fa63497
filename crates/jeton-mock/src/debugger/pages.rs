//! The page that the debugger begins with: a form for each grant, and one for a token.

use jeton::page::Escaped;

use super::grant::Grant;
use crate::{
    at::At,
    form::Form,
    spec::{Endpoint, Strictness},
};

pub(super) mod run;

/// OpenID Connect Core §3.1.2.1.
const PROMPTS: [&str; 4] = ["login", "consent", "select_account", "none"];

/// RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Types §3 and §5.
const IMPLICIT: [&str; 3] = ["id_token token", "id_token", "token"];
const HYBRID: [&str; 3] = ["code id_token", "code token", "code id_token token"];

/// OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode.
const CODE_MODES: [&str; 2] = ["query", "form_post"];
const TOKEN_MODES: [&str; 2] = ["form_post", "fragment"];

/// RFC 8693 §3.
const TOKEN_TYPES: [&str; 4] = [
    "urn:ietf:params:oauth:token-type:access_token",
    "urn:ietf:params:oauth:token-type:id_token",
    "urn:ietf:params:oauth:token-type:refresh_token",
    "urn:ietf:params:oauth:token-type:jwt",
];

/// The debugger, with what was done above it.
pub(super) fn debugger(
    at: &At<'_>,
    path: &str,
    offered: &[Grant],
    grant: Grant,
    form: &Form,
    result: &str,
) -> String {
    let path = Escaped(path).to_string();
    let tabs: String = offered
        .iter()
        .map(|tab| {
            let mark = if *tab == grant {
                " aria-current=\"page\""
            } else {
                ""
            };
            format!(
                "<li><a href=\"{path}/debugger?grant={}\"{mark}>{}</a></li>",
                tab.as_str(),
                tab.label()
            )
        })
        .collect();
    format!(
        "<h1>Debugger</h1><p class=\"lead\">Runs every grant that <code>{}</code> has, step by step, \
         with each request as it is sent. Nothing you paste leaves the mock.</p>{result}\
         <nav aria-label=\"Grants\"><ul class=\"tabs\">{tabs}</ul></nav>\
         <div class=\"columns\">{}{}</div>",
        Escaped(&at.address.issuer),
        run_form(at, &path, grant),
        decode(&path, form.get("token").unwrap_or_default())
    )
}

fn decode(path: &str, token: &str) -> String {
    format!(
        "<section aria-labelledby=\"decode\"><h2 id=\"decode\">Read a token</h2>\
         <form method=\"post\" action=\"{path}/debugger\">\
         <label for=\"token\">Token</label>\
         <textarea id=\"token\" name=\"token\" rows=\"9\" required autocomplete=\"off\" \
         spellcheck=\"false\" aria-describedby=\"token-hint\">\n{}</textarea>\
         <p class=\"hint\" id=\"token-hint\">An access token or an ID token, with or without \
         <code>Bearer</code>. Its signature is verified with the keys that the issuer publishes.</p>\
         <button name=\"do\" value=\"read\">Read</button></form></section>",
        Escaped(token)
    )
}

fn run_form(at: &At<'_>, path: &str, grant: Grant) -> String {
    // Where an issuer is lenient, a client that nobody registered may do everything.
    let (id, secret) = match at.issuer.strictness() {
        Strictness::Lenient => ("debugger", "any"),
        Strictness::Strict => ("demo", "demo-secret"),
    };
    let client = format!(
        "<div class=\"pair\">{}{}</div>",
        field("client_id", "Client ID", id, ""),
        field("client_secret", "Client secret", secret, "")
    );
    let scope = |scope| field("scope", "Scope", scope, "");
    let more = field(
        "parameters",
        "More parameters",
        "",
        "resource=https://api.example&amp;tenant=blue",
    );
    let (fields, button) = match grant {
        Grant::Code => (
            format!(
                "{}{}{more}",
                scope("openid profile email offline_access"),
                person(at, &choice("response_mode", "Response mode", &CODE_MODES))
            ),
            "Log in",
        ),
        Grant::Implicit | Grant::Hybrid => {
            let types = if grant == Grant::Hybrid {
                HYBRID
            } else {
                IMPLICIT
            };
            let choices = format!(
                "{}{}",
                choice("response_type", "Response type", &types),
                choice("response_mode", "Response mode", &TOKEN_MODES)
            );
            (
                format!(
                    "{}{}{more}",
                    scope("openid profile email"),
                    person(at, &choices)
                ),
                "Log in",
            )
        }
        Grant::ClientCredentials => (format!("{}{more}", scope("read")), "Get token"),
        Grant::Device => (format!("{}{more}", scope("openid profile")), "Begin"),
        Grant::Refresh => (
            format!(
                "{}<p class=\"hint\">A run that brought a refresh token offers this step, too.</p>{}{more}",
                area("refresh_token", "Refresh token", "required"),
                scope("")
            ),
            "Refresh",
        ),
        Grant::Exchange => (
            format!(
                "{}<p class=\"hint\">Left empty, the client gets a token of its own first.</p>{}\
                 <div class=\"pair\">{}{}</div>{more}",
                area("subject_token", "Subject token", ""),
                choice("subject_token_type", "Subject token type", &TOKEN_TYPES),
                field("audience", "Audience", "", "https://api.example"),
                scope("")
            ),
            "Exchange",
        ),
        Grant::JwtBearer => (
            format!(
                "{}<p class=\"hint\">Left empty, the issuer signs one for this subject:</p>\
                 <div class=\"pair\">{}{}</div>{more}",
                area("assertion", "Assertion", ""),
                field("subject", "Subject", "alice", ""),
                scope("")
            ),
            "Get token",
        ),
        Grant::Password => (
            format!(
                "<div class=\"pair\">{}{}</div>{}{more}",
                field("username", "Username", "alice", ""),
                field("password", "Password", "any", ""),
                scope("openid profile email")
            ),
            "Log in",
        ),
    };
    let show = match grant {
        Grant::Code | Grant::Implicit | Grant::Hybrid => {
            "<button class=\"plain\" name=\"then\" value=\"show\">Show the request first</button>"
        }
        _ => "",
    };
    let name = grant.as_str();
    format!(
        "<section aria-labelledby=\"run\"><h2 id=\"run\">{}</h2><p class=\"hint\">{}</p>{}\
         <form method=\"post\" action=\"{path}/debugger\">\
         <input type=\"hidden\" name=\"do\" value=\"{name}\">\
         {client}{fields}<button>{button}</button>{show}</form></section>",
        grant.label(),
        grant.words(),
        strict(at, grant)
    )
}

/// What an issuer that is strict wants of the client.
fn strict(at: &At<'_>, grant: Grant) -> String {
    let is_by_browser = matches!(grant, Grant::Code | Grant::Implicit | Grant::Hybrid);
    if at.issuer.strictness() == Strictness::Lenient || !is_by_browser {
        return String::new();
    }
    format!(
        "<p class=\"hint\">This issuer is strict: the client must have registered the redirect URI \
         <code>{}{}/callback</code>.</p>",
        Escaped(&at.address.browser),
        Endpoint::Debugger.path()
    )
}

/// Who is to log in, and how.
fn person(at: &At<'_>, choices: &str) -> String {
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
    format!(
        "<div class=\"pair\"><div><label for=\"login_hint\">Login hint</label>\
         <input id=\"login_hint\" name=\"login_hint\" list=\"users\" autocomplete=\"off\" \
         spellcheck=\"false\" placeholder=\"ask\"><datalist id=\"users\">{users}</datalist></div>\
         <div><label for=\"prompt\">Prompt</label><select id=\"prompt\" name=\"prompt\">\
         <option value=\"\">as needed</option>{prompts}</select></div>{choices}</div>"
    )
}

fn field(name: &str, label: &str, value: &str, placeholder: &str) -> String {
    format!(
        "<div><label for=\"{name}\">{label}</label>\
         <input id=\"{name}\" class=\"mono\" name=\"{name}\" value=\"{value}\" \
         placeholder=\"{placeholder}\" autocomplete=\"off\" spellcheck=\"false\"></div>"
    )
}

fn area(name: &str, label: &str, attributes: &str) -> String {
    format!(
        "<label for=\"{name}\">{label}</label><textarea id=\"{name}\" name=\"{name}\" rows=\"4\" \
         autocomplete=\"off\" spellcheck=\"false\" {attributes}></textarea>"
    )
}

/// One of several values, the first unless another is chosen.
fn choice(name: &str, label: &str, values: &[&str]) -> String {
    let options: String = values
        .iter()
        .map(|value| format!("<option>{value}</option>"))
        .collect();
    format!(
        "<div><label for=\"{name}\">{label}</label>\
         <select id=\"{name}\" name=\"{name}\">{options}</select></div>"
    )
}
