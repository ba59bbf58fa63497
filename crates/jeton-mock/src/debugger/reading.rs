//! A token as the debugger shows it: whole, and in words.

use std::fmt::Write;

use jeton::page::Escaped;
use jsonwebtoken::jwk::JwkSet;

use super::{
    time::in_words,
    token::{Jwt, Reading, Verdict, indented},
};
use crate::{at::At, layout::copyable};

/// RFC 7519 §4.1, OpenID Connect Core §2 and §5.1.
const TIMES: [(&str, &str); 5] = [
    ("iat", "Issued"),
    ("nbf", "Not before"),
    ("exp", "Expires"),
    ("auth_time", "Logged in"),
    ("updated_at", "Profile changed"),
];

/// A section with a token read.
pub(super) async fn section(
    at: &At<'_>,
    title: &str,
    token: &str,
    reading: &Reading,
    keys: &JwkSet,
) -> String {
    let kind = match reading {
        Reading::Jwt(jwt) if title.is_empty() => jwt.kind(),
        _ if title.is_empty() => "Token",
        _ => title,
    };
    let body = match reading {
        Reading::Jwt(jwt) => jwt_body(at, jwt, keys).await,
        Reading::Opaque(words) => format!("<p>{words}</p>"),
        Reading::Malformed(problem) => format!("<p role=\"alert\">{}</p>", Escaped(problem)),
    };
    format!(
        "<section aria-label=\"{kind}\"><h2>{kind}</h2>{}{body}</section>",
        copyable(kind, "token", &coloured(token))
    )
}

/// A token with its three parts told apart.
fn coloured(token: &str) -> String {
    let parts: Vec<_> = token.split('.').collect();
    match parts.as_slice() {
        [header, claims, signature] => format!(
            "<b class=\"head\">{}</b>.<b>{}</b>.<b class=\"sig\">{}</b>",
            Escaped(header),
            Escaped(claims),
            Escaped(signature)
        ),
        _ => Escaped(token).to_string(),
    }
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
        "<dl class=\"list\">{facts}</dl><div class=\"columns\"><div><h3>Header</h3>{}</div>\
         <div><h3>Claims</h3>{}</div></div>",
        json("Header", &jwt.header_text),
        json("Claims", &jwt.claims_text)
    )
}

/// JSON, a member a line.
pub(super) fn json(name: &str, text: &str) -> String {
    copyable(name, "json", &Escaped(&indented(text)).to_string())
}
