//! What is published beside the crates: packages of JavaScript and of Python, by their own tests.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::report::Tally;
use crate::{binaries, node, shell, tools};

/// Below `packages/js` and `packages/python` alike.
pub(crate) const NAMES: [&str; 3] = ["jeton-mock", "jeton-client", "jeton-resource-server"];

/// `npm test` of a package, and its types as TypeScript reads them.
pub(crate) fn javascript(name: &str) -> Result<Tally> {
    let package = format!("packages/js/{name}");
    let folder = folder(&package)?;
    tools::npm_packages(&package)?;
    let mut npm = shell::command("npm");
    npm.current_dir(&folder);
    let tally = node::npm_test(binaries::named(&mut npm))?;
    let mut types = shell::command("npm");
    types.current_dir(&folder).args(["run", "types"]);
    shell::run(&mut types)?;
    Ok(tally)
}

/// The package's own `unittest`s, and its types as mypy reads them.
pub(crate) fn python(name: &str) -> Result<Tally> {
    let package = format!("packages/python/{name}");
    let tests = format!("{package}/tests");
    folder(&tests)?;
    // unittest reports to stderr.
    let mut unittest = shell::command("sh");
    unittest
        .args(["-c", "exec \"$@\" 2>&1", "sh"])
        .arg(tools::python_binary("python"))
        .args(["-m", "unittest", "discover", "--verbose", "-s", &tests])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    binaries::named(&mut unittest);
    let (status, output) = shell::tee(&mut unittest)?;
    let tally = count_unittest(&output);
    if !status.success() && tally.failed == 0 {
        shell::expect_success(&unittest, status)?;
    }
    if tally.passed + tally.failed == 0 {
        bail!("no test ran");
    }
    types(&package, name)?;
    Ok(tally)
}

fn types(package: &str, name: &str) -> Result<()> {
    let mut mypy = shell::command(tools::python_binary("mypy"));
    mypy.current_dir(folder(package)?)
        .args(["--cache-dir", "/dev/null"])
        .args([&name.replace('-', "_"), "tests"]);
    shell::run(&mut mypy)
}

fn folder(path: &str) -> Result<PathBuf> {
    let folder = shell::path(path);
    if !folder.is_dir() {
        bail!("there is no {path}");
    }
    Ok(folder)
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
