//! `jeton client`: registered clients.

use anyhow::{Context, Result};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser};
use jeton::NamedApiRecord;
use serde_json::{Value, json};

use crate::{family, management::Kind, members::Members};

mod new;
mod secret;

pub(crate) fn command() -> Command {
    Command::new("client")
        .about("Make, list, change and remove clients")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(new::command())
        .subcommands(family::commands(Kind::Client, member_args()))
        .subcommand(secret::rotate_command())
        .subcommand(secret::command())
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("new", matches)) => new::run(matches),
        Some(("rotate", matches)) => secret::rotate(matches),
        Some(("secret", matches)) => secret::run(matches),
        Some((verb, matches)) => family::run(Kind::Client, verb, matches, members),
        None => anyhow::bail!("no such command"),
    }
}

/// Flags for the members that most clients have.
fn member_args() -> [Arg; 8] {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    [
        text("client-name", "TEXT", "client_name, for people").long("name"),
        text(
            "scope",
            "SCOPE",
            "All that the client may ask for, separated by spaces",
        ),
        text(
            "api",
            "IDENTIFIER=SCOPE",
            "An API, with what of its scopes the client may have; repeatable",
        )
        .action(ArgAction::Append),
        text(
            "audience",
            "AUDIENCE",
            "An API that is not registered; repeatable, the first is the default",
        )
        .action(ArgAction::Append),
        text(
            "redirect-uri",
            "URI",
            "Where logins come back to; repeatable",
        )
        .action(ArgAction::Append),
        text(
            "post-logout-redirect-uri",
            "URI",
            "Where logouts come back to; repeatable",
        )
        .action(ArgAction::Append),
        text(
            "lifetime",
            "SECONDS",
            "Lifetime of its access tokens [default: the deployment's]",
        )
        .value_parser(clap::value_parser!(u64)),
        text(
            "alg",
            "ALG",
            "Signature of its access tokens [default: the deployment's]",
        )
        .value_parser(PossibleValuesParser::new(["ES256", "EdDSA", "RS256"])),
    ]
}

/// The members that are given by these flags.
fn members(matches: &ArgMatches) -> Result<Members> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let texts = |name: &str| -> Vec<String> {
        let given = matches.get_many::<String>(name);
        given.unwrap_or_default().cloned().collect()
    };
    let mut members = Members::new();
    let mut add = |member: &str, value: Value| members.insert(member.to_owned(), value);
    for (flag, member) in [
        ("client-name", "client_name"),
        ("scope", "scope"),
        ("alg", "access_token_signed_response_alg"),
    ] {
        text(flag).map(|value| add(member, value.into()));
    }
    for (flag, member) in [
        ("audience", "audiences"),
        ("redirect-uri", "redirect_uris"),
        ("post-logout-redirect-uri", "post_logout_redirect_uris"),
    ] {
        Some(texts(flag))
            .filter(|values| !values.is_empty())
            .map(|values| add(member, values.into()));
    }
    let apis = texts("api");
    if !apis.is_empty() {
        let apis: Vec<_> = apis
            .iter()
            .map(|text| named_api(text))
            .collect::<Result<_>>()?;
        add("apis", json!(apis));
    }
    if let Some(lifetime) = matches.get_one::<u64>("lifetime") {
        add("access_token_lifetime", json!(lifetime));
    }
    Ok(members)
}

/// An API and scopes of it: `IDENTIFIER=SCOPE`.
pub(crate) fn named_api(text: &str) -> Result<NamedApiRecord> {
    // An identifier may be a URL with a query; a scope has no equals sign of its own as often.
    let (identifier, scope) = text
        .rsplit_once('=')
        .with_context(|| format!("{text:?}: expected IDENTIFIER=SCOPE, as in 'https://orders.example=orders:read orders:write'"))?;
    Ok(NamedApiRecord {
        identifier: identifier.to_owned(),
        scope: scope.to_owned(),
    })
}
