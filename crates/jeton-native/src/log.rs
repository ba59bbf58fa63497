//! The log: one JSON object a line on standard output.

use std::io::{self, Write};

use jeton::Audit;
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a, T> {
    /// Seconds since the epoch.
    time: u64,
    level: &'static str,
    #[serde(flatten)]
    event: &'a T,
}

#[derive(Serialize)]
struct Failure<'a> {
    message: &'a str,
}

/// Logs what was decided about one request.
pub fn log_request(audit: &Audit) {
    let level = if audit.status < 500 { "info" } else { "error" };
    write_line(level, audit);
}

/// Logs what is no request: a configuration that is refused, a listener that fails.
pub fn log_error(message: &str) {
    write_line("error", &Failure { message });
}

fn write_line(level: &'static str, event: &impl Serialize) {
    let line = Line {
        time: crate::now().0,
        level,
        event,
    };
    let Ok(mut json) = serde_json::to_vec(&line) else {
        return;
    };
    json.push(b'\n');
    // A log that cannot be written must not take the service down with it.
    let _ = io::stdout().lock().write_all(&json);
}
