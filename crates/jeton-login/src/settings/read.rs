//! How `JETON_LOGIN` is read: what is wrong is told by its place and never by its value, which may be a secret.

use serde::de::DeserializeOwned;

use super::{InvalidLogin, place::Place};

/// What serde says before it says what is expected. Between both stands the value.
const EXPECTATIONS: [&str; 5] = [
    "invalid type",
    "invalid value",
    "invalid length",
    "unknown variant",
    "unknown field",
];

/// The value that is written in `json`.
///
/// # Errors
/// It is not what it must be.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, InvalidLogin> {
    serde_json::from_str(json).map_err(|error| {
        if error.is_data() {
            misread(before(json, &error), &error.to_string())
        } else {
            no_json(&error)
        }
    })
}

/// What of `json` had been read when it was found wrong.
fn before<'a>(json: &'a str, error: &serde_json::Error) -> &'a str {
    let lines = json.split_inclusive('\n');
    let lines = lines.take(error.line().saturating_sub(1));
    let begin: usize = lines.map(str::len).sum();
    json.get(..begin + error.column()).unwrap_or_default()
}

fn no_json(error: &serde_json::Error) -> InvalidLogin {
    let place = format!("line {}, column {}", error.line(), error.column());
    InvalidLogin::new(place, "no JSON")
}

/// `said` is serde's word for what is wrong after `before`.
fn misread(before: &str, said: &str) -> InvalidLogin {
    if let Some(name) = named(said, "missing field") {
        let place = Place::after(before);
        return InvalidLogin::new(name, "a value, but there is none").within(place);
    }
    if let Some(name) = named(said, "duplicate field") {
        let place = Place::after(before).without_name();
        return InvalidLogin::new(name, "one value, not two").within(place);
    }
    let tells = EXPECTATIONS.iter().any(|word| said.starts_with(word));
    // What a type of ours refuses has its position only where the object ends that it is in.
    let ended = before.strip_suffix('}').filter(|_| !tells);
    let place = Place::after(ended.unwrap_or(before));
    let expected = said
        .rsplit_once(", expected ")
        .filter(|_| tells)
        .map_or("something else", |(_, expected)| expected);
    let expected = expected.split(" at line ").next().unwrap_or_default();
    let expected = match expected.strip_prefix("one of ") {
        Some(members) if said.starts_with("unknown field") => {
            format!("no such member; there are {members}")
        }
        // Else by its name in the code.
        _ if expected.starts_with("struct ") => "an object".to_owned(),
        _ => expected.to_owned(),
    };
    InvalidLogin::new(place.to_string(), expected)
}

/// The name of a member of ours after such a beginning.
fn named<'a>(said: &'a str, beginning: &str) -> Option<&'a str> {
    let rest = said.strip_prefix(beginning)?.strip_prefix(" `")?;
    Some(rest.split_once('`')?.0)
}
