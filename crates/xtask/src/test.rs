//! `cargo xtask test`: every step, in the order of the table at its end. What fails fast comes first; nothing
//! stops what comes after it. Who runs which step when is [`lanes`](crate::lanes)'s.

use std::process::ExitCode;

use anyhow::Result;

use crate::args::{Target, TestOptions};
use crate::lanes::Step;
use crate::report::{Report, SUITE, Tally};
use crate::suite::AllAnswers;
use crate::{
    binaries, boundaries, checks, circles, dist, examples, image, lambda, libraries, lint, login,
    mock, node, packages, parameters, pins, platforms, sizes, suite, supply, tools, vendors,
    worker,
};

// The steps that others wait for.
const RUST: &str = "tools: rust";
const NODE: &str = "tools: node";
const PYTHON: &str = "tools: python";
const FOR_WORKER: &str = "tools: worker";
const UNITS: &str = "unit + contracts";
const JETON: &str = "build: jeton";
const WORKER: &str = "build: worker";
const CONTRACTS: &str = "build: worker contracts";
const LAMBDA: &str = "build: jeton-lambda";
const DRIVERS: &str = "build: drivers";

pub(crate) fn run(options: &TestOptions) -> ExitCode {
    let answers = AllAnswers::default();
    let mut steps = steps(options, &answers);
    if !options.only.is_empty() {
        steps.retain(|step| options.only.iter().any(|text| step.name().contains(text)));
    }
    let report = Report::of(steps);
    report.print();
    report.exit_code()
}

/// What needs no build: the part of [`run`] to repeat while moving files.
pub(crate) fn structure() -> ExitCode {
    let report = Report::of(of_structure());
    report.print();
    report.exit_code()
}

fn steps<'a>(options: &TestOptions, answers: &'a AllAnswers) -> Vec<Step<'a>> {
    let everything = options.targets.is_empty();
    let targets = if everything {
        &Target::HOSTS[..]
    } else {
        &options.targets[..]
    };
    let mut steps = vec![
        Step::cargo(RUST, tools::rust),
        Step::test(NODE, tools::node),
        Step::test(PYTHON, tools::python),
    ];
    if everything {
        steps.extend(of_code());
    }
    steps.extend(builds(targets, options));
    if everything {
        steps.extend(of_documents(options));
        steps.extend(of_mock());
        steps.extend(of_packages());
    }
    steps.extend(targets.iter().map(|target| on_host(target, answers)));
    if everything {
        steps.extend(of_libraries());
        steps.extend(of_login());
        let same = Step::test("same rows", || suite::same_rows(answers));
        steps.push(same.after(Target::HOSTS.map(|host| suite_on(&host))));
        steps.extend(of_releases(options));
    }
    steps
}

/// How the source is laid out.
fn of_structure() -> Vec<Step<'static>> {
    vec![
        Step::test("structure: circles", circles::of_core),
        Step::test("structure: sizes", sizes::of_product),
        Step::test("structure: bool parameters", parameters::of_core),
        Step::test("structure: pins", pins::of_references),
    ]
}

fn of_code() -> Vec<Step<'static>> {
    let mut steps = vec![
        Step::cargo("lock file", checks::lock_file),
        Step::cargo("fmt", checks::fmt),
    ];
    steps.extend(of_structure());
    steps.extend([
        Step::test("boundaries: source", boundaries::source),
        Step::cargo("boundaries: crates", boundaries::dependencies),
        Step::cargo("deny: licences, sources, versions", supply::deny).needs([PYTHON]),
        Step::cargo("deny: advisories", supply::advisories).needs([PYTHON]),
        Step::test("fmt, lint: JavaScript", lint::javascript).needs([NODE]),
        Step::test("fmt, lint: Python", lint::python).needs([PYTHON]),
        // What the most steps wait for.
        jeton(),
        Step::cargo("boundaries: wasm", boundaries::wasm_check),
        Step::cargo("clippy", checks::clippy),
        Step::cargo("clippy: wasm", checks::clippy_wasm),
        Step::cargo(UNITS, checks::tests).needs([NODE, PYTHON]),
        Step::cargo(DRIVERS, libraries::build).after([UNITS]),
    ]);
    steps
}

fn jeton() -> Step<'static> {
    Step::cargo(JETON, || binaries::build("jeton-cli")).needs([PYTHON])
}

