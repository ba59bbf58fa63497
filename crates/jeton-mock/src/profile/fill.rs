//! The names of a profile's own in its texts. What is left are the names of claim rules.

use serde_json::{Map, Value};

/// What a name stands for.
pub(crate) type Known<'a> = [(&'a str, Value)];

/// Puts what is known into the texts of `value`. A text that is one name becomes its value, whatever it is.
pub(crate) fn fill(value: &mut Value, known: &Known<'_>) {
    match value {
        Value::String(text) => *value = filled(text, known),
        Value::Array(items) => items.iter_mut().for_each(|it| fill(it, known)),
        Value::Object(members) => fill_members(members, known),
        _ => {}
    }
}

pub(crate) fn fill_members(members: &mut Map<String, Value>, known: &Known<'_>) {
    members.values_mut().for_each(|it| fill(it, known));
}

fn filled(text: &str, known: &Known<'_>) -> Value {
    let alone = text.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
    if let Some((_, value)) = known.iter().find(|(name, _)| alone == Some(name)) {
        return value.clone();
    }
    Value::String(fill_text(text, known))
}

pub(crate) fn fill_text(text: &str, known: &Known<'_>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    // What is filled in is not looked at again: strangers may have written it.
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let name = after.split_once('}');
        let found = name.and_then(|(name, after)| {
            let (_, value) = known.iter().find(|(own, _)| *own == name)?;
            Some((value, after))
        });
        rest = match found {
            Some((Value::String(text), after)) => {
                filled.push_str(text);
                after
            }
            Some((other, after)) => {
                filled.push_str(&other.to_string());
                after
            }
            None => {
                filled.push_str("${");
                after
            }
        };
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_filled_in() {
        let known = [
            ("base", json!("http://h")),
            ("keys", json!({ "a": 1 })),
            ("stranger", json!("${base}")),
        ];
        for (text, expected) in [
            ("${base}/x", json!("http://h/x")),
            ("${keys}", json!({ "a": 1 })),
            ("k=${keys}", json!("k={\"a\":1}")),
            ("${other} ${base}", json!("${other} http://h")),
            ("${stranger}${base}", json!("${base}http://h")),
            ("${base", json!("${base")),
            ("$", json!("$")),
        ] {
            let mut value = json!([text]);
            fill(&mut value, &known);
            assert_eq!(value, json!([expected]), "{text}");
        }
    }
}
