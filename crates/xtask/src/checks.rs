//! What cargo itself can say: formatting, lints, tests.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::report::Tally;
use crate::shell;

/// Cargo completes an outdated lock file by itself, here as anywhere: a fresh clone shows it only
/// as a difference from the commit.
pub(crate) fn lock_file() -> Result<Tally> {
    let changed = |paths: &[&str]| {
        let mut status = shell::command("git");
        shell::read(status.args(["status", "--porcelain", "--"]).args(paths))
    };
    let Ok(lock) = changed(&["Cargo.lock"]) else {
        return Ok(Tally::skipped("no git checkout"));
    };
    let manifests = changed(&["Cargo.toml", "crates/*/Cargo.toml"])?;
    if lock.is_empty() || !manifests.is_empty() {
        return Ok(Tally::passed(""));
    }
    bail!("Cargo.lock differs from the last commit though no manifest does: commit it")
}

pub(crate) fn fmt() -> Result<&'static str> {
    shell::run(&mut shell::cargo("fmt --all --check"))?;
    Ok("")
}

/// The Worker only exists for wasm.
pub(crate) fn clippy() -> Result<&'static str> {
    shell::run(&mut shell::cargo(
        "clippy --workspace --exclude jeton-worker --all-targets -- -D warnings",
    ))?;
    Ok("")
}

pub(crate) fn clippy_wasm() -> Result<&'static str> {
    shell::run(&mut shell::cargo(
        "clippy -p jeton -p jeton-rules -p jeton-cloudflare -p jeton-worker -p jeton-worker-contracts --target wasm32-unknown-unknown -- -D warnings",
    ))?;
    shell::run(&mut shell::cargo(
        "clippy -p jeton-client -p jeton-resource-server --features jeton-client/worker,jeton-client/tower,jeton-resource-server/worker,jeton-resource-server/tower --target wasm32-unknown-unknown -- -D warnings",
    ))?;
    Ok("")
}

/// The login's pages in every state: one of its unit tests writes them, for the tests in a browser.
pub(crate) fn gallery() -> PathBuf {
    shell::path("target/login-pages.json")
}

/// Unit tests, documentation's examples, and the contract tests of every store: under the command
/// that starts DynamoDB Local and sets `JETON_TEST_DYNAMODB`. Tests are marked as ignored because
/// they need that server; here they have it.
pub(crate) fn tests() -> Result<Tally> {
    let gallery = gallery();
    // Else that of an earlier run would be looked at.
    if gallery.exists() {
        std::fs::remove_file(&gallery)?;
    }
    let mut test = shell::command("node");
    test.env("JETON_GALLERY", gallery).args([
        "tests/hosts/aws-dynamodb.mjs",
        "cargo",
        "test",
        "--workspace",
    ]);
    test.args([
        "--exclude",
        "jeton-worker",
        "--no-fail-fast",
        "--",
        "--include-ignored",
    ]);
    let (status, output) = shell::tee(&mut test)?;
    let tally = count(&output);
    if !status.success() && tally.failed == 0 {
        shell::expect_success(&test, status)?;
    }
    if tally.passed + tally.failed == 0 {
        bail!("`{}` ran no test", shell::display(&test));
    }
    Ok(tally)
}

/// Sums the lines libtest ends each binary with, and keeps the names of what failed.
fn count(output: &str) -> Tally {
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    for line in output.lines() {
        if let Some(result) = line.strip_prefix("test result: ") {
            tally.passed += number_before(result, "passed");
            tally.failed += number_before(result, "failed");
            tally.skipped += number_before(result, "ignored");
        } else if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|test| test.strip_suffix(" ... FAILED"))
        {
            failures.push(name);
        }
    }
    tally.note = failures.join("\n");
    tally
}

fn number_before(text: &str, word: &str) -> usize {
    text.split([';', '.'])
        .filter_map(|part| part.trim().strip_suffix(word))
        .find_map(|number| number.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::count;
    use crate::report::Tally;

    #[test]
    fn libtest_is_counted() {
        let output = "
running 3 tests
test a::works ... ok
test a::breaks ... FAILED
test a::later ... ignored
test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.00s
";
        let expected = Tally {
            passed: 13,
            failed: 1,
            skipped: 1,
            note: "a::breaks".to_owned(),
        };
        assert_eq!(count(output), expected);
    }
}