/// What is built for the hosts, and what is asked of each alone.
fn builds(targets: &[Target], options: &TestOptions) -> Vec<Step<'static>> {
    let everything = options.targets.is_empty();
    let is_asked = |host| targets.contains(&host);
    let mut steps = Vec::new();
    // Rows run the command against each host.
    if !everything && Target::HOSTS.into_iter().any(is_asked) {
        steps.push(jeton());
    }
    if is_asked(Target::Mock) || is_asked(Target::Serve) {
        let alone = |name: &str, file: &'static str| {
            Step::test(name, move || node::one_file(file)).needs([NODE, JETON])
        };
        steps.extend([
            Step::test("static binary", image::static_binary).needs([JETON]),
            alone("rows of serve alone", "tests/hosts/serve.test.mjs"),
            alone("trust rules", "tests/hosts/trust.test.mjs"),
            alone("the command", "tests/hosts/cli.test.mjs"),
            alone("schemathesis", "tests/hosts/schemathesis.test.mjs"),
            Step::test("instructions", instructions).needs([NODE, JETON]),
        ]);
    }
    if is_asked(Target::Worker) {
        let alone = |name: &str, file: &'static str, build: &str| {
            Step::test(name, move || node::one_file(file)).needs([NODE, build])
        };
        steps.extend([
            Step::test(FOR_WORKER, tools::worker).needs([RUST]),
            Step::cargo(WORKER, worker::build).needs([FOR_WORKER]),
            Step::cargo(CONTRACTS, worker::build_contracts).needs([FOR_WORKER]),
            alone(
                "contracts in workerd",
                "tests/hosts/worker-contracts.test.mjs",
                CONTRACTS,
            ),
            alone(
                "rows of the Worker alone",
                "tests/hosts/worker-dropped.test.mjs",
                WORKER,
            ),
            alone(
                "operations of the Worker",
                "tests/hosts/worker-operations.test.mjs",
                WORKER,
            ),
            unless_quick(options, "wrangler dry run", |name| {
                Step::test(name, worker::dry_run).needs([WORKER])
            }),
        ]);
    }
    if is_asked(Target::Lambda) {
        steps.extend([
            Step::cargo(LAMBDA, || binaries::build("jeton-lambda")).needs([PYTHON]),
            Step::test("rows of Lambda alone", || {
                node::one_file("tests/hosts/aws-lambda.test.mjs")
            })
            .needs([NODE, LAMBDA]),
        ]);
    }
    steps
}

/// What is neither code nor program: templates, prices, the image, the action.
fn of_documents(options: &TestOptions) -> Vec<Step<'static>> {
    let file = |name: &str, file: &'static str| {
        Step::test(name, move || node::one_file(file)).needs([NODE])
    };
    vec![
        unless_quick(options, "cfn-lint", |name| {
            Step::test(name, lambda::lint_template).needs([PYTHON])
        }),
        file("template.yaml", "tests/hosts/aws-template.test.mjs"),
        file("wrangler.toml", "tests/hosts/worker-config.test.mjs"),
        file("docs/cost.md", "tests/hosts/cost.test.mjs"),
        Step::test("lint: image, action", image::lint).needs([PYTHON]),
    ]
}

fn of_mock() -> Vec<Step<'static>> {
    let installed = "tools: vendors";
    vec![
        Step::test("mock", mock::over_http).needs([NODE, PYTHON, JETON]),
        Step::test("browser", mock::in_browser)
            .needs([NODE, JETON])
            .after([UNITS]),
        Step::test("platforms", platforms::run).needs([NODE, JETON]),
        Step::test("action", image::action).needs([JETON]),
        Step::test(installed, vendors::install).needs([NODE]),
        Step::test("vendors", vendors::run).needs([JETON, installed]),
        Step::test("vendors: table", vendors::table).after(["vendors"]),
    ]
}

/// The packages that are published beside the crates.
fn of_packages() -> Vec<Step<'static>> {
    let both = packages::NAMES.into_iter().flat_map(|name| {
        [
            Step::test(format!("packages/js/{name}"), || packages::javascript(name)),
            Step::test(format!("packages/python/{name}"), || packages::python(name)),
        ]
    });
    both.map(|step| step.needs([NODE, PYTHON, JETON])).collect()
}

/// The suite on a host.
fn on_host<'a>(target: &Target, answers: &'a AllAnswers) -> Step<'a> {
    let asked = target.clone();
    Step::host(suite_on(target), move || suite::run(&asked, answers))
        .needs([NODE, PYTHON])
        .needs(builds_of(target).iter().copied())
}

fn suite_on(target: &Target) -> String {
    format!("{SUITE}{}", target.as_str())
}

/// What a host is built by.
fn builds_of(target: &Target) -> &'static [&'static str] {
    match target {
        Target::Mock | Target::Serve => &[JETON],
        Target::Worker => &[WORKER, JETON],
        Target::Lambda => &[LAMBDA, JETON],
        Target::Url(_) => &[],
    }
}

