//! The page of a run: its steps, and what can follow.

use std::fmt::Write;

use jeton::page::Escaped;
use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;

use crate::{
    at::At,
    debugger::{
        reading,
        run::{Answer, Run, Step},
        token::Reading,
    },
    layout::{JOURNAL, advertised, copyable},
    spec::Endpoint,
};

/// The tokens of an answer that are read.
const TOKENS: [(&str, &str); 2] = [("access_token", "Access token"), ("id_token", "ID token")];

pub(in crate::debugger) async fn page(at: &At<'_>, path: &str, run: &Run, keys: &JwkSet) -> String {
    let mut steps = String::new();
    for (index, it) in run.steps.iter().enumerate() {
        steps += &step(at, run, index + 1 + run.gone, it, keys).await;
    }
    let client = match run.client_id.as_str() {
        "" => String::new(),
        id => format!(" as the client <code>{}</code>", Escaped(id)),
    };
    let path = Escaped(path);
    format!(
        "<div class=\"bar\"><h1>{}</h1><a class=\"button plain\" \
         href=\"{path}/debugger?grant={}\">Begin anew</a></div>\
         <p class=\"lead\">{} Run{client}; what you see stands in the \
         <a href=\"{path}{JOURNAL}\">journal</a>, too, there without secrets.</p>\
         <ol class=\"steps\">{steps}{}</ol>",
        run.grant.label(),
        run.grant.as_str(),
        run.grant.words(),
        next(at, &path.to_string(), run)
    )
}

async fn step(at: &At<'_>, run: &Run, number: usize, step: &Step, keys: &JwkSet) -> String {
    let title = Escaped(&step.title);
    let words = match step.words {
        "" => String::new(),
        words => format!("<p class=\"hint\">{words}</p>"),
    };
    let (status, answer) = answer(at, &step.answer);
    let chip = match status {
        None => String::new(),
        Some(status) => {
            let class = if step.answer.is_good() {
                "fine"
            } else {
                "warn"
            };
            format!("<span class=\"chip {class}\">{}</span>", Escaped(&status))
        }
    };
    format!(
        "<li id=\"step-{number}\"><section class=\"panel\" aria-label=\"{title}\">\
         <div class=\"bar\"><h2>{title}</h2>{chip}</div>{words}\
         <div class=\"columns\"><div><h3>Request</h3>{}</div><div><h3>As curl</h3>{}</div></div>\
         {answer}{}</section></li>",
        copyable("Request", "http", &Escaped(&step.sent.text).to_string()),
        copyable("As curl", "curl", &Escaped(&step.sent.curl).to_string()),
        tokens(at, run, step, keys).await
    )
}

/// An answer: its status in short, and all of it.
fn answer(at: &At<'_>, answer: &Answer) -> (Option<String>, String) {
    let rows = |pairs: &[(String, String)]| -> String {
        let row = |(name, value): &(String, String)| {
            format!(
                "<dt>{}</dt><dd class=\"mono\">{}</dd>",
                Escaped(name),
                Escaped(value)
            )
        };
        pairs.iter().map(row).collect()
    };
    match answer {
        Answer::Awaited { url } => (
            None,
            format!(
                "<h3>Answer</h3><p>The browser is not back yet.</p>\
                 <p><a class=\"button\" href=\"{}\">Go to the login</a></p>",
                Escaped(url)
            ),
        ),
        Answer::Redirect { by, parameters } => {
            let value = |name: &str| {
                let found = parameters.iter().find(|(own, _)| own == name);
                found.map(|(_, value)| value.as_str())
            };
            let status = match value("error") {
                Some(error) => error.to_owned(),
                None => format!("back {by}"),
            };
            let mut notes = sender(at, value("iss"));
            if let Some(error) = value("error") {
                notes += &format!(
                    "<p role=\"alert\">The login ended with <code>{}</code>.</p>",
                    Escaped(error)
                );
            }
            (
                Some(status),
                format!(
                    "<h3>Answer, {by}</h3>{notes}<dl class=\"list\">{}</dl>",
                    rows(parameters)
                ),
            )
        }
        Answer::Received {
            status,
            headers,
            body,
        } => {
            let body = match serde_json::from_str::<Value>(body) {
                Ok(_) => reading::json("Answer", body),
                Err(_) if body.is_empty() => "<p class=\"hint\">It has no body.</p>".to_owned(),
                Err(_) => copyable("Answer", "", &Escaped(body).to_string()),
            };
            (
                Some(status.clone()),
                format!(
                    "<h3>Answer</h3><dl class=\"list\">{}</dl>{body}",
                    rows(headers)
                ),
            )
        }
    }
}

