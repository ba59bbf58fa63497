//! `jeton api`: registered APIs, whose tokens clients may have.

use anyhow::{Context, Result};
use clap::{Arg, ArgAction, ArgMatches, Command};
use jeton::merge;
use serde_json::{Value, json};

use crate::{
    family,
    management::{self, Kind},
    members::Members,
    output::{self, Format},
};

pub(crate) fn command() -> Command {
    Command::new("api")
        .about("Make, list, change and remove APIs, whose tokens clients may have")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("new")
                .about("Store an API")
                .arg(
                    Arg::new("identifier")
                        .value_name("IDENTIFIER")
                        .required(true)
                        .help("The audience of its tokens, most often its URL"),
                )
                .arg(family::assignments_arg())
                .args(member_args())
                .arg(family::replace_arg())
                .args(management::args())
                .arg(management::create_arg())
                .arg(output::format_arg()),
        )
        .subcommands(family::commands(Kind::Api, member_args()))
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("new", matches)) => new(matches),
        Some((verb, matches)) => family::run(Kind::Api, verb, matches, members),
        None => anyhow::bail!("no such command"),
    }
}

/// Flags for the members that most APIs have.
fn member_args() -> [Arg; 4] {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    [
        text("title", "TEXT", "Its name, for people").long("name"),
        text(
            "scope",
            "SCOPE=WORDS",
            "A scope, with words for people; repeatable",
        )
        .action(ArgAction::Append),
        text(
            "alias",
            "AUDIENCE",
            "What clients may write in its place; repeatable",
        )
        .action(ArgAction::Append),
        text(
            "lifetime",
            "SECONDS",
            "Lifetime of its tokens [default: the client's]",
        )
        .value_parser(clap::value_parser!(u64)),
    ]
}

/// The members that are given by these flags.
fn members(matches: &ArgMatches) -> Result<Members> {
    let texts = |name: &str| -> Vec<String> {
        let given = matches.get_many::<String>(name);
        given.unwrap_or_default().cloned().collect()
    };
    let mut members = Members::new();
    let mut add = |member: &str, value: Value| members.insert(member.to_owned(), value);
    if let Some(name) = texts("title").first() {
        add("name", json!(name));
    }
    let mut scopes = Members::new();
    for scope in texts("scope") {
        // Without words they are its own name.
        let (token, words) = scope.split_once('=').unwrap_or((&scope, &scope));
        scopes.insert(token.to_owned(), json!(words));
    }
    if !scopes.is_empty() {
        add("scopes", Value::Object(scopes));
    }
    let aliases = texts("alias");
    if !aliases.is_empty() {
        add("aliases", json!(aliases));
    }
    if let Some(lifetime) = matches.get_one::<u64>("lifetime") {
        add("access_token_lifetime", json!(lifetime));
    }
    Ok(members)
}

fn new(matches: &ArgMatches) -> Result<()> {
    let identifier = matches.get_one::<String>("identifier");
    let mut document = members(matches)?;
    merge(&mut document, &family::assigned(Kind::Api, matches)?);
    document.insert("identifier".to_owned(), json!(identifier));
    let deployment = management::connect(matches)?;
    let standing = family::Standing::of(matches);
    let written = family::store(&deployment, Kind::Api, &document, None, standing)
        .with_context(|| format!("{}: not stored", deployment.place()))?;
    family::print_written(&deployment, Kind::Api, &written, Format::of(matches))
}
