//! What is known, held against patterns.

use std::collections::BTreeMap;

use crate::Pattern;

/// Whether one of `facts` is as `pattern` has it. Where there is no pattern, anything will do; where there is
/// one, what is not known never does, not even for `*`.
pub fn fits<'f>(pattern: Option<&Pattern>, facts: impl IntoIterator<Item = &'f str>) -> bool {
    pattern.is_none_or(|pattern| facts.into_iter().any(|fact| pattern.matches(fact)))
}

/// Whether each of these facts, which `known` looks up by name, is as its pattern has it.
pub fn all_fit<'f>(
    patterns: &BTreeMap<String, Pattern>,
    known: impl Fn(&str) -> Option<&'f str>,
) -> bool {
    let mut patterns = patterns.iter();
    patterns.all(|(name, pattern)| fits(Some(pattern), known(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fact_is_enough() {
        let known: [&[&str]; 4] = [&[], &["reader"], &["admin-eu"], &["reader", "admin-eu"]];
        for (pattern, expected) in [
            (None, [true, true, true, true]),
            (Some("admin-*"), [false, false, true, true]),
            (Some("*"), [false, true, true, true]),
        ] {
            let pattern = pattern.map(Pattern::from);
            let actual = known.map(|facts| fits(pattern.as_ref(), facts.iter().copied()));
            assert_eq!(actual, expected, "{pattern:?}");
        }
    }

    #[test]
    fn each_pattern_is_held_to_its_fact() {
        let known = |name: &str| match name {
            "client_id" => Some("admin-eu"),
            "provider" => Some("google"),
            _ => None,
        };
        for (matching, expected) in [
            (r#"{}"#, true),
            (r#"{ "client_id": "admin-*" }"#, true),
            (r#"{ "client_id": "admin-*", "provider": "google" }"#, true),
            (r#"{ "client_id": "admin-*", "provider": "github" }"#, false),
            (r#"{ "provider": "/go+gle/" }"#, true),
            (r#"{ "provider": "google", "tenant": "*" }"#, false),
        ] {
            let patterns = serde_json::from_str(matching).unwrap();
            assert_eq!(all_fit(&patterns, known), expected, "{matching}");
        }
    }
}
