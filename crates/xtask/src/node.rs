//! Node's test runner: what it ran, counted, and the names of what failed.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::report::Tally;
use crate::{binaries, shell};

/// Twice as long as the slowest host alone; what takes longer hangs.
const LIMIT: Duration = Duration::from_secs(20 * 60);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
}

/// A program that is about to run tests.
pub(crate) struct Run {
    pub(crate) command: Command,
    /// Receives one line a test.
    results: PathBuf,
}

/// What ran, and how it ended.
pub(crate) struct Ran {
    pub(crate) tests: Vec<Test>,
    status: ExitStatus,
}

impl Run {
    /// `node --test` on these files.
    pub(crate) fn of_files(name: &str, files: &[PathBuf]) -> Result<Self> {
        let results = empty_results(name)?;
        let mut command = shell::command("node");
        // One file at a time: the tests race requests, files racing each other prove nothing.
        command
            .args(["--test", "--test-concurrency=1"])
            .args(reporters(&results))
            .args(files);
        Ok(Self { command, results })
    }

    pub(crate) fn finish(mut self) -> Result<Ran> {
        let status = shell::status_within(&mut self.command, LIMIT)?;
        let tests = parse(&std::fs::read_to_string(&self.results)?)?;
        Ok(Ran { tests, status })
    }
}

impl Ran {
    /// The count, unless it and how the run ended contradict each other.
    pub(crate) fn tally(&self) -> Result<Tally> {
        let tally = tally(&self.tests);
        if !self.status.success() && tally.failed == 0 {
            bail!(
                "{} passed, then the run ended ({})",
                tally.passed,
                self.status
            );
        }
        if tally.passed + tally.failed == 0 {
            bail!("no test ran");
        }
        Ok(tally)
    }
}

/// A file of node's test runner beside the suite: what only one host has.
pub(crate) fn one_file(file: &str) -> Result<Tally> {
    let path = shell::path(file);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut run = Run::of_files(&name, std::slice::from_ref(&path))?;
    binaries::both_named(&mut run.command);
    run.finish()?.tally()
}

/// `npm test` in this folder. npm passes no options on to Node's test runner, and the processes of
/// that one would share what `NODE_OPTIONS` names: its own summary has to do.
pub(crate) fn npm_test(npm: &mut Command) -> Result<Tally> {
    let (status, output) = shell::tee(npm.arg("test"))?;
    let tally = summary(&output);
    if !status.success() && tally.failed == 0 {
        shell::expect_success(npm, status)?;
    }
    if tally.passed + tally.failed == 0 {
        bail!("no test ran");
    }
    Ok(tally)
}

/// Reads what Node's reporters end with: `ℹ pass 3` (spec), or `# pass 3` (TAP, where nobody
/// watches and Node is older than 23).
fn summary(output: &str) -> Tally {
    let number = |what: &str| {
        let line = output.lines().rev().find_map(|line| {
            let line = line
                .strip_prefix("ℹ ")
                .or_else(|| line.strip_prefix("# "))?;
            line.strip_prefix(what)?.trim().parse().ok()
        });
        line.unwrap_or(0)
    };
    let failures: Vec<&str> = output
        .lines()
        .filter_map(|line| {
            let (_, name) = line
                .split_once("✖ ")
                .or_else(|| line.split_once("not ok "))?;
            Some(name)
        })
        .collect();
    Tally {
        passed: number("pass "),
        failed: number("fail ") + number("cancelled "),
        skipped: number("skipped ") + number("todo "),
        note: failures.join("\n"),
    }
}

fn empty_results(name: &str) -> Result<PathBuf> {
    let folder = shell::path("target/suite-results");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{name}.jsonl"));
    // Else results of an earlier run would count when this one cannot start.
    std::fs::write(&file, "").with_context(|| format!("{}", file.display()))?;
    Ok(file)
}

/// For people, and for counting.
fn reporters(results: &Path) -> [String; 4] {
    let ours = shell::path("crates/xtask/src/suite-reporter.mjs");
    [
        "--test-reporter=spec".to_owned(),
        "--test-reporter-destination=stdout".to_owned(),
        format!("--test-reporter={}", ours.display()),
        format!("--test-reporter-destination={}", results.display()),
    ]
}

/// The files of a folder that end so.
pub(crate) fn files(folder: &str, end: &str) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(shell::path(folder)).context(folder.to_owned())?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(end))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("{folder} has no *{end}");
    }
    Ok(files)
}

pub(crate) fn parse(lines: &str) -> Result<Vec<Test>> {
    lines
        .lines()
        .map(|line| parse_line(line).with_context(|| format!("result: {line}")))
        .collect()
}

fn parse_line(line: &str) -> Result<Test> {
    let value: serde_json::Value = serde_json::from_str(line)?;
    let text = |field: &str| value.get(field).and_then(serde_json::Value::as_str);
    let outcome = match text("outcome") {
        Some("passed") => Outcome::Passed,
        Some("failed") => Outcome::Failed,
        Some("skipped") => Outcome::Skipped,
        other => bail!("outcome {other:?}"),
    };
    Ok(Test {
        name: text("name").context("no name")?.to_owned(),
        outcome,
    })
}

fn tally(tests: &[Test]) -> Tally {
    let count = |outcome: &Outcome| tests.iter().filter(|test| test.outcome == *outcome).count();
    let failures: Vec<&str> = tests
        .iter()
        .filter(|test| test.outcome == Outcome::Failed)
        .map(|test| test.name.as_str())
        .collect();
    Tally {
        passed: count(&Outcome::Passed),
        failed: count(&Outcome::Failed),
        skipped: count(&Outcome::Skipped),
        note: failures.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, summary, tally};
    use crate::report::Tally;

    #[test]
    fn results_are_counted() {
        let lines = r#"{"outcome":"passed","name":"token > grants"}
{"outcome":"failed","name":"token > refuses"}
{"outcome":"skipped","name":"strict"}
"#;
        let tally = tally(&parse(lines).unwrap());
        assert_eq!((tally.passed, tally.failed, tally.skipped), (1, 1, 1));
        assert_eq!(tally.note, "token > refuses");
        assert!(parse("{\"outcome\":\"odd\",\"name\":\"x\"}").is_err());
    }

    #[test]
    fn summaries_are_counted() {
        let expected = Tally {
            passed: 3,
            failed: 3,
            skipped: 1,
            note: "refuses (0.4ms)".to_owned(),
        };
        let spec = "✔ grants (1ms)\n✖ refuses (0.4ms)\nℹ tests 7\nℹ suites 0\nℹ pass 3\nℹ fail 1\n\
                    ℹ cancelled 2\nℹ skipped 1\nℹ todo 0\nℹ duration_ms 116.6\n";
        assert_eq!(summary(spec), expected);
        let tap = "ok 1 - grants\nnot ok refuses (0.4ms)\n# tests 7\n# pass 3\n# fail 1\n\
                   # cancelled 2\n# skipped 1\n# todo 0\n";
        assert_eq!(summary(tap), expected);
        assert_eq!(summary("npm error Missing script"), Tally::default());
    }
}
