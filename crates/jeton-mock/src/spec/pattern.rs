use serde::{Deserialize, Serialize};

/// Text in which `*` stands for any run of characters, and everything else for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` is one that it stands for.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else {
            return self.0 == text;
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

impl<T: Into<String>> From<T> for Pattern {
    fn from(text: T) -> Self {
        Self(text.into())
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
        ] {
            assert_eq!(
                Pattern::from(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }
}
