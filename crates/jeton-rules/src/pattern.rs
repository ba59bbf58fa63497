//! Patterns: which texts a rule is about.

use std::{borrow::Cow, fmt};

use regex_lite::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::glob::{between_slashes, is_match};

/// Text in which `*` stands for any run of characters, and everything else for itself; or a regular
/// expression of the whole text. The mock's: a deployment has [`Glob`](crate::Glob)s, which cannot be misread, nor
/// take the time of an expression.
///
/// Rust's text is always the former, so that a misspelt expression does not pass for a text that
/// never comes. Written in a configuration or sent over the control API, what stands between
/// slashes, `/\d{11}/`, is the latter.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    /// `text` as a regular expression, where it is one.
    regex: Option<Regex>,
}

/// Why a text is not a regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no regular expression: {reason}")]
pub struct InvalidPattern {
    text: String,
    reason: String,
}

impl Pattern {
    /// A regular expression, without slashes, that the whole text has to match.
    ///
    /// # Errors
    /// The text is not a regular expression.
    pub fn regex(expression: &str) -> Result<Self, InvalidPattern> {
        let refused = |error: regex_lite::Error| InvalidPattern {
            text: expression.to_owned(),
            reason: error.to_string(),
        };
        let whole = Regex::new(&format!("^(?:{expression})$")).map_err(refused)?;
        // By itself as well: `a)|(?:b` closes the group around it, and would match whatever begins with `a`.
        Regex::new(expression).map_err(refused)?;
        Ok(Self {
            text: expression.to_owned(),
            regex: Some(whole),
        })
    }

    fn parse(text: &str) -> Result<Self, InvalidPattern> {
        match between_slashes(text) {
            Some(expression) => Self::regex(expression),
            None => Ok(Self::from(text)),
        }
    }

    /// The pattern in the form that [`Self::parse`] reads.
    fn written(&self) -> Cow<'_, str> {
        if self.regex.is_some() {
            return Cow::Owned(format!("/{}/", self.text));
        }
        if between_slashes(&self.text).is_none() {
            return Cow::Borrowed(&self.text);
        }
        let parts: Vec<_> = self.text.split('*').map(regex_lite::escape).collect();
        Cow::Owned(format!("/(?s){}/", parts.join(".*")))
    }

    /// Whether `text` is one that it stands for.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        if let Some(regex) = &self.regex {
            return regex.is_match(text);
        }
        is_match(&self.text, text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.regex.is_some()) == (&other.text, other.regex.is_some())
    }
}

impl Eq for Pattern {}

/// The pattern as a configuration has it.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.written())
    }
}

/// A text with `*`, whatever else is in it.
impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, regex: None }
    }
}

/// A text with `*`, whatever else is in it.
impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written())
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn matches_runs() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("*", "anything", true),
            ("web", "web", true),
            ("web", "web2", false),
            ("web*", "web2", true),
            ("*web", "a web", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("*ab*", "aab", true),
            ("**", "x", true),
            ("/", "/", true),
            ("//", "//", true),
            // Only what is read is ever an expression.
            ("/a+/", "/a+/", true),
            ("/a+/", "a", false),
            ("/[/", "/[/", true),
        ] {
            assert_eq!(
                Pattern::from(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn matches_regular_expressions_whole() {
        for (expression, text, expected) in [
            (r"\d{11}", "12345678901", true),
            (r"\d{11}", "123456789012", false),
            ("a|b", "b", true),
            ("a|b", "bc", false),
        ] {
            let pattern = Pattern::regex(expression).unwrap();
            assert_eq!(pattern.matches(text), expected, "{expression} {text}");
        }
        for expression in ["[", "(a", "a)", "a)|(?:b"] {
            assert!(Pattern::regex(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn reads_expressions_between_slashes() {
        let pattern: Pattern = serde_json::from_str(r#""/a+/""#).unwrap();
        assert_eq!(pattern, Pattern::regex("a+").unwrap());
        assert_ne!(pattern, Pattern::from("/a+/"));
        assert!(serde_json::from_str::<Pattern>(r#""/[/""#).is_err());
    }

    #[test]
    fn means_the_same_when_read_again() {
        for (pattern, text, other) in [
            (Pattern::from("a*"), "abc", "b"),
            (Pattern::from("/a+*/"), "/a+\n/", "a"),
            (Pattern::from("//"), "//", ""),
            (Pattern::regex("a+").unwrap(), "aa", "/a+/"),
        ] {
            let written = serde_json::to_string(&pattern).unwrap();
            let read: Pattern = serde_json::from_str(&written).unwrap();
            for pattern in [pattern, read] {
                assert!(pattern.matches(text), "{pattern:?} {text}");
                assert!(!pattern.matches(other), "{pattern:?} {other}");
            }
        }
    }
}
