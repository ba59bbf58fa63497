//! `cargo xtask test`: the order of everything. What fails fast comes first, what takes minutes
//! last; nothing stops what comes after it.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::{Target, TestOptions};
use crate::report::{Report, Tally};
use crate::suite::Answers;
use crate::{
    boundaries, checks, circles, dist, examples, image, lambda, libraries, lint, login, mock, node,
    packages, parameters, pins, platforms, shell, sizes, suite, supply, tools, vendors, worker,
};

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
        report.step("deny: licences, sources, versions", supply::deny);
        report.counted("deny: advisories", supply::advisories);
        report.step("fmt, lint: JavaScript", lint::javascript);
        report.step("fmt, lint: Python", lint::python);
        report.counted("unit + contracts", checks::tests);
        unless_quick(options, &mut report, "cfn-lint", lambda::lint_template);
        report.counted("template.yaml", || {
            node::one_file("tests/hosts/aws-template.test.mjs")
        });
        report.counted("wrangler.toml", || {
            node::one_file("tests/hosts/worker-config.test.mjs")
        });
        report.counted("docs/cost.md", || {
            node::one_file("tests/hosts/cost.test.mjs")
        });
        report.step("lint: image, action", image::lint);
    }
    let targets = if everything {
        &Target::HOSTS[..]
    } else {
        &options.targets[..]
    };
    let mut builds = Builds::default();
    if everything {
        let built = builds.made(Build::Jeton, &mut report, options);
        check_mock(&mut report, built);
        check_packages(&mut report, built);
    }
    check_hosts(&mut report, targets, options, &mut builds, &mut answers);
    if everything {
        check_libraries(&mut report, &mut builds, options);
        check_login(&mut report, &mut builds, options);
        report.counted("same rows", || suite::same_rows(&answers));
        unless_quick(options, &mut report, "arm64 build", lambda::build_arm64);
        unless_quick(options, &mut report, "tools: sbom", tools::sbom);
        unless_quick(options, &mut report, "sbom", supply::sbom);
        check_dist(&mut report, options);
    }

    report.print();
    report.exit_code()
}

/// What people download: the binary that needs nothing, and the packages that bring it.
fn check_dist(report: &mut Report, options: &TestOptions) {
    if options.quick {
        report.skip("static build", "--quick");
        report.skip("dist", "--quick");
        return;
    }
    let built = report.counted("static build", image::static_build);
    let packed = report.step("dist", || if_built(built, dist::pack_static));
    report.counted("dist: installed", || if_built(packed, dist::installed));
}

/// What needs no build: the part of [`run`] to repeat while moving files.
pub(crate) fn structure() -> ExitCode {
    let mut report = Report::new();
    check_structure(&mut report);
    report.print();
    report.exit_code()
}

/// How the source is laid out.
fn check_structure(report: &mut Report) {
    report.step("structure: circles", circles::of_core);
    report.step("structure: sizes", sizes::of_product);
    report.step("structure: bool parameters", parameters::of_core);
    report.step("structure: pins", pins::of_references);
}

fn check_code(report: &mut Report) {
    report.counted("lock file", checks::lock_file);
    report.step("fmt", checks::fmt);
    check_structure(report);
    report.step("boundaries: source", boundaries::source);
    report.step("boundaries: crates", boundaries::dependencies);
    report.step("boundaries: wasm", boundaries::wasm_build);
    report.step("clippy", checks::clippy);
    report.step("clippy: wasm", checks::clippy_wasm);
}

fn check_mock(report: &mut Report, built: bool) {
    for (name, step) in mock::STEPS {
        report.counted(name, || if_built(built, step));
    }
    report.counted("platforms", || if_built(built, platforms::run));
    report.step("action", || if_built(built, image::action));
    let installed = report.step("tools: vendors", vendors::install);
    report.counted("vendors", || if_built(built && installed, vendors::run));
    report.step("vendors: table", vendors::table);
}

/// The packages that are published beside the crates.
fn check_packages(report: &mut Report, built: bool) {
    for name in packages::NAMES {
        report.counted(&format!("packages/js/{name}"), || {
            if_built(built, || packages::javascript(name))
        });
        report.counted(&format!("packages/python/{name}"), || {
            if_built(built, || packages::python(name))
        });
    }
}

