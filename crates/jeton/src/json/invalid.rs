//! Why JSON is not what it must be.

use std::fmt::Display;

use serde::de::{self, Expected, Unexpected};

/// The longest name of a member that is repeated, in bytes, where it is of small letters: no secret that somebody
/// draws is.
const LONGEST_WORDS: usize = 40;

/// The same of any other name: secrets are longer.
const LONGEST_NAME: usize = 20;

const NONE: &str = "a value, but there is none";

/// Why JSON is not what it must be: where, and what is expected there. Never what stands there, which may be
/// a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.text())]
pub struct InvalidJson(Box<Fault>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    kind: Kind,
    /// Empty for all of the JSON.
    place: String,
    expected: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The text is none.
    NoJson,
    /// It is, but objects and arrays lie deeper in each other than is read.
    TooDeep,
    /// An object has a member that does not belong there.
    Member,
    /// A value is another than is expected.
    Value,
}

impl Fault {
    fn text(&self) -> String {
        let Self {
            place, expected, ..
        } = self;
        let separator = if place.is_empty() { "" } else { ": " };
        let word = if self.kind == Kind::Value {
            "expected "
        } else {
            ""
        };
        format!("{place}{separator}{word}{expected}")
    }
}

impl InvalidJson {
    pub(super) fn no_json(error: &serde_json::Error) -> Self {
        let place = format!("line {}, column {}", error.line(), error.column());
        // It has no other sign of it.
        if error.to_string().starts_with("recursion limit exceeded") {
            return Self::new(Kind::TooDeep, "too deep").within(&place);
        }
        Self::new(Kind::NoJson, "no JSON").within(&place)
    }

    fn new(kind: Kind, expected: impl Into<String>) -> Self {
        let (place, expected) = (String::new(), expected.into());
        Self(Box::new(Fault {
            kind,
            place,
            expected,
        }))
    }

    /// That a member is there twice.
    pub(super) fn twice(name: &str) -> Self {
        Self::new(Kind::Value, "one value, not two").within_member(name)
    }

    fn expecting(expected: &dyn Expected) -> Self {
        let said = expected.to_string();
        // serde has words of its own for what JSON has, and says the name of a struct in the code.
        let said = match said.as_str() {
            "a sequence" => "an array",
            "a map" => "an object",
            "u8" | "u16" | "u32" | "u64" => "a whole number that is not negative",
            said if said.starts_with("struct ") => "an object",
            said => said,
        };
        Self::new(Kind::Value, said)
    }

    /// The same in the member of that name.
    pub(super) fn within_member(self, name: &str) -> Self {
        self.within(shown_name(name))
    }

    /// The same in the element of that index.
    pub(crate) fn within_element(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    fn within(mut self, outer: &str) -> Self {
        let place = &mut self.0.place;
        let apart = !place.is_empty() && !place.starts_with('[');
        place.insert_str(0, if apart { "." } else { "" });
        place.insert_str(0, outer);
        self
    }

    /// Whether the text is JSON, though of something else.
    #[must_use]
    pub fn is_json(&self) -> bool {
        !matches!(self.0.kind, Kind::NoJson | Kind::TooDeep)
    }

    /// Whether the text is JSON that is too deep to be read.
    pub(crate) fn is_too_deep(&self) -> bool {
        self.0.kind == Kind::TooDeep
    }

    /// Whether a member is missing.
    pub(super) fn is_of_none(&self) -> bool {
        self.0.expected == NONE
    }

    /// Where the value stands that is not what it must be, `allow.claims.groups[1]`; or, where there is no JSON,
    /// `line 1, column 16`. Empty for all of the JSON.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// What is expected there.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.0.expected
    }
}

impl de::Error for InvalidJson {
    /// What a type of ours says may quote what it was given.
    fn custom<T: Display>(_: T) -> Self {
        Self::new(Kind::Value, "something else")
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expecting(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expecting(expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::expecting(expected)
    }

    fn unknown_variant(_: &str, variants: &'static [&'static str]) -> Self {
        Self::new(Kind::Value, list(variants))
    }

    fn unknown_field(name: &str, members: &'static [&'static str]) -> Self {
        let there = match members {
            [_] => "there is only",
            _ => "there are",
        };
        let expected = format!("no such member; {there} {}", members.join(", "));
        Self::new(Kind::Member, expected).within_member(name)
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(Kind::Value, NONE).within_member(name)
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::twice(name)
    }
}

/// The name of a member as errors say it: `?` where it looks like none. Then it may be a value, such as a secret,
/// that stands in the wrong place.
#[must_use]
pub fn shown_name(name: &str) -> &str {
    let is_of_words = |byte| matches!(byte, b'a'..=b'z' | b'_');
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_name = (name.len() <= LONGEST_WORDS && name.bytes().all(is_of_words))
        || (name.len() <= LONGEST_NAME && name.bytes().all(is_of_name));
    if is_name { name } else { "?" }
}

/// Names of which one is expected.
fn list(names: &[&str]) -> String {
    match names {
        [one, other] => format!("{one} or {other}"),
        _ => format!("one of {}", names.join(", ")),
    }
}
