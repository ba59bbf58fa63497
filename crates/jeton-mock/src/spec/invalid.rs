use std::fmt;

/// Why a description of a mock is refused: a member, and what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidSpec {
    /// The member's path, such as `clients[1]`.
    pub(crate) at: String,
    /// What it should be.
    pub(crate) expected: String,
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
    pub(crate) fn new(at: impl fmt::Display, expected: impl fmt::Display) -> Self {
        Self {
            at: at.to_string(),
            expected: expected.to_string(),
        }
    }

    /// The same, seen from where `parent` is a member.
    pub(crate) fn within(mut self, parent: impl fmt::Display) -> Self {
        let dot = if self.at.is_empty() || self.at.starts_with('[') {
            ""
        } else {
            "."
        };
        self.at = format!("{parent}{dot}{}", self.at);
        self
    }
}
