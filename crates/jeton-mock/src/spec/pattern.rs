use regex_lite::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Text in which `*` stands for any run of characters, and everything else for itself. Between
/// slashes, `/\d{11}/`, it is a regular expression of the whole text.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Option<Regex>,
}

/// The regular expression is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no regular expression: {reason}")]
pub struct InvalidPattern {
    text: String,
    reason: String,
}

impl Pattern {
    /// A regular expression, without the slashes, that the whole text has to match.
    pub fn regex(expression: &str) -> Result<Self, InvalidPattern> {
        match Regex::new(&format!("^(?:{expression})$")) {
            Ok(regex) => Ok(Self {
                text: format!("/{expression}/"),
                regex: Some(regex),
            }),
            Err(error) => Err(InvalidPattern {
                text: expression.to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    fn parse(text: &str) -> Result<Self, InvalidPattern> {
        match text
            .strip_prefix('/')
            .and_then(|text| text.strip_suffix('/'))
        {
            Some(expression) if !expression.is_empty() => Self::regex(expression),
            _ => Ok(Self {
                text: text.to_owned(),
                regex: None,
            }),
        }
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `text` is one that it stands for.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        if let Some(regex) = &self.regex {
            return regex.is_match(text);
        }
        let Some((first, rest)) = self.text.split_once('*') else {
            return self.text == text;
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
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

/// What is no regular expression is taken as plain text.
impl<T: Into<String>> From<T> for Pattern {
    fn from(text: T) -> Self {
        let text = text.into();
        Self::parse(&text).unwrap_or(Self { text, regex: None })
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
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
        for (pattern, text, expected) in [
            (r"/\d{11}/", "12345678901", true),
            (r"/\d{11}/", "123456789012", false),
            ("/a|b/", "b", true),
            ("/a|b/", "bc", false),
            // None, so plain text.
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
    fn refuses_what_is_no_regular_expression() {
        assert!(serde_json::from_str::<Pattern>(r#""/[/""#).is_err());
        let pattern: Pattern = serde_json::from_str(r#""/a+/""#).unwrap();
        assert_eq!(serde_json::to_string(&pattern).unwrap(), r#""/a+/""#);
    }
}
