use std::fmt;

/// Why a description, such as a configuration, is refused: a member, and what it should be.
///
/// What was written may be quoted in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct InvalidSpec {
    /// The member's path, such as `clients[1]`; empty for the whole.
    pub at: String,
    /// What it should be.
    pub expected: String,
}

impl fmt::Display for InvalidSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.is_empty() {
            write!(f, "{}: ", self.at)?;
        }
        write!(f, "expected {}", self.expected)
    }
}

impl InvalidSpec {
    /// That the member at this path is expected to be something else.
    #[must_use]
    pub fn new(at: impl fmt::Display, expected: impl fmt::Display) -> Self {
        Self {
            at: at.to_string(),
            expected: expected.to_string(),
        }
    }

    /// The same, seen from where `parent` is a member.
    #[must_use]
    pub fn within(mut self, parent: impl fmt::Display) -> Self {
        let dot = if self.at.is_empty() || self.at.starts_with('[') {
            ""
        } else {
            "."
        };
        self.at = format!("{parent}{dot}{}", self.at);
        self
    }
}
