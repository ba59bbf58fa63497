//! What was run and how it ended; the table at the end.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

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

struct Row {
    name: String,
    tally: Tally,
    took: Duration,
}

/// Collects; a failed step never stops the ones after it.
pub(crate) struct Report {
    begin: Instant,
    steps: Vec<Row>,
    hosts: Vec<Row>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            begin: Instant::now(),
            steps: Vec::new(),
            hosts: Vec::new(),
        }
    }

    /// A step that passes or fails; true if it passed.
    pub(crate) fn step<T: Into<String>>(
        &mut self,
        name: &str,
        step: impl FnOnce() -> Result<T>,
    ) -> bool {
        self.counted(name, || step().map(Tally::passed))
    }

    /// A step that counts what it ran; true if nothing failed.
    pub(crate) fn counted(&mut self, name: &str, step: impl FnOnce() -> Result<Tally>) -> bool {
        let row = measure(name, step);
        let passed = row.tally.failed == 0;
        self.steps.push(row);
        passed
    }

    /// The suite on one host.
    pub(crate) fn host(&mut self, name: &str, suite: impl FnOnce() -> Result<Tally>) {
        let row = measure(&format!("suite on {name}"), suite);
        self.hosts.push(Row {
            name: name.to_owned(),
            ..row
        });
    }

    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        self.steps.push(Row {
            name: name.to_owned(),
            tally: Tally::skipped(why),
            took: Duration::ZERO,
        });
    }

    fn failed(&self) -> usize {
        self.rows().map(|row| row.tally.failed).sum()
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.failed() == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.steps.iter().chain(&self.hosts)
    }

    /// Failures in full first, because the tables have to be the last thing on the screen.
    pub(crate) fn print(&self) {
        let root = shell::root();
        println!("\n{}: {}", root.display(), elapsed(self.begin.elapsed()));
        for row in self.rows().filter(|row| row.tally.failed > 0) {
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
        for (title, rows) in [("step", &self.steps), ("host", &self.hosts)] {
            if !rows.is_empty() {
                text.push('\n');
                text.push_str(&table(title, rows));
            }
        }
        let passed: usize = self.rows().map(|row| row.tally.passed).sum();
        let _ = writeln!(text, "\n{passed} passed, {} failed", self.failed());
        text
    }
}

fn measure(name: &str, step: impl FnOnce() -> Result<Tally>) -> Row {
    println!("\n==> {name}");
    let begin = Instant::now();
    let tally = step().unwrap_or_else(|error| Tally::failed(format!("{error:#}")));
    if tally.failed > 0 {
        println!("{name} FAILED: {}", tally.note);
    }
    Row {
        name: name.to_owned(),
        tally,
        took: begin.elapsed(),
    }
}

fn table(title: &str, rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.name.chars().count())
        .max()
        .unwrap_or(0)
        .max(title.len());
    let mut text = format!("{title:width$}  passed  failed  skipped    time\n");
    for Row { name, tally, took } in rows {
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
            "{name:width$}  {:>6}  {:>6}  {:>7}  {:>6}  {note}",
            tally.passed,
            tally.failed,
            tally.skipped,
            elapsed(*took),
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{}:{:02}", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::{Report, Tally};

    #[test]
    fn the_last_lines() {
        let mut report = Report::new();
        assert!(report.step("fmt", || Ok("")));
        assert!(!report.step::<&str>("clippy", || bail!("exit status: 101\nlong story")));
        report.skip("arm64 build", "--quick");
        report.host("mock", || {
            Ok(Tally {
                passed: 41,
                failed: 0,
                skipped: 2,
                note: String::new(),
            })
        });
        report.host("lambda", || bail!("no Java"));
        let expected = "
step         passed  failed  skipped    time
fmt               1       0        0     0 s
clippy            0       1        0     0 s  exit status: 101
arm64 build       0       0        1     0 s  --quick

host    passed  failed  skipped    time
mock        41       0        2     0 s
lambda       0       1        0     0 s  no Java

42 passed, 2 failed
";
        assert_eq!(report.tables(), expected);
        assert_eq!(report.failed(), 2);
    }
}
