//! `WWW-Authenticate` (RFC 9110 §11.6.1).

use http::HeaderValue;

/// One challenge, as it is written.
pub(crate) struct Challenge(String);

impl Challenge {
    pub(crate) fn new(scheme: &str) -> Self {
        Self(scheme.to_owned())
    }

    /// And a parameter, where it has a value.
    pub(crate) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        let Some(value) = value else {
            return self;
        };
        self.0
            .push_str(if self.0.contains(' ') { ", " } else { " " });
        self.0.push_str(name);
        self.0.push_str("=\"");
        // RFC 9110 §5.6.4. What is not printable ASCII comes from no specification, and is left out.
        for character in value.chars().filter(|one| (' '..='~').contains(one)) {
            if ['"', '\\'].contains(&character) {
                self.0.push('\\');
            }
            self.0.push(character);
        }
        self.0.push('"');
        self
    }

    pub(crate) fn value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}
