//! The log: one JSON object a line on standard output.

use std::io::{self, Write};

use http::Response;
use jeton::Audit;

/// Logs the [`Audit`] of a response, if it has one.
pub fn log_response<B>(response: &Response<B>) {
    if let Some(audit) = response.extensions().get::<Audit>() {
        write_line(audit.log_line(crate::now()));
    }
}

/// Logs an error that belongs to no request: a configuration that is refused, a listener that fails.
pub fn log_error(message: &str) {
    let time = crate::now();
    let line = serde_json::json!({ "time": time, "level": "error", "message": message });
    write_line(line.to_string());
}

fn write_line(mut line: String) {
    line.push('\n');
    // A log that cannot be written must not take the service down with it.
    let _ = io::stdout().lock().write_all(line.as_bytes());
}
