//! `cargo xtask test`: the order of everything. What fails fast comes first, what takes minutes
//! last; nothing stops what comes after it.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::{Target, TestOptions};
use crate::report::Report;
use crate::suite::Answers;
use crate::{boundaries, checks, lambda, shell, suite, tools, worker};

pub(crate) fn run(options: &TestOptions) -> ExitCode {
    let mut report = Report::new();
    let mut answers = Vec::new();
    let everything = options.targets.is_empty();

    report.step("tools: rust", tools::rust);
    if everything {
        check_code(&mut report);
    }
    report.step("tools: node", tools::node);
    report.step("tools: python", tools::python);
    if everything {
        report.counted("unit + contracts", checks::tests);
        unless_quick(options, &mut report, "cfn-lint", lambda::lint_template);
    }
    let targets = if everything {
        &Target::HOSTS[..]
    } else {
        &options.targets[..]
    };
    check_hosts(&mut report, targets, options, &mut answers);
    if everything {
        report.counted("same rows", || suite::same_rows(&answers));
        unless_quick(options, &mut report, "arm64 build", lambda::build_arm64);
    }

    report.print();
    if report.failed() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn check_code(report: &mut Report) {
    report.counted("lock file", checks::lock_file);
    report.step("fmt", checks::fmt);
    report.step("boundaries: source", boundaries::source);
    report.step("boundaries: crates", boundaries::dependencies);
    report.step("boundaries: wasm", boundaries::wasm_build);
    report.step("clippy", checks::clippy);
    report.step("clippy: wasm", checks::clippy_wasm);
}

/// Builds what the targets need, each once and just before its first suite.
fn check_hosts(
    report: &mut Report,
    targets: &[Target],
    options: &TestOptions,
    answers: &mut Vec<Answers>,
) {
    let mut built: Vec<(Build, bool)> = Vec::new();
    for target in targets {
        if let Some(build) = Build::of(target)
            && !built.iter().any(|(done, _)| *done == build)
        {
            built.push((build, build.make(report, options)));
        }
        // An earlier build may still lie there: its answers would prove nothing.
        let stale = built
            .iter()
            .any(|(build, passed)| Build::of(target) == Some(*build) && !passed);
        report.host(target.as_str(), || {
            if stale {
                bail!("not run: its build failed");
            }
            suite::run(target, answers)
        });
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Build {
    Jeton,
    Worker,
    Lambda,
}

impl Build {
    fn of(target: &Target) -> Option<Self> {
        match target {
            Target::Mock | Target::Serve => Some(Self::Jeton),
            Target::Worker => Some(Self::Worker),
            Target::Lambda => Some(Self::Lambda),
            Target::Url(_) => None,
        }
    }

    fn make(self, report: &mut Report, options: &TestOptions) -> bool {
        match self {
            Self::Jeton => report.step("build: jeton", || native("jeton-cli")),
            Self::Lambda => {
                let passed = report.step("build: jeton-lambda", || native("jeton-lambda"));
                if passed {
                    report.step("rows of Lambda alone", || {
                        suite::node_tests("tests/hosts/aws-lambda.test.mjs")
                    });
                }
                passed
            }
            Self::Worker => {
                report.step("tools: worker", tools::worker);
                let passed = report.step("build: worker", worker::build);
                if report.step("build: worker contracts", worker::build_contracts) {
                    report.step("contracts in workerd", || {
                        suite::node_tests("tests/hosts/worker-contracts.test.mjs")
                    });
                }
                unless_quick(options, report, "wrangler dry run", worker::dry_run);
                passed
            }
        }
    }
}

fn native(package: &str) -> Result<&'static str> {
    shell::run(shell::cargo("build --profile suite").args(["-p", package]))?;
    Ok("")
}

fn unless_quick<T: Into<String>>(
    options: &TestOptions,
    report: &mut Report,
    name: &str,
    step: impl FnOnce() -> Result<T>,
) {
    if options.quick {
        report.skip(name, "--quick");
    } else {
        report.step(name, step);
    }
}