/// What is wrong with the sender of an answer: it must be the issuer that was asked (RFC 9207 §2.4).
fn sender(at: &At<'_>, iss: Option<&str>) -> String {
    match iss {
        Some(iss) if iss == at.address.issuer => "",
        Some(_) => {
            "<p role=\"alert\">Its <code>iss</code> is another issuer's: a client must refuse it.</p>"
        }
        None => "<p class=\"hint\">It does not say by <code>iss</code> who sent it.</p>",
    }
    .to_owned()
}

/// A section for each token of an answer.
async fn tokens(at: &At<'_>, run: &Run, step: &Step, keys: &JwkSet) -> String {
    // A refreshed ID token need not repeat it (OpenID Connect Core §12.2).
    let is_first = step.title != "Refresh";
    let body: Value = match &step.answer {
        Answer::Awaited { .. } => return String::new(),
        Answer::Redirect { parameters, .. } => {
            let pairs = parameters.iter();
            pairs
                .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                .collect()
        }
        Answer::Received { body, .. } => serde_json::from_str(body).unwrap_or_default(),
    };
    let mut sections = String::new();
    for (member, title) in TOKENS {
        let Some(token) = body.get(member).and_then(Value::as_str) else {
            continue;
        };
        let reading = Reading::of(token);
        if let (Reading::Jwt(jwt), "id_token", Some(front)) = (&reading, member, &run.front)
            && jwt.claims.get("nonce").and_then(Value::as_str) != Some(&front.nonce)
            && (is_first || jwt.claims.contains_key("nonce"))
        {
            sections += "<p role=\"alert\">The ID token has not the <code>nonce</code> that was \
                         asked for: a client must refuse it.</p>";
        }
        sections += &reading::section(at, title, token, &reading, keys).await;
    }
    sections
}

/// What can follow.
fn next(at: &At<'_>, path: &str, run: &Run) -> String {
    let is_waiting = run.front.as_ref().is_some_and(|front| front.is_waiting);
    if is_waiting {
        return String::new();
    }
    let has = |name: &str| run.held(name).is_some();
    let has_tokens = has("access_token");
    let mut actions = Vec::new();
    let mut links = String::new();
    if has("code") {
        actions.push(("redeem", "Redeem the code"));
    }
    if has("device_code") && !has_tokens {
        actions.push(("poll", "Ask for the tokens"));
        if let Some(url) = run.held("verification_uri_complete") {
            let _ = write!(
                links,
                "<a class=\"button plain\" href=\"{}\" target=\"_blank\">Approve it in a browser</a>",
                Escaped(url)
            );
        }
    }
    if has_tokens {
        actions.push(("userinfo", "Ask /userinfo"));
        actions.push(("introspect", "Introspect"));
    }
    if has("refresh_token") {
        actions.push(("refresh", "Refresh"));
    }
    if has_tokens {
        actions.push(("exchange", "Exchange"));
        actions.push(("revoke", "Revoke"));
    }
    if let Some(hint) = run.held("id_token").filter(|_| has_tokens) {
        let _ = write!(
            links,
            "<a class=\"button plain\" href=\"{}{}?id_token_hint={}\">Log out</a>",
            Escaped(&at.address.browser),
            advertised(at.issuer, Endpoint::EndSession),
            Escaped(hint)
        );
    }
    if actions.is_empty() && links.is_empty() {
        return String::new();
    }
    let mut buttons = String::new();
    for (action, label) in actions {
        let _ = write!(
            buttons,
            "<button name=\"do\" value=\"{action}\">{label}</button>"
        );
    }
    format!(
        "<li class=\"next\"><section class=\"panel\" aria-label=\"Next\"><h2>Next</h2>\
         <form class=\"actions\" method=\"post\" action=\"{path}/debugger/run/{}\">\
         {buttons}{links}</form></section></li>",
        run.id
    )
}
