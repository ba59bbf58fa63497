//! The black-box suite on one host, and whether every host was asked the same questions.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::args::Target;
use crate::report::Tally;
use crate::shell;

const LIMIT: Duration = Duration::from_secs(10 * 60);

#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

#[derive(Clone, Debug, PartialEq)]
struct Test {
    name: String,
    outcome: Outcome,
}

/// What a host was asked.
pub(crate) struct Answers {
    host: String,
    tests: Vec<Test>,
}

/// Runs every file of the suite; `answers` receives what ran, for [`same_rows`].
pub(crate) fn run(target: &Target, answers: &mut Vec<Answers>) -> Result<Tally> {
    let files = files()?;
    let results = shell::path("target/suite-results");
    std::fs::create_dir_all(&results)?;
    let results = results.join(format!("{}.jsonl", file_name(target)));
    // Else results of an earlier run would count when this one cannot start.
    std::fs::write(&results, "").with_context(|| format!("{}", results.display()))?;

    let mut node = shell::command("node");
    // One file at a time: the suite races requests, files racing each other prove nothing.
    node.args(["--test", "--test-concurrency=1"]);
    node.args(["--test-reporter=spec", "--test-reporter-destination=stdout"]);
    let reporter = shell::path("crates/xtask/src/suite-reporter.mjs");
    node.arg(format!("--test-reporter={}", reporter.display()));
    node.arg(format!("--test-reporter-destination={}", results.display()));
    node.args(files)
        .current_dir(shell::path("tests"))
        .env("JETON_TARGET", target.as_str());
    let status = shell::status_within(&mut node, LIMIT)?;

    let tests = parse(&std::fs::read_to_string(&results)?)?;
    let tally = tally(&tests);
    answers.push(Answers {
        host: target.as_str().to_owned(),
        tests,
    });
    if !status.success() && tally.failed == 0 {
        bail!("{} passed, then the suite ended ({status})", tally.passed);
    }
    if tally.passed + tally.failed == 0 {
        bail!("the suite ran no test");
    }
    Ok(tally)
}

/// A file of node's test runner beside the suite: what only one host has.
pub(crate) fn node_tests(file: &str) -> Result<&'static str> {
    let mut node = shell::command("node");
    node.arg("--test").arg(shell::path(file));
    let status = shell::status_within(&mut node, LIMIT)?;
    if !status.success() {
        bail!("{file} ended ({status})");
    }
    Ok("")
}

fn files() -> Result<Vec<PathBuf>> {
    let folder = shell::path("tests/suite");
    let entries = std::fs::read_dir(&folder).context("tests/suite")?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("tests/suite has no *.test.mjs");
    }
    Ok(files)
}

fn file_name(target: &Target) -> &str {
    match target {
        Target::Url(_) => "url",
        host => host.as_str(),
    }
}

fn parse(lines: &str) -> Result<Vec<Test>> {
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

/// One suite proves that hosts answer alike only if each was asked everything: a row that one
/// host does not have must be skipped there by name. Where rows failed, others may be missing
/// for that reason alone: such a host is not compared.
pub(crate) fn same_rows(answers: &[Answers]) -> Result<Tally> {
    let complete: Vec<&Answers> = answers
        .iter()
        .filter(|answers| answers.is_complete())
        .collect();
    if complete.len() < 2 {
        return Ok(Tally::skipped("fewer than two hosts to compare"));
    }
    let mut missing = Vec::new();
    for from in &complete {
        for to in &complete {
            for test in from.tests.iter().filter(|test| !to.knows(&test.name)) {
                missing.push(format!(
                    "{}: not on {} (ran on {})",
                    test.name, to.host, from.host
                ));
            }
        }
    }
    if missing.is_empty() {
        let note = format!("{} of {} hosts compared", complete.len(), answers.len());
        return Ok(Tally::passed(note));
    }
    bail!(
        "{} rows differ between hosts\n{}",
        missing.len(),
        missing.join("\n")
    )
}

impl Answers {
    fn is_complete(&self) -> bool {
        self.tests
            .iter()
            .all(|test| test.outcome != Outcome::Failed)
    }

    /// A group is a row of its own only where it is skipped, and then its inside is not reported.
    fn knows(&self, name: &str) -> bool {
        self.tests.iter().any(|test| {
            test.name == name || is_inside(name, &test.name) || is_inside(&test.name, name)
        })
    }
}

fn is_inside(name: &str, group: &str) -> bool {
    name.strip_prefix(group)
        .is_some_and(|rest| rest.starts_with(" > "))
}

#[cfg(test)]
mod tests {
    use super::{Answers, parse, same_rows, tally};

    const MOCK: &str = r#"{"outcome":"passed","name":"token > grants"}
{"outcome":"failed","name":"token > refuses"}
{"outcome":"skipped","name":"strict"}
"#;

    fn answers(host: &str, lines: &str) -> Answers {
        Answers {
            host: host.to_owned(),
            tests: parse(lines).unwrap(),
        }
    }

    #[test]
    fn results_are_counted() {
        let tally = tally(&parse(MOCK).unwrap());
        assert_eq!((tally.passed, tally.failed, tally.skipped), (1, 1, 1));
        assert_eq!(tally.note, "token > refuses");
        assert!(parse("{\"outcome\":\"odd\",\"name\":\"x\"}").is_err());
    }

    #[test]
    fn rows_are_compared_by_name() {
        let check = |mock: &str, serve: &str, expected: &str| {
            let outcome = same_rows(&[answers("mock", mock), answers("serve", serve)]);
            let text = outcome.map_or_else(|error| error.to_string(), |tally| tally.note);
            assert_eq!(text, expected);
        };
        let row = |outcome: &str, name: &str| {
            format!("{{\"outcome\":\"{outcome}\",\"name\":\"{name}\"}}\n")
        };
        let both = row("passed", "strict > refuses");
        check(&both, &both, "2 of 2 hosts compared");
        check(&row("skipped", "strict"), &both, "2 of 2 hosts compared");
        check(
            &row("skipped", "strict > refuses"),
            &both,
            "2 of 2 hosts compared",
        );
        check(
            &row("failed", "strict > fails"),
            &both,
            "fewer than two hosts to compare",
        );
        check(
            &row("passed", "strict > grants"),
            &both,
            "2 rows differ between hosts\n\
             strict > grants: not on serve (ran on mock)\n\
             strict > refuses: not on mock (ran on serve)",
        );
    }
}
