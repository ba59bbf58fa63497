//! Who and what an issuer knows: users, clients, APIs, trusted issuers, and the rules for claims.

use jeton::page::Escaped;
use serde::Serialize;
use serde_json::Value;

use crate::{
    issuer::Issuer,
    layout::{conditions, copyable},
    spec::User,
};

/// A table of them each; what is empty and seldom used is left out.
pub(super) fn sections(issuer: &Issuer) -> String {
    let users: Vec<_> = issuer.users().iter().map(user).collect();
    let clients: Vec<_> = issuer.clients().iter().map(client).collect();
    let apis: Vec<_> = issuer
        .apis()
        .iter()
        .map(|api| entry(&api.identifier, api.name.as_deref(), api))
        .collect();
    let trust: Vec<_> = issuer
        .trust()
        .iter()
        .map(|trusted| entry(&trusted.issuer, None, trusted))
        .collect();
    let rules: Vec<_> = issuer
        .rules()
        .iter()
        .enumerate()
        .map(|(index, rule)| {
            let rule = serde_json::to_value(rule).unwrap_or_default();
            let matching = match rule.get("match") {
                Some(matching) => conditions(matching),
                None => "Every request".to_owned(),
            };
            (matching, details(&format!("Rule {}", index + 1), &rule))
        })
        .collect();
    let always = [
        section(
            "users",
            "Users",
            "Who can log in by a click; anyone else by typing a name.",
            &users,
        ),
        section(
            "clients",
            "Clients",
            "Where the issuer is lenient, any other will do, too.",
            &clients,
        ),
    ];
    let seldom = [
        section("apis", "APIs", "What tokens are for.", &apis),
        section(
            "trust",
            "Trusted issuers",
            "Their tokens stand for clients.",
            &trust,
        ),
        section(
            "rules",
            "Claim rules",
            "All that match apply, in this order.",
            &rules,
        ),
    ];
    format!(
        "<div class=\"columns\">{}</div>{}",
        always.concat(),
        seldom.concat()
    )
}

fn section(id: &str, title: &str, words: &str, rows: &[(String, String)]) -> String {
    let is_seldom = !matches!(id, "users" | "clients");
    if rows.is_empty() && is_seldom {
        return String::new();
    }
    let table: String = rows
        .iter()
        .map(|(name, rest)| format!("<tr><th scope=\"row\">{name}</th><td>{rest}</td></tr>"))
        .collect();
    let table = if table.is_empty() {
        "<p>None is registered.</p>".to_owned()
    } else {
        format!("<table class=\"bare\"><tbody>{table}</tbody></table>")
    };
    format!(
        "<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{title}</h2>\
         <p class=\"hint\">{words}</p>{table}</section>"
    )
}

fn user(user: &User) -> (String, String) {
    let sub = Escaped(&user.sub);
    let name = match user.label() {
        label if label == user.sub => format!("<code>{sub}</code>"),
        label => format!("{} (<code>{sub}</code>)", Escaped(label)),
    };
    let claims = match user.claims {
        None => "<span class=\"hint\">an example of each standard claim</span>".to_owned(),
        Some(_) => details(&user.sub, user),
    };
    (name, claims)
}

fn client(record: &Value) -> (String, String) {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let id = text("client_id").unwrap_or_default();
    entry(id, text("client_name"), record)
}

fn entry(id: &str, name: Option<&str>, record: &impl Serialize) -> (String, String) {
    let shown = match name {
        Some(name) => format!("{} (<code>{}</code>)", Escaped(name), Escaped(id)),
        None => format!("<code>{}</code>", Escaped(id)),
    };
    (shown, details(id, record))
}

/// A record, to be opened.
fn details(name: &str, record: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(record).unwrap_or_default();
    format!(
        "<details><summary>Record</summary>{}</details>",
        copyable(name, "json", &Escaped(&text).to_string())
    )
}
