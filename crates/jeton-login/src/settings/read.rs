//! How `JETON_LOGIN` is read: what is wrong is told by its place and never by its value, which may be a secret.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::InvalidLogin;

/// The longest name of a member that is repeated, in bytes.
const LONGEST_NAME: usize = 40;

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
    let mut json = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = place_of(error.path());
        let error = error.into_inner();
        if error.is_data() {
            misread(place, &error.to_string())
        } else {
            no_json(&error)
        }
    })?;
    json.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

fn no_json(error: &serde_json::Error) -> InvalidLogin {
    let place = format!("line {}, column {}", error.line(), error.column());
    InvalidLogin::new(place, "no JSON")
}

/// `said` is serde's word for what is wrong at `place`.
fn misread(place: String, said: &str) -> InvalidLogin {
    if let Some(name) = named(said, "missing field") {
        return InvalidLogin::new(name, "a value, but there is none").within(place);
    }
    if let Some(name) = named(said, "duplicate field") {
        return InvalidLogin::new(name, "one value, not two").within(place);
    }
    let tells = EXPECTATIONS.iter().any(|word| said.starts_with(word));
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
    InvalidLogin::new(place, expected)
}

/// The name of a member of ours after such a beginning.
fn named<'a>(said: &'a str, beginning: &str) -> Option<&'a str> {
    let rest = said.strip_prefix(beginning)?.strip_prefix(" `")?;
    Some(rest.split_once('`')?.0)
}

/// Where it is wrong: `allow.claims.groups[1]`. A name of a member that looks like no name may be a value that
/// stands in the wrong place.
fn place_of(path: &Path) -> String {
    let place = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("[{index}]"),
        Segment::Map { key } if is_name(key) => format!(".{key}"),
        _ => ".?".to_owned(),
    });
    let place: String = place.collect();
    place.strip_prefix('.').unwrap_or(&place).to_owned()
}

fn is_name(key: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    key.len() <= LONGEST_NAME && key.bytes().all(is_of_name)
}