/// The libraries of three languages: by themselves, then on each host and a stranger.
fn of_libraries() -> Vec<Step<'static>> {
    let mut steps = Vec::new();
    for language in libraries::LANGUAGES {
        steps.push(Step::test(format!("libraries: {language}"), || {
            libraries::of_language(language)
        }));
    }
    for host in Target::HOSTS {
        let name = format!("libraries on {}", host.as_str());
        let builds = builds_of(&host);
        let step = Step::test(name, move || libraries::on_server(host.as_str()));
        steps.push(step.needs(builds.iter().copied()));
    }
    steps.push(Step::test(
        format!("libraries on {}", libraries::STRANGER),
        || libraries::on_server(libraries::STRANGER),
    ));
    steps.push(Step::test("libraries: mcp", libraries::mcp));
    // Cargo's, because a README's programs are built in its folder.
    steps.push(Step::cargo("libraries: packed", libraries::packed));
    steps.push(Step::test("examples", examples::run));
    let names: Vec<_> = steps.iter().map(|step| step.name().to_owned()).collect();
    let mut steps: Vec<_> = steps
        .into_iter()
        .map(|step| step.needs([NODE, PYTHON, JETON, DRIVERS]))
        .collect();
    steps.push(Step::test("libraries: table", libraries::table).after(names));
    steps
}

/// The built-in login, on each host that has it.
fn of_login() -> Vec<Step<'static>> {
    let needed = |step: Step<'static>, host: &Target| {
        let builds = builds_of(host).iter().copied();
        step.needs([NODE, PYTHON]).needs(builds)
    };
    let mut steps: Vec<_> = login::HOSTS
        .into_iter()
        .map(|host| {
            let on = host.clone();
            let name = format!("login on {}", host.as_str());
            needed(Step::test(name, move || login::on_host(&on)), &host)
        })
        .collect();
    let operations = Step::test("login: operations", login::operations);
    steps.push(needed(operations, &Target::Worker));
    let example = Step::test("login: example", login::example);
    steps.push(needed(example, &Target::Serve));
    steps
}

/// What people download or deploy, as far as no suite has it yet.
fn of_releases(options: &TestOptions) -> Vec<Step<'static>> {
    let (tool, packed) = ("tools: sbom", "dist");
    vec![
        unless_quick(options, "arm64 build", |name| {
            Step::cargo(name, lambda::test_arm64).needs([PYTHON])
        }),
        unless_quick(options, tool, |name| {
            Step::test(name, tools::sbom)
                .needs([RUST])
                .after([FOR_WORKER])
        }),
        unless_quick(options, "sbom", |name| {
            Step::cargo(name, supply::sbom).needs([PYTHON, tool])
        }),
        unless_quick(options, packed, |name| {
            Step::test(name, dist::pack_tested).needs([NODE, PYTHON, JETON])
        }),
        // Cargo's, because `cargo install` is one of its tests.
        unless_quick(options, "dist: installed", |name| {
            Step::cargo(name, dist::installed).needs([packed])
        }),
    ]
}

/// Those tests skip themselves without valgrind; here that is a failure.
fn instructions() -> Result<Tally> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Tally::skipped("they are counted on Linux with x86-64"));
    }
    tools::valgrind()?;
    node::one_file("tests/hosts/instructions.test.mjs")
}

fn unless_quick<'a>(
    options: &TestOptions,
    name: &str,
    step: impl FnOnce(&str) -> Step<'a>,
) -> Step<'a> {
    if options.quick {
        Step::skipped(name, "--quick")
    } else {
        step(name)
    }
}

#[cfg(test)]
mod tests {
    use super::steps;
    use crate::args::{Target, TestOptions};
    use crate::suite::AllAnswers;

    #[test]
    fn each_waits_for_earlier_steps() {
        let answers = AllAnswers::default();
        let options = |targets: &[Target], quick| TestOptions {
            targets: targets.to_vec(),
            quick,
            only: Vec::new(),
        };
        let url = Target::Url("https://id.example".to_owned());
        for options in [
            options(&[], false),
            options(&[], true),
            options(&[Target::Mock], false),
            options(&[Target::Worker, Target::Lambda], true),
            options(&[url], false),
        ] {
            let mut names = Vec::new();
            for step in steps(&options, &answers) {
                for name in step.waits() {
                    assert!(
                        names.contains(name),
                        "{}: `{name}` is no earlier step",
                        step.name()
                    );
                }
                assert!(
                    !names.contains(&step.name().to_owned()),
                    "{} twice",
                    step.name()
                );
                names.push(step.name().to_owned());
            }
        }
    }
}
