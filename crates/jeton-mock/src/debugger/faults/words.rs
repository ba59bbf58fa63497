//! Every fault by its name, in words.

use std::fmt::Write;

use crate::spec::{Effect, FAULT_NAMES, OAuthError};

/// What a fault does; with a name as one could write it, where something is to be filled in.
fn meaning(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "status-NNN" => ("That status, 400 to 599", "status-503"),
        "rate-limit" => ("429 with Retry-After: 1", ""),
        "rate-limit-SECONDS" => ("429 with another Retry-After", "rate-limit-5"),
        "slow-Ns" => ("The right answer, N seconds late, at most 60", "slow-2s"),
        "slow-Nms" => ("The same in milliseconds", "slow-300ms"),
        "drop" => ("The connection is closed without an answer", ""),
        "truncate" => ("The body is cut in the middle", ""),
        "html" => ("The right status, but an HTML page", ""),
        "content-type-text" => ("The right body, said to be plain text", ""),
        "empty" => ("The right status without a body", ""),
        "missing-FIELD" => ("Without that member", "missing-token_type"),
        "expired" => ("Expired an hour ago", ""),
        "not-yet-valid" => ("Valid only in an hour", ""),
        "wrong-issuer" => ("Of another issuer", ""),
        "wrong-audience" => ("For somebody else", ""),
        "wrong-nonce" => ("For another login", ""),
        "wrong-key" => ("Signed with another key than the kid says", ""),
        "alg-none" => ("Not signed, and it says so", ""),
        "tampered" => ("Changed after it was signed", ""),
        "unknown-kid" => ("With a kid that JWKS does not have", ""),
        "wrong-typ" => ("With the typ of something else", ""),
        "oversized" => ("Larger than a header line may be", ""),
        "without-CLAIM" => ("Without that claim", "without-sub"),
        _ => return None,
    })
}

/// Three tables of buttons that set a fault: for an answer, for the tokens in it, and each OAuth error.
pub(super) fn tables() -> String {
    let of_tokens = |name: &&'static str| {
        let example = example(name).parse();
        matches!(example, Ok(Effect::Token(_)))
    };
    let (tokens, answers): (Vec<_>, Vec<_>) = FAULT_NAMES.iter().copied().partition(of_tokens);
    format!(
        "<div class=\"columns\"><div>{}</div><div>{}</div></div>\
         <h3>An OAuth error</h3><ul class=\"tags errors\">{}</ul>",
        table("An answer", &answers),
        table("The tokens in an answer", &tokens),
        errors()
    )
}

/// Each name as one could write it.
pub(super) fn examples() -> impl Iterator<Item = &'static str> {
    let errors = OAuthError::all().map(OAuthError::as_str);
    FAULT_NAMES.iter().map(|name| example(name)).chain(errors)
}

/// What a fault of this name does.
pub(super) fn of(name: &str) -> &'static str {
    let by_name = |own: &&&'static str| **own == name || example(own) == name;
    let known = FAULT_NAMES.iter().find(by_name);
    known
        .and_then(|own| meaning(own))
        .map_or("", |(words, _)| words)
}

fn example(name: &'static str) -> &'static str {
    match meaning(name) {
        None | Some((_, "")) => name,
        Some((_, example)) => example,
    }
}

fn table(title: &str, names: &[&'static str]) -> String {
    let mut rows = String::new();
    for &name in names {
        let (words, _) = meaning(name).unwrap_or_default();
        let example = example(name);
        let written = if example == name {
            String::new()
        } else {
            format!("<br><span class=\"hint\">as <code>{example}</code></span>")
        };
        // Writing to a string cannot fail.
        let _ = write!(
            rows,
            "<tr><th scope=\"row\"><code>{name}</code></th><td>{words}{written}</td>\
             <td>{}</td></tr>",
            button(example, "Set")
        );
    }
    format!(
        "<h3>{title}</h3><table class=\"picks\"><thead><tr><th scope=\"col\">Fault</th>\
         <th scope=\"col\">What happens</th><th scope=\"col\">By a click</th></tr></thead>\
         <tbody>{rows}</tbody></table>"
    )
}

fn button(fault: &str, label: &str) -> String {
    format!(
        "<button class=\"plain\" name=\"fault\" value=\"{fault}\" aria-label=\"Set {fault}\">{label}</button>"
    )
}

/// The OAuth error codes, each a fault by itself.
fn errors() -> String {
    OAuthError::all()
        .map(|error| {
            let name = error.as_str();
            format!("<li>{}</li>", button(name, name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_words_and_an_example() {
        for name in FAULT_NAMES {
            assert!(meaning(name).is_some(), "{name}");
            assert!(example(name).parse::<Effect>().is_ok(), "{name}");
        }
    }
}
