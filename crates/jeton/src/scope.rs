//! Scope (RFC 6749 §3.3): an ordered set of case-sensitive tokens.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::inserted::inserted;

/// The most tokens in one scope, each counted as often as it stands there: a body could hold many
/// thousands.
pub const MOST_SCOPE_TOKENS: usize = 1000;

/// A set of scope tokens in the order they were first named. May be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope(Vec<String>);

/// The text is not a scope: `scope-token *( SP scope-token )`, RFC 6749 §3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope is at most {MOST_SCOPE_TOKENS} tokens of printable ASCII without quotes or backslashes, separated by spaces"
)]
pub struct InvalidScope;

impl Scope {
    /// Whether no token is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
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
        let own: BTreeSet<_> = inserted(self.iter());
        let added = other.iter().filter(|token| !own.contains(token));
        Self(self.iter().chain(added).map(str::to_owned).collect())
    }

    /// The tokens that `other` does not hold, in the order of `self`.
    #[must_use]
    pub fn without(&self, other: &Scope) -> Scope {
        let other: BTreeSet<_> = inserted(other.iter());
        self.filtered(|token| !other.contains(token))
    }

    /// The other tokens than `token`, in the order of `self`.
    pub(crate) fn except(&self, token: &str) -> Scope {
        self.filtered(|own| own != token)
    }

    /// The tokens that `keep` keeps, in the order of `self`.
    pub(crate) fn filtered(&self, mut keep: impl FnMut(&str) -> bool) -> Scope {
        let tokens = self.iter().filter(|token| keep(token));
        Self(tokens.map(str::to_owned).collect())
    }

    /// The tokens that `allowed` holds, in the order of `self`.
    pub(crate) fn within(&self, allowed: &Scope) -> Scope {
        let allowed: BTreeSet<_> = inserted(allowed.iter());
        self.filtered(|token| allowed.contains(token))
    }

    /// The first token that `allowed` does not hold.
    pub(crate) fn first_outside<'a>(&'a self, allowed: &Scope) -> Option<&'a str> {
        first_outside(self.iter(), allowed.iter())
    }
}

/// The first of `asked` that is none of `allowed`. Each of the two is gone through once: who asks may
/// be anybody, and both may be long.
pub(crate) fn first_outside<'a, 'b>(
    asked: impl Iterator<Item = &'a str> + Clone,
    allowed: impl Iterator<Item = &'b str>,
) -> Option<&'a str> {
    let mut outside: BTreeSet<&str> = inserted(asked.clone());
    for allowed in allowed {
        if outside.is_empty() {
            return None;
        }
        outside.remove(allowed);
    }
    asked.into_iter().find(|asked| outside.contains(asked))
}

impl FromStr for Scope {
    type Err = InvalidScope;

    /// The tokens in `text`. A few repeated tokens and surplus spaces are accepted: both are common and
    /// harmless.
    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let mut tokens = Vec::new();
        // A tree: where hashing is not seeded, as in wasm, tokens could be chosen to collide.
        let mut known = BTreeSet::new();
        let named = text.split(' ').filter(|token| !token.is_empty());
        for (index, token) in named.enumerate() {
            if index >= MOST_SCOPE_TOKENS || !token.bytes().all(is_scope_char) {
                return Err(InvalidScope);
            }
            if known.insert(token) {
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
    }

    #[test]
    fn repeats_count() {
        let check = |tokens: Vec<String>, fits: bool| {
            assert_eq!(tokens.join(" ").parse::<Scope>().is_ok(), fits);
        };
        let distinct = |count: usize| (0..count).map(|token| token.to_string());
        check(distinct(MOST_SCOPE_TOKENS).collect(), true);
        check(distinct(MOST_SCOPE_TOKENS + 1).collect(), false);
        check(vec!["a".to_owned(); MOST_SCOPE_TOKENS], true);
        check(vec!["a".to_owned(); MOST_SCOPE_TOKENS + 1], false);
    }

    #[test]
    fn finds_what_is_not_allowed() {
        for (asked, allowed, expected) in [
            ("", "", None),
            ("a", "", Some("a")),
            ("", "a", None),
            ("a b", "b a c", None),
            ("a x b y", "a b", Some("x")),
            ("A", "a", Some("A")),
        ] {
            let [asked, allowed] = [asked, allowed].map(|text| text.parse::<Scope>().unwrap());
            assert_eq!(asked.first_outside(&allowed), expected, "{asked} {allowed}");
        }
    }

    /// Counts how often the two lists are gone through, whatever they hold.
    #[test]
    fn neither_list_is_gone_through_for_each_member_of_the_other() {
        let taken = std::cell::Cell::new(0);
        let names: Vec<_> = (0..MOST_SCOPE_TOKENS)
            .map(|name| name.to_string())
            .collect();
        let counted = || {
            names.iter().map(|name| {
                taken.set(taken.get() + 1);
                name.as_str()
            })
        };
        assert_eq!(first_outside(counted(), counted().rev()), None);
        assert!(taken.get() <= 3 * names.len(), "{}", taken.get());
    }
}
