//! The log: one JSON object a line on standard output.

use std::io::{self, Write};

use jeton::Audit;

/// Logs what was decided about one request.
pub fn log_request(audit: &Audit) {
    write_line(audit.log_line(crate::now()));
}

/// Logs what is no request: a configuration that is refused, a listener that fails.
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
