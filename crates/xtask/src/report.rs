//! What was run and how it ended; the table at the end.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::lanes::{self, Step};
use crate::shell;

/// How a step ended, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// What is worth knowing besides: a size, a reason.
    pub(crate) note: String,
}

impl Tally {
    pub(crate) fn passed(note: impl Into<String>) -> Self {
        Self {
            passed: 1,
            note: note.into(),
            ..Self::default()
        }
    }

    pub(crate) fn failed(note: impl Into<String>) -> Self {
        Self {
            failed: 1,
            note: note.into(),
            ..Self::default()
        }
    }

    pub(crate) fn skipped(note: impl Into<String>) -> Self {
        Self {
            skipped: 1,
            note: note.into(),
            ..Self::default()
        }
    }
}

impl From<&str> for Tally {
    fn from(note: &str) -> Self {
        Self::passed(note)
    }
}

impl From<String> for Tally {
    fn from(note: String) -> Self {
        Self::passed(note)
    }
}

/// Begins the name of a step that is the suite on a host; in the table of hosts the rest will do.
pub(crate) const SUITE: &str = "suite on ";

/// Which table a row stands in.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Table {
    Steps,
    Hosts,
}

pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) table: Table,
    pub(crate) tally: Tally,
    pub(crate) took: Duration,
    /// What the processor worked for it.
    pub(crate) used: Duration,
}

/// What ran.
pub(crate) struct Report {
    took: Duration,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn of(steps: Vec<Step>) -> Self {
        let begin = Instant::now();
        let rows = lanes::run(steps, &shell::path("target/steps"));
        Self {
            took: begin.elapsed(),
            rows,
        }
    }

    fn failed(&self) -> usize {
        self.rows.iter().map(|row| row.tally.failed).sum()
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.failed() == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// Failures in full first, because the tables have to be the last thing on the screen.
    pub(crate) fn print(&self) {
        let root = shell::root();
        println!("\n{}: {}", root.display(), elapsed(self.took));
        for row in self.rows.iter().filter(|row| row.tally.failed > 0) {
            println!(
                "\nFAILED {}\n  {}",
                row.name,
                row.tally.note.replace('\n', "\n  ")
            );
        }
        print!("{}", self.tables());
    }

    fn tables(&self) -> String {
        let mut text = String::new();
        for (title, table) in [("step", Table::Steps), ("host", Table::Hosts)] {
            let rows = self.rows.iter().filter(|row| row.table == table);
            let rows: Vec<_> = rows.collect();
            if !rows.is_empty() {
                text.push('\n');
                text.push_str(&lines(title, &rows));
            }
        }
        let passed: usize = self.rows.iter().map(|row| row.tally.passed).sum();
        let _ = writeln!(text, "\n{passed} passed, {} failed", self.failed());
        text
    }
}

fn lines(title: &str, rows: &[&Row]) -> String {
    let width = rows
        .iter()
        .map(|row| shown(&row.name).chars().count())
        .max()
        .unwrap_or(0)
        .max(title.len());
    let mut text = format!("{title:width$}  passed  failed  skipped    time     cpu\n");
    for Row {
        name,
        tally,
        took,
        used,
        ..
    } in rows
    {
        let name = shown(name);
        // In full above the tables.
        let note: String = tally
            .note
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(60)
            .collect();
        let line = format!(
            "{name:width$}  {:>6}  {:>6}  {:>7}  {:>6}  {:>6}  {note}",
            tally.passed,
            tally.failed,
            tally.skipped,
            elapsed(*took),
            elapsed(*used),
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn shown(name: &str) -> &str {
    name.strip_prefix(SUITE).unwrap_or(name)
}

fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{}:{:02}", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Report, Row, Table, Tally};

    #[test]
    fn the_last_lines() {
        let row = |name: &str, table, tally, used| Row {
            name: name.to_owned(),
            table,
            tally,
            took: Duration::from_secs(83),
            used: Duration::from_secs(used),
        };
        let mock = Tally {
            passed: 41,
            failed: 0,
            skipped: 2,
            note: String::new(),
        };
        let clippy = Tally::failed("exit status: 101\nlong story");
        let report = Report {
            took: Duration::from_secs(90),
            rows: vec![
                row("fmt", Table::Steps, Tally::passed(""), 1),
                row("suite on mock", Table::Hosts, mock, 100),
                row("clippy", Table::Steps, clippy, 0),
                row("suite on lambda", Table::Hosts, Tally::failed("no Java"), 0),
                row("arm64 build", Table::Steps, Tally::skipped("--quick"), 0),
            ],
        };
        let expected = "
step         passed  failed  skipped    time     cpu
fmt               1       0        0    1:23     1 s
clippy            0       1        0    1:23     0 s  exit status: 101
arm64 build       0       0        1    1:23     0 s  --quick

host    passed  failed  skipped    time     cpu
mock        41       0        2    1:23    1:40
lambda       0       1        0    1:23     0 s  no Java

42 passed, 2 failed
";
        assert_eq!(report.tables(), expected);
        assert_eq!(report.failed(), 2);
    }
}
