//! The command line. Written by hand: an argument parser would be most of the compile time.

use anyhow::{Result, bail};

pub(crate) const USAGE: &str = "\
Usage: cargo xtask <task>

  test [--target HOST]… [--quick] [--only TEXT]…
            Install what is missing, then run everything and end with a table.
            --target mock|serve|worker|lambda|URL: only what this host's suite needs
            --quick: without what only a deployment needs (arm64 build, packages with the
            binary, dry run, cfn-lint, bills of materials)
            --only: the steps with this text in their name, on what was built before
  structure The part of test that needs no build.
  tools     Install the pinned tools into target/tools and tests/node_modules.
  worker    Build the Worker into crates/jeton-worker/build and print its size.
  lambda    Build the arm64 Lambda into target/lambda and print its size.
  sbom      Write a CycloneDX bill of materials for each binary into target/sbom.
  dist      Build `jeton` for this machine as it is released, and pack it for npm and PyPI, with
            the mock's helpers, into target/dist.
  static    Build a static `jeton` for this machine's processor, ask it, and print its size.";

#[derive(Debug, PartialEq)]
pub(crate) enum Task {
    Help,
    Test(TestOptions),
    Structure,
    Tools,
    Worker,
    Lambda,
    Sbom,
    Dist,
    Static,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct TestOptions {
    /// Empty: every host, and every step that is not a host.
    pub(crate) targets: Vec<Target>,
    pub(crate) quick: bool,
    /// Parts of names of steps; empty: all.
    pub(crate) only: Vec<String>,
}

/// What the suite runs against; its text is the value of `JETON_TARGET`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    Mock,
    Serve,
    Worker,
    Lambda,
    /// A deployment that is already running.
    Url(String),
}

impl Target {
    pub(crate) const HOSTS: [Self; 4] = [Self::Mock, Self::Serve, Self::Worker, Self::Lambda];

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Mock => "mock",
            Self::Serve => "serve",
            Self::Worker => "worker",
            Self::Lambda => "lambda",
            Self::Url(url) => url,
        }
    }

    fn parse(text: &str) -> Result<Self> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Self::Url(text.to_owned()));
        }
        match Self::HOSTS.into_iter().find(|host| host.as_str() == text) {
            Some(host) => Ok(host),
            None => bail!("--target {text}: expected mock, serve, worker, lambda or a URL"),
        }
    }
}

pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Task> {
    let mut args = args.into_iter();
    let task = match args.next().as_deref() {
        None | Some("help" | "--help" | "-h") => return Ok(Task::Help),
        Some("test") => return parse_test(args),
        Some("structure") => Task::Structure,
        Some("tools") => Task::Tools,
        Some("worker") => Task::Worker,
        Some("lambda") => Task::Lambda,
        Some("sbom") => Task::Sbom,
        Some("dist") => Task::Dist,
        Some("static") => Task::Static,
        Some(other) => bail!("there is no task `{other}`"),
    };
    match args.next().as_deref() {
        None => Ok(task),
        Some("--help" | "-h") => Ok(Task::Help),
        Some(other) => bail!("unexpected argument `{other}`"),
    }
}

fn parse_test(mut args: impl Iterator<Item = String>) -> Result<Task> {
    let mut options = TestOptions::default();
    while let Some(arg) = args.next() {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (&*arg, None),
        };
        let targets = match name {
            "--help" | "-h" => return Ok(Task::Help),
            "--quick" => {
                options.quick = true;
                continue;
            }
            "--only" => match value.or_else(|| args.next()) {
                Some(text) => {
                    options.only.push(text);
                    continue;
                }
                None => bail!("--only needs a part of a step's name"),
            },
            "--target" => match value.or_else(|| args.next()) {
                Some(value) => value,
                None => bail!("--target needs a value: mock, serve, worker, lambda or a URL"),
            },
            _ => bail!("unexpected argument `{arg}`"),
        };
        for text in targets.split(',') {
            let target = Target::parse(text)?;
            if !options.targets.contains(&target) {
                options.targets.push(target);
            }
        }
    }
    Ok(Task::Test(options))
}

#[cfg(test)]
mod tests {
    use super::{Target, Task, TestOptions, parse};

    fn check(line: &str, expected: Option<Task>) {
        let parsed = parse(line.split_whitespace().map(str::to_owned));
        assert_eq!(parsed.ok(), expected, "cargo xtask {line}");
    }

    #[test]
    fn command_lines() {
        let test = |targets: &[Target], quick| {
            Some(Task::Test(TestOptions {
                targets: targets.to_vec(),
                quick,
                only: Vec::new(),
            }))
        };
        check("", Some(Task::Help));
        check("tools", Some(Task::Tools));
        check("worker --help", Some(Task::Help));
        check("worker fast", None);
        check("tset", None);
        check("test", test(&[], false));
        check("test --quick", test(&[], true));
        check("test --target mock", test(&[Target::Mock], false));
        check(
            "test --target mock,lambda --target=worker --target mock --quick",
            test(&[Target::Mock, Target::Lambda, Target::Worker], true),
        );
        check(
            "test --target https://id.example.com",
            test(&[Target::Url("https://id.example.com".to_owned())], false),
        );
        check(
            "test --only mock --only=arm64",
            Some(Task::Test(TestOptions {
                only: vec!["mock".to_owned(), "arm64".to_owned()],
                ..TestOptions::default()
            })),
        );
        check("test --only", None);
        check("test --target", None);
        check("test --target moon", None);
        check("test mock", None);
    }
}
