//! The failure of a store, and of reading what is in one.

use std::fmt;

/// A store could not be asked, or its answer could not be read. The response has status 503.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{store}: {detail}")]
pub struct Unavailable {
    /// The store, for the log: `kv`, `dynamodb`, `sqlite`, …; `registry` where a document in it is at
    /// fault.
    pub store: &'static str,
    /// What went wrong. For the log only; never sent to a client.
    pub detail: String,
}

impl Unavailable {
    /// The failure of `store` with `error`.
    pub fn new(store: &'static str, error: impl std::fmt::Display) -> Self {
        Self {
            store,
            detail: error.to_string(),
        }
    }
}

/// A failure to read JSON as text: where, and never what stands there. The text of `serde_json` quotes
/// values, and a record or a configuration has secrets among its values.
#[derive(Clone, Copy, Debug)]
pub struct Misread<'a>(pub &'a serde_json::Error);

impl fmt::Display for Misread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.0.is_data() {
            "a member is missing, unknown, there twice or of another type"
        } else {
            "no valid JSON"
        };
        // What is read from a value, and not from text, has no lines.
        match self.0.line() {
            0 => f.write_str(what),
            line => write!(f, "line {line} column {}: {what}", self.0.column()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Misread;
    use crate::{client::Client, config::Config};

    #[test]
    fn no_value_is_quoted() {
        let check = |json: &str, expected: &str| {
            let read = serde_json::from_str::<Vec<u8>>(json).unwrap_err();
            assert_eq!(Misread(&read).to_string(), expected);
        };
        let data = "a member is missing, unknown, there twice or of another type";
        check("[\"hunter2\"]", &format!("line 1 column 10: {data}"));
        check("[1,\nhunter2", "line 2 column 1: no valid JSON");

        let record = r#"{"client_id":"a","client_secrets":"hunter2"}"#;
        let read = Client::from_record(record).unwrap_err();
        assert!(!read.to_string().contains("hunter2"), "{read}");
        let clients = format!("[{record}]");
        let config = Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some("https://id.example".to_owned()),
            "JETON_SECRET" => Some("Kq3vX9mB2nL7pR4tY8wZ1cD6fG5hJ0sA9uE3iO7kM2x".to_owned()),
            "JETON_CLIENTS" => Some(clients.clone()),
            _ => None,
        });
        let read = config.unwrap_err().to_string();
        assert!(
            read.contains("JETON_CLIENTS: expected") && !read.contains("hunter2"),
            "{read}"
        );
    }
}
