//! What is printed: for people, or as JSON for programs. Of what others have written nothing reaches the
//! terminal as anything but text.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use anyhow::Result;
use clap::{Arg, ArgMatches, builder::PossibleValuesParser};
use jeton::UnixTime;
use serde_json::Value;

use crate::{members::Members, printable};

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

pub(crate) fn format_arg() -> Arg {
    Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .value_parser(PossibleValuesParser::new(["text", "json"]))
        .default_value("text")
        .help("For people, or for programs")
}

impl Format {
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        match matches.get_one::<String>("format").map(String::as_str) {
            Some("json") => Self::Json,
            _ => Self::Text,
        }
    }
}

/// Prints a text to standard output; that nobody reads it any more is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints a line.
pub(crate) fn say(line: &str) -> Result<()> {
    print(&format!("{}\n", printable::lines(line)))
}

/// A value as JSON.
pub(crate) fn json(value: &Value) -> String {
    // A value has no keys that are no texts, which alone would fail.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{}\n", printable::json(&text))
}

/// The members of a document, one a line.
pub(crate) fn document(document: &Members) -> String {
    let rows = document.iter();
    let rows: Vec<_> = rows
        .map(|(name, value)| [format!("{name}:"), plain(value)])
        .collect();
    table(&rows)
}

/// A value in a line: texts as they are, lists of texts with spaces between them, the rest as JSON.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            let words = values.iter().filter_map(Value::as_str);
            words.collect::<Vec<_>>().join(" ")
        }
        value => value.to_string(),
    }
}

/// Rows whose columns stand beneath each other.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| printable::line(cell)))
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a string does not fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A time for people, in UTC (RFC 3339).
pub(crate) fn time(at: UnixTime) -> String {
    let seconds = i64::try_from(at.0).ok();
    let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| at.0.to_string(), |time| time.to_string())
}

/// The time in a member, for people; nothing where there is none.
pub(crate) fn time_of(members: &Value, name: &str) -> String {
    match members.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(value) => value
            .as_u64()
            .map_or_else(|| plain(value), |seconds| time(UnixTime(seconds))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_stand_beneath_each_other() {
        let rows = [["a", "b", ""], ["aaa", "", "c\n"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "a    b\naaa     c\\n\n");
    }

    #[test]
    fn a_document_is_lines() {
        let value = json!({
            "client_id": "a", "grant_types": ["x", "y"], "labels": { "team": "a" }, "n": 600,
        });
        assert_eq!(
            document(value.as_object().unwrap()),
            "client_id:    a\ngrant_types:  x y\nlabels:       {\"team\":\"a\"}\nn:            600\n"
        );
    }

    #[test]
    fn times_are_read_by_people() {
        assert_eq!(time(UnixTime(1_795_254_449)), "2026-11-21T09:47:29Z");
        assert_eq!(time_of(&json!({ "at": 0 }), "at"), "1970-01-01T00:00:00Z");
        assert_eq!(time_of(&json!({ "at": "2026-11-26" }), "at"), "2026-11-26");
        assert_eq!(time_of(&json!({}), "at"), "");
    }
}
