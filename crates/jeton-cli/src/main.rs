//! The `jeton` command.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use clap::{ArgMatches, Command};

mod client;
mod grants;
mod health;
mod input;
mod keys;
mod mock;
mod printable;
mod serve;
mod settings;
mod trust;

fn main() -> ExitCode {
    let matches = Command::new("jeton")
        .version(env!("CARGO_PKG_VERSION"))
        .about("An OAuth 2.0 token service: edge, serverless, one binary, or a mock provider")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve::command())
        .subcommand(mock::command())
        .subcommand(client::command())
        .subcommand(grants::command())
        .subcommand(trust::command())
        .subcommand(keys::command())
        .subcommand(health::command())
        .get_matches();
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jeton: {}", printable::lines(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    match matches.subcommand() {
        Some(("serve", matches)) => serve::run(matches),
        Some(("mock", matches)) => mock::run(matches),
        Some(("client", matches)) => client::run(matches),
        Some(("grants", matches)) => grants::run(matches),
        Some(("trust", matches)) => trust::run(matches),
        Some(("keys", matches)) => keys::run(matches),
        Some(("health", matches)) => health::run(matches),
        _ => Err(anyhow::anyhow!("no such command")),
    }
}
