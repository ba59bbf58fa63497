//! The place in a JSON text up to which it was read.

use core::{fmt, str::Chars};

/// The longest name of a member that is repeated, in bytes.
const LONGEST_NAME: usize = 40;

/// A place in a JSON text: `allow.claims.groups[1]`. A name of a member that looks like no name may be a value
/// that stands in the wrong place: it is left out.
pub(super) struct Place {
    /// What had begun and not ended there, from the outside in.
    within: Vec<Within>,
    /// Whether the name of a member was read last.
    at_name: bool,
}

enum Within {
    /// An object: in the member of that name, as it is written, once there is one.
    Object(Option<String>),
    /// An array: in the element of that index.
    Array(usize),
}

impl Place {
    /// That of the value, or of the name of a member, which was read last or is to come after `before`, the
    /// beginning of a text.
    pub(super) fn after(before: &str) -> Self {
        let mut within = Vec::new();
        let mut at_name = false;
        let mut letters = before.chars();
        while let Some(letter) = letters.next() {
            if letter.is_ascii_whitespace() {
                continue;
            }
            at_name = false;
            match (letter, within.last_mut()) {
                ('{', _) => within.push(Within::Object(None)),
                ('[', _) => within.push(Within::Array(0)),
                ('}' | ']', _) => drop(within.pop()),
                (',', Some(Within::Object(name))) => *name = None,
                (',', Some(Within::Array(index))) => *index += 1,
                ('"', innermost) => {
                    let text = rest_of_string(&mut letters);
                    if let Some(Within::Object(name @ None)) = innermost {
                        *name = Some(text);
                        at_name = true;
                    }
                }
                _ => (),
            }
        }
        Self { within, at_name }
    }

    /// That of the object, where the name of a member was read last.
    pub(super) fn without_name(mut self) -> Self {
        if self.at_name {
            self.within.pop();
        }
        self
    }
}

/// The string that has begun, as it is written.
fn rest_of_string(letters: &mut Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
        text.push(letter);
        if letter == '\\' {
            text.extend(letters.next());
        }
    }
    text
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for within in &self.within {
            match within {
                Within::Object(None) => continue,
                Within::Object(Some(name)) if is_name(name) => {
                    write!(formatter, "{separator}{name}")?
                }
                Within::Object(Some(_)) => write!(formatter, "{separator}?")?,
                Within::Array(index) => write!(formatter, "[{index}]")?,
            }
            separator = ".";
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    name.len() <= LONGEST_NAME && name.bytes().all(is_of_name)
}
