//! What only the mock has: its control API, its pages in a browser, its client libraries.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::node::{self, Run};
use crate::report::Tally;
use crate::{shell, tools};

/// Where Debian, Google and macOS put it.
const BROWSERS: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/google-chrome",
    "/usr/bin/chromium-browser",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

type Step = fn() -> Result<Tally>;

/// Each by its name in the table; all of them need the build of jeton.
pub(crate) const STEPS: [(&str, Step); 4] = [
    ("mock", over_http),
    ("browser", in_browser),
    ("clients/js", javascript),
    ("clients/python", python),
];

fn over_http() -> Result<Tally> {
    let mut run = Run::of_files("mock-http", &node::files("tests/mock", ".test.mjs")?)?;
    with_jeton(&mut run.command);
    run.finish()?.tally()
}

/// Those tests skip themselves without a browser; here that is a failure.
fn in_browser() -> Result<Tally> {
    let browser = browser()?;
    let mut run = Run::of_files("mock-browser", &node::files("tests/browser", ".test.mjs")?)?;
    with_jeton(&mut run.command).env("CHROMIUM", browser);
    run.finish()?.tally()
}

fn javascript() -> Result<Tally> {
    let mut npm = shell::command("npm");
    npm.current_dir(folder("clients/js")?);
    node::npm_test(with_jeton(&mut npm))
}

fn python() -> Result<Tally> {
    folder("clients/python/tests")?;
    // unittest reports to stderr.
    let mut unittest = shell::command("sh");
    unittest
        .args(["-c", "exec \"$@\" 2>&1", "sh"])
        .arg(tools::python_binary("python"))
        .args(["-m", "unittest", "discover", "--verbose"])
        .args(["-s", "clients/python/tests"])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    with_jeton(&mut unittest);
    let (status, output) = shell::tee(&mut unittest)?;
    let tally = count_unittest(&output);
    if !status.success() && tally.failed == 0 {
        shell::expect_success(&unittest, status)?;
    }
    if tally.passed + tally.failed == 0 {
        bail!("no test ran");
    }
    Ok(tally)
}

fn with_jeton(command: &mut Command) -> &mut Command {
    command.env("JETON_BIN", shell::path("target/suite/jeton"))
}

fn folder(path: &str) -> Result<PathBuf> {
    let folder = shell::path(path);
    if !folder.is_dir() {
        bail!("there is no {path}");
    }
    Ok(folder)
}

/// The browser that is there, else Debian's, if it may be installed.
fn browser() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM").filter(|path| !path.is_empty()) {
        let named = PathBuf::from(named);
        if !named.exists() {
            bail!("CHROMIUM: there is no {}", named.display());
        }
        return Ok(named);
    }
    if let Some(found) = installed_browser() {
        return Ok(found);
    }
    tools::debian(&["chromium", "fonts-liberation"])?;
    installed_browser().context(
        "no Chromium: install it (Debian: apt-get install chromium), or name one in CHROMIUM",
    )
}

fn installed_browser() -> Option<PathBuf> {
    BROWSERS
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
}

/// Reads "Ran 3 tests in 0.1s", the line after it with what did not pass, and the names before.
fn count_unittest(output: &str) -> Tally {
    let mut tally = Tally::default();
    let mut ran = 0;
    let mut failures = Vec::new();
    for line in output.lines() {
        if let Some(rest) = line.strip_prefix("Ran ") {
            let number = rest.split(' ').next().unwrap_or_default();
            ran = number.parse().unwrap_or(0);
        } else if line.starts_with("FAILED (") || line.starts_with("OK (") {
            tally.failed = number_of(line, "failures=") + number_of(line, "errors=");
            tally.failed += number_of(line, "unexpected successes=");
            tally.skipped = number_of(line, "skipped=");
        } else if let Some(name) = line
            .strip_prefix("FAIL: ")
            .or_else(|| line.strip_prefix("ERROR: "))
        {
            failures.push(name);
        }
    }
    tally.passed = usize::saturating_sub(ran, tally.failed + tally.skipped);
    tally.note = failures.join("\n");
    tally
}

fn number_of(line: &str, what: &str) -> usize {
    line.split(['(', ',', ')'])
        .find_map(|part| part.trim().strip_prefix(what)?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::count_unittest;
    use crate::report::Tally;

    #[test]
    fn unittest_is_counted() {
        let check = |output: &str, (passed, failed, skipped): (usize, usize, usize), note: &str| {
            let expected = Tally {
                passed,
                failed,
                skipped,
                note: note.to_owned(),
            };
            assert_eq!(count_unittest(output), expected, "{output}");
        };
        check("...\nRan 3 tests in 0.1s\n\nOK\n", (3, 0, 0), "");
        check("Ran 3 tests in 0.1s\n\nOK (skipped=1)\n", (2, 0, 1), "");
        check(
            "FAIL: test_a (test_b.C.test_a)\nERROR: test_d (test_b.C.test_d)\n\
             Ran 4 tests in 1s\n\nFAILED (failures=1, errors=1, skipped=1)\n",
            (1, 2, 1),
            "test_a (test_b.C.test_a)\ntest_d (test_b.C.test_d)",
        );
        check("Ran 0 tests in 0.000s\n\nNO TESTS RAN\n", (0, 0, 0), "");
        check("Traceback (most recent call last):\n", (0, 0, 0), "");
    }
}
