//! `jeton trust`: rules by which tokens of other issuers stand for clients.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use clap::{Arg, ArgAction, ArgMatches, Command};
use jeton::{
    Condition, Document, Expected, Key, KeySource, Loopback, Put, Reach, Realm, Registry, Rule,
    Scalar, Test, TrustedIssuer,
};
use jeton_sqlite::Database;

use crate::{client::shell_quote, input, printable, settings};

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
        .subcommand(
            Command::new("put")
                .about("Store the document of a trusted issuer, read from a file or standard input")
                .arg(settings::flag("JETON_DATA").help(
                    "SQLite file to write it to; without it, what to run for KV and DynamoDB is printed",
                ))
                .arg(
                    Arg::new("replace")
                        .long("replace")
                        .action(ArgAction::SetTrue)
                        .help("Overwrite the document that the issuer has, with all its rules"),
                )
                .arg(
                    Arg::new("document")
                        .value_name("FILE")
                        .default_value("-")
                        .help("The document as JSON; - for standard input"),
                ),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("new", matches)) => new::run(matches),
        Some(("check", matches)) => check::run(matches),
        Some(("put", matches)) => store_document(matches),
        _ => anyhow::bail!("no such command"),
    }
}

/// `jeton trust put`: stores a document in an SQLite file.
fn store_document(matches: &ArgMatches) -> Result<()> {
    let source = matches.get_one::<String>("document");
    let source = source.map_or("-", String::as_str);
    let json = input::read(source)?;
    let json = json.trim();
    let trusted = TrustedIssuer::from_record(json).with_context(|| source.to_owned())?;
    warn_of_addresses(&trusted).with_context(|| source.to_owned())?;
    let key = Key::trust(&Realm::default(), &trusted.issuer);
    let Some(data) = matches.get_one::<String>("JETON_DATA") else {
        print!("{}", instructions(&key.name, json));
        return Ok(());
    };
    let database = Database::open(data.as_ref()).with_context(|| format!("JETON_DATA: {data}"))?;
    let expected = if matches.get_flag("replace") {
        Expected::Anything
    } else {
        Expected::Absent
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let put = runtime.block_on(database.put(&key, &Document::new(json), &expected))?;
    ensure!(
        put == Put::Done,
        "{data} has a document of {} already: --replace overwrites it, with all its rules",
        trusted.issuer
    );
    println!("stored {} in {data}", trusted.issuer);
    for rule in runtime.block_on(without_client(&database, &trusted))? {
        eprintln!(
            "warning: rule {:?}: {data} has no client {:?}; unless JETON_CLIENTS has it, the rule stands for nobody",
            rule.name,
            rule.client_id.as_str()
        );
    }
    Ok(())
}

/// The rules whose client is not in the store.
async fn without_client<'a>(
    store: &impl Registry,
    trusted: &'a TrustedIssuer,
) -> Result<Vec<&'a Rule>> {
    let mut without = Vec::new();
    for rule in &trusted.rules {
        let key = Key::client(&Realm::default(), &rule.client_id);
        if store.get(&key).await?.is_none() {
            without.push(rule);
        }
    }
    Ok(without)
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

fn instructions(name: &str, document: &str) -> String {
    let item = serde_json::json!({
        "pk": { "S": "trust" },
        "sk": { "S": name },
        "record": { "S": document },
    });
    format!(
        "  # Cloudflare KV (Worker)
  wrangler kv key put --binding JETON_REGISTRY --remote {key} {document}

  # DynamoDB (Lambda)
  aws dynamodb put-item --table-name \"$JETON_TABLE\" --item {item}
",
        key = shell_quote(&format!("trust:{name}")),
        document = shell_quote(&printable::json(document)),
        item = shell_quote(&printable::json(&item.to_string())),
    )
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
