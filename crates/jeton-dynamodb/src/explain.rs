//! The SDK's errors as one line for the log.

use std::error::Error;

/// The text of an error and of its causes. The SDK's own `Display` stops at "dispatch failure", and its
/// `DisplayErrorContext` adds a dump of the whole HTTP response.
pub(crate) fn explain(error: &dyn Error) -> String {
    let mut parts = Vec::<String>::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let part = error.to_string();
        // Wrappers repeat what they wrap.
        if !parts.iter().any(|known| known.contains(&part)) {
            parts.push(part);
        }
        cause = error.source();
    }
    parts.join(": ")
}
