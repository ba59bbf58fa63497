//! Scope (RFC 6749 §3.3): an ordered set of case-sensitive tokens.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The most tokens in one scope. A body could hold many thousands, and these sets have no index.
const MOST_TOKENS: usize = 1000;

/// A set of scope tokens in the order they were first named. May be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope(Vec<String>);

/// The text is not a scope: `scope-token *( SP scope-token )`, RFC 6749 §3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope is at most 1000 tokens of printable ASCII without quotes or backslashes, separated by spaces"
)]
pub struct InvalidScope;

impl Scope {
    /// Whether no token is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether `token` is in the set.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.iter().any(|own| own == token)
    }

    /// The tokens of both scopes, those of `self` first.
    #[must_use]
    pub fn union(&self, other: &Scope) -> Scope {
        let added = other.iter().filter(|token| !self.contains(token));
        Self(self.iter().chain(added).map(str::to_owned).collect())
    }

    /// The first token that `allowed` does not hold.
    pub(crate) fn first_outside<'a>(&'a self, allowed: &Scope) -> Option<&'a str> {
        self.iter().find(|token| !allowed.contains(token))
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    /// The tokens in `text`. Repeated tokens and surplus spaces are accepted: both are common and
    /// harmless.
    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let mut tokens = Vec::<String>::new();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            if !token.bytes().all(is_scope_char) {
                return Err(InvalidScope);
            }
            if !tokens.iter().any(|known| known == token) {
                if tokens.len() >= MOST_TOKENS {
                    return Err(InvalidScope);
                }
                tokens.push(token.to_owned());
            }
        }
        Ok(Self(tokens))
    }
}

const fn is_scope_char(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_as_rfc_6749_section_3_3() {
        for (text, expected) in [
            ("", Ok("")),
            ("read", Ok("read")),
            ("read write", Ok("read write")),
            ("  read   write ", Ok("read write")),
            ("read read", Ok("read")),
            ("Read read", Ok("Read read")),
            ("urn:a:b https://x/y?z#w", Ok("urn:a:b https://x/y?z#w")),
            ("a\"b", Err(InvalidScope)),
            ("a\\b", Err(InvalidScope)),
            ("a\tb", Err(InvalidScope)),
            ("ä", Err(InvalidScope)),
            ("a\u{7f}", Err(InvalidScope)),
        ] {
            let parsed = text.parse::<Scope>().map(|scope| scope.to_string());
            assert_eq!(parsed, expected.map(str::to_owned), "{text:?}");
        }
        for (tokens, fits) in [(MOST_TOKENS, true), (MOST_TOKENS + 1, false)] {
            let tokens: Vec<_> = (0..tokens).map(|token| token.to_string()).collect();
            assert_eq!(tokens.join(" ").parse::<Scope>().is_ok(), fits);
        }
    }
}
