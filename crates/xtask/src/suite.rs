//! The black-box suite on one host, and whether every host was asked the same questions.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};

use crate::args::Target;
use crate::node::{self, Outcome, Test};
use crate::report::Tally;
use crate::{binaries, shell};

/// What a host was asked.
pub(crate) struct Answers {
    host: String,
    tests: Vec<Test>,
}

/// What each host was asked, in the order in which they ended.
pub(crate) type AllAnswers = Mutex<Vec<Answers>>;

/// Runs every file of the suite; `answers` receives what ran, for [`same_rows`].
pub(crate) fn run(target: &Target, answers: &AllAnswers) -> Result<Tally> {
    let files = node::files("tests/suite", ".test.mjs")?;
    let mut run = node::Run::of_files(file_name(target), &files)?;
    run.command
        .current_dir(shell::path("tests"))
        .env("JETON_TARGET", target.as_str());
    // Rows run the command against each; against a deployment, whoever asks may bring one.
    if !matches!(target, Target::Url(_)) {
        binaries::both_named(&mut run.command);
    }
    let ran = run.finish()?;
    let tally = ran.tally();
    lock(answers).push(Answers {
        host: target.as_str().to_owned(),
        tests: ran.tests,
    });
    tally
}

fn file_name(target: &Target) -> &str {
    match target {
        Target::Url(_) => "url",
        host => host.as_str(),
    }
}

/// One suite proves that hosts answer alike only if each was asked everything: a row that one
/// host does not have must be skipped there by name. Where rows failed, others may be missing
/// for that reason alone: such a host is not compared.
pub(crate) fn same_rows(answers: &AllAnswers) -> Result<Tally> {
    compare(&lock(answers))
}

fn lock(answers: &AllAnswers) -> MutexGuard<'_, Vec<Answers>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

fn compare(answers: &[Answers]) -> Result<Tally> {
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
    use super::{Answers, compare};
    use crate::node::parse;

    fn answers(host: &str, lines: &str) -> Answers {
        Answers {
            host: host.to_owned(),
            tests: parse(lines).unwrap(),
        }
    }

    #[test]
    fn rows_are_compared_by_name() {
        let check = |mock: &str, serve: &str, expected: &str| {
            let outcome = compare(&[answers("mock", mock), answers("serve", serve)]);
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
