//! `jeton trust`: rules by which tokens of other issuers stand for clients.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use clap::{ArgMatches, Command};
use jeton::{Condition, KeySource, Loopback, Reach, Scalar, Test, TrustedIssuer};

use crate::{family, management::Kind, members::Members, printable};

mod check;
mod new;
mod platform;

pub(crate) fn command() -> Command {
    Command::new("trust")
        .about("Write, try and store rules by which tokens of other issuers stand for clients")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(new::command())
        .subcommand(check::command())
        .subcommands(family::commands(Kind::Trust, []))
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("new", matches)) => new::run(matches),
        Some(("check", matches)) => check::run(matches),
        Some((verb, matches)) => family::run(Kind::Trust, verb, matches, |_| Ok(Members::new())),
        None => anyhow::bail!("no such command"),
    }
}

/// Refuses an address that no deployment may ask for keys, and warns of one that only development may.
fn warn_of_addresses(trusted: &TrustedIssuer) -> Result<()> {
    let (member, url) = match &trusted.keys {
        KeySource::Pasted(_) => return Ok(()),
        KeySource::Discovery => ("issuer", &trusted.issuer),
        KeySource::Uri(url) => ("jwks_uri", url),
    };
    let reach = |loopback| Reach::new("", loopback).url(url);
    reach(Loopback::Admitted).with_context(|| format!("{member} {url}"))?;
    if reach(Loopback::Refused).is_err() {
        eprintln!(
            "warning: {member} {url}: this machine is reached in development alone (JETON_DEVELOPMENT)"
        );
    }
    Ok(())
}

/// A condition as a part of a sentence: `event_name is "push" or "workflow_dispatch"`.
fn words(condition: &Condition) -> String {
    let mut words = printable::line(&condition.claim.to_string());
    // Writing to a string does not fail.
    let _ = match &condition.test {
        Test::Equals(value) => write!(words, " is {}", literal(value)),
        Test::OneOf(values) => {
            let values: Vec<_> = values.iter().map(literal).collect();
            write!(words, " is {}", values.join(" or "))
        }
        Test::Prefix(prefix) => write!(words, " begins with {prefix:?} and goes on"),
        Test::Contains(value) => write!(words, " contains {}", literal(value)),
    };
    words
}

fn literal(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => format!("{text:?}"),
        Scalar::Number(number) => number.to_string(),
        Scalar::Boolean(boolean) => boolean.to_string(),
    }
}

#[cfg(test)]
mod tests;
