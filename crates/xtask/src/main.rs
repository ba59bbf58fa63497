//! `cargo xtask`: what building and testing Jeton needs beyond cargo.
//!
//! `test` is the whole truth about a checkout: it installs what it needs, runs every step even
//! after one has failed, and ends with a table. Its order stands in [`test`], each kind of step
//! in a file of its own, the pinned versions in [`tools`].
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod binaries;
mod boundaries;
mod checks;
mod circles;
mod dist;
mod examples;
mod image;
mod lambda;
mod lanes;
mod libraries;
mod lint;
mod login;
mod mock;
mod node;
mod packages;
mod parameters;
mod paths;
mod pins;
mod platforms;
mod product;
mod report;
mod shell;
mod sizes;
mod step;
mod suite;
mod supply;
mod test;
mod tools;
mod vendors;
mod worker;

use std::process::ExitCode;

use args::Task;

fn main() -> ExitCode {
    let task = match args::parse(std::env::args().skip(1)) {
        Ok(task) => task,
        Err(error) => {
            eprintln!("{error}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::Help => println!("{}", args::USAGE),
        Task::Test(options) => return Ok(test::run(&options)),
        Task::Structure => return Ok(test::structure()),
        Task::Tools => tools::install_all()?,
        Task::Worker => {
            tools::rust()?;
            tools::node()?;
            tools::worker()?;
            println!("{}", worker::build()?);
        }
        Task::Lambda => {
            tools::rust()?;
            tools::python()?;
            println!("{}", lambda::build_arm64()?);
        }
        Task::Sbom => {
            tools::rust()?;
            tools::python()?;
            tools::sbom()?;
            println!("{}", supply::sbom()?);
        }
        Task::Dist => println!("{}", dist::release()?),
        Task::Static => {
            tools::rust()?;
            tools::python()?;
            binaries::build("jeton-cli")?;
            println!("{}", image::static_binary()?.note);
        }
    }
    Ok(ExitCode::SUCCESS)
}
