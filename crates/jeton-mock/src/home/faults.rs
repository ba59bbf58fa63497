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

/// Two tables: what is wrong with an answer, and with the tokens in it.
pub(super) fn tables() -> String {
    let of_tokens = |name: &&str| {
        let example = example(name).parse();
        matches!(example, Ok(Effect::Token(_)))
    };
    let (tokens, answers): (Vec<_>, Vec<_>) = FAULT_NAMES.iter().copied().partition(of_tokens);
    format!(
        "<div class=\"columns\">{}{}</div>",
        table("An answer", &answers),
        table("The tokens in an answer", &tokens)
    )
}

fn example(name: &str) -> &str {
    match meaning(name) {
        None | Some((_, "")) => name,
        Some((_, example)) => example,
    }
}

fn table(title: &str, names: &[&str]) -> String {
    let mut rows = String::new();
    for &name in names {
        let (words, example) = meaning(name).unwrap_or_default();
        let example = match example {
            "" => String::new(),
            example => format!(", as in <code>{example}</code>"),
        };
        // Writing to a string cannot fail.
        let _ = write!(
            rows,
            "<tr><th scope=\"row\"><code>{name}</code></th><td>{words}{example}</td></tr>"
        );
    }
    format!(
        "<div class=\"scroll\" role=\"group\" aria-label=\"{title}\" tabindex=\"0\"><table><thead><tr>\
         <th scope=\"col\">{title}</th><th scope=\"col\">What happens</th></tr></thead>\
         <tbody>{rows}</tbody></table></div>"
    )
}

/// The OAuth error codes, each a fault by itself.
pub(super) fn errors() -> String {
    OAuthError::all()
        .map(|error| format!("<li><code>{}</code></li>", error.as_str()))
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