/// The libraries of three languages: by themselves, then on each host and a stranger.
fn check_libraries(report: &mut Report, builds: &mut Builds, options: &TestOptions) {
    let driven = report.step("build: drivers", libraries::build);
    for language in libraries::LANGUAGES {
        report.counted(&format!("libraries: {language}"), || {
            if_built(driven, || libraries::of_language(language))
        });
    }
    for host in Target::HOSTS {
        let built = Build::of(&host).is_none_or(|build| builds.made(build, report, options));
        report.counted(&format!("libraries on {}", host.as_str()), || {
            if_built(driven && built, || libraries::on_server(host.as_str()))
        });
    }
    report.counted(&format!("libraries on {}", libraries::STRANGER), || {
        if_built(driven, || libraries::on_server(libraries::STRANGER))
    });
    report.counted("libraries: mcp", libraries::mcp);
    report.counted("libraries: packed", libraries::packed);
    report.counted("examples", || if_built(driven, examples::run));
    report.step("libraries: table", libraries::table);
}

/// The built-in login, on each host that has it.
fn check_login(report: &mut Report, builds: &mut Builds, options: &TestOptions) {
    for host in login::HOSTS {
        let built = Build::of(&host).is_none_or(|build| builds.made(build, report, options));
        report.counted(&format!("login on {}", host.as_str()), || {
            if_built(built, || login::on_host(&host))
        });
    }
    let worker = builds.made(Build::Worker, report, options);
    report.counted("login: operations", || if_built(worker, login::operations));
    let built = builds.made(Build::Jeton, report, options);
    report.counted("login: example", || if_built(built, login::example));
}

/// Builds what the targets need, each once and just before its first suite.
fn check_hosts(
    report: &mut Report,
    targets: &[Target],
    options: &TestOptions,
    builds: &mut Builds,
    answers: &mut Vec<Answers>,
) {
    for target in targets {
        let built = Build::of(target).is_none_or(|build| {
            let built = builds.made(build, report, options);
            // Rows run the command against each.
            built && builds.has_command(report, options)
        });
        report.host(target.as_str(), || {
            if_built(built, || suite::run(target, answers))
        });
    }
}

/// An earlier build may still lie there: its answers would prove nothing.
fn if_built<T>(built: bool, step: impl FnOnce() -> Result<T>) -> Result<T> {
    if !built {
        bail!("not run: its build failed");
    }
    step()
}

/// What was built, and whether that worked.
#[derive(Default)]
struct Builds(Vec<(Build, bool)>);

impl Builds {
    /// Builds it, the first time.
    fn made(&mut self, build: Build, report: &mut Report, options: &TestOptions) -> bool {
        if let Some((_, passed)) = self.0.iter().find(|(made, _)| *made == build) {
            return *passed;
        }
        let passed = build.make(report, options);
        self.0.push((build, passed));
        passed
    }

    /// Builds the command alone, unless it is there as a host.
    fn has_command(&mut self, report: &mut Report, options: &TestOptions) -> bool {
        let is_host = self.0.iter().any(|(made, _)| *made == Build::Jeton);
        let build = if is_host {
            Build::Jeton
        } else {
            Build::Command
        };
        self.made(build, report, options)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Build {
    /// The command, as a host.
    Jeton,
    /// The command alone, for rows that run it against another host.
    Command,
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
            Self::Jeton => {
                let passed = report.step("build: jeton", || native("jeton-cli"));
                if passed {
                    report.counted("rows of serve alone", || {
                        node::one_file("tests/hosts/serve.test.mjs")
                    });
                    report.counted("trust rules", || {
                        node::one_file("tests/hosts/trust.test.mjs")
                    });
                    report.counted("the command", || node::one_file("tests/hosts/cli.test.mjs"));
                    report.counted("schemathesis", || {
                        node::one_file("tests/hosts/schemathesis.test.mjs")
                    });
                    report.counted("instructions", instructions);
                }
                passed
            }
            Self::Command => report.step("build: jeton", || native("jeton-cli")),
            Self::Lambda => {
                let passed = report.step("build: jeton-lambda", || native("jeton-lambda"));
                if passed {
                    report.counted("rows of Lambda alone", || {
                        node::one_file("tests/hosts/aws-lambda.test.mjs")
                    });
                }
                passed
            }
            Self::Worker => {
                report.step("tools: worker", tools::worker);
                let passed = report.step("build: worker", worker::build);
                if report.step("build: worker contracts", worker::build_contracts) {
                    report.counted("contracts in workerd", || {
                        node::one_file("tests/hosts/worker-contracts.test.mjs")
                    });
                }
                if passed {
                    report.counted("rows of the Worker alone", || {
                        node::one_file("tests/hosts/worker-dropped.test.mjs")
                    });
                    report.counted("operations of the Worker", || {
                        node::one_file("tests/hosts/worker-operations.test.mjs")
                    });
                }
                unless_quick(options, report, "wrangler dry run", worker::dry_run);
                passed
            }
        }
    }
}

/// Those tests skip themselves without valgrind; here that is a failure.
fn instructions() -> Result<Tally> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Tally::skipped("they are counted on Linux with x86-64"));
    }
    tools::valgrind()?;
    node::one_file("tests/hosts/instructions.test.mjs")
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
