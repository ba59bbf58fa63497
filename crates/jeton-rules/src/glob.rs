//! Texts with `*`.

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected},
};

/// Text in which `*` stands for any run of characters, and everything else for itself.
///
/// What is written between slashes is refused: a [`Pattern`](crate::Pattern) would be a regular expression then,
/// and it is not what whoever wrote it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Whether `text` is one that it stands for.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        is_match(&self.0, text)
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if between_slashes(&text).is_none() {
            return Ok(Self(text));
        }
        Err(Error::invalid_value(
            Unexpected::Other("a regular expression"),
            &"a text in which * stands for any characters, and no regular expression",
        ))
    }
}

/// Whether `text` is one that `glob` stands for.
pub(crate) fn is_match(glob: &str, text: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else {
        return glob == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        // Taking the first occurrence leaves the most for those that follow.
        let Some((_, after)) = text.split_once(part) else {
            return false;
        };
        text = after;
    }
    text.ends_with(last)
}

/// The expression between two slashes. Two slashes with nothing between are a path.
pub(crate) fn between_slashes(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('/')?.strip_suffix('/')?;
    (!inner.is_empty()).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_for_what_its_text_says() {
        for (glob, text, expected) in [
            ("admin-*", "admin-eu", true),
            ("admin-*", "an admin-eu", false),
            ("*", "", true),
            ("a*b*c", "a-b-c", true),
            ("a*a", "a", false),
            ("a.c", "abc", false),
            ("//", "//", true),
        ] {
            let glob: Glob = serde_json::from_value(glob.into()).unwrap();
            assert_eq!(glob.matches(text), expected, "{glob:?} {text}");
        }
    }

    #[test]
    fn is_no_regular_expression() {
        let read = serde_json::from_str::<Glob>(r#""/admin-.+/""#).unwrap_err();
        assert!(read.to_string().contains("no regular expression"), "{read}");
    }
}
