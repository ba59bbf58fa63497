//! `jeton grants`: what people gave, listed and ended.

use anyhow::Result;
use clap::{Arg, ArgGroup, ArgMatches, Command, builder::NonEmptyStringValueParser};
use http::Method;
use jeton::{GrantId, path_segment};
use serde_json::{Value, json};

use crate::{
    id,
    management::{self, Management},
    output::{self, Format},
    printable,
};

pub(crate) fn command() -> Command {
    let text = |name: &'static str, value: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .value_parser(NonEmptyStringValueParser::new())
    };
    Command::new("grants")
        .about("List and end what people gave: logins, and devices that were approved")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("list")
                .about("List the grants of a subject")
                .arg(
                    text("subject", "SUBJECT")
                        .required(true)
                        .help("Whose grants"),
                )
                .args(management::args())
                .arg(output::format_arg()),
        )
        .subcommand(
            Command::new("end")
                .about("End a grant, or log a subject or a client out everywhere")
                .override_usage(
                    "jeton grants end GRANT_ID [OPTIONS]\n       \
                     jeton grants end --subject SUBJECT [OPTIONS]\n       \
                     jeton grants end --client CLIENT_ID [OPTIONS]",
                )
                .arg(
                    Arg::new("grant")
                        .value_name("GRANT_ID")
                        .allow_hyphen_values(true)
                        .value_parser(id::of_length(GrantId::TEXT_LENGTH))
                        .help("This grant"),
                )
                .arg(text("subject", "SUBJECT").help("Every grant of this subject until now"))
                .arg(text("client", "CLIENT_ID").help("Every grant of this client until now"))
                .group(
                    ArgGroup::new("which")
                        .args(["grant", "subject", "client"])
                        .required(true),
                )
                .args(management::args()),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("list", matches)) => list(matches),
        Some(("end", matches)) => end(matches),
        _ => anyhow::bail!("no such command"),
    }
}

fn list(matches: &ArgMatches) -> Result<()> {
    let subject = matches
        .get_one::<String>("subject")
        .map_or("", String::as_str);
    let deployment = management::connect(matches)?;
    let grants = grants_of(&deployment, subject)?;
    if Format::of(matches) == Format::Json {
        return output::print(&output::json(&json!({ "items": grants })));
    }
    let head = ["GRANT_ID", "CLIENT_ID", "SINCE", "UNTIL", "SCOPE"].map(str::to_owned);
    let rows: Vec<_> = grants.iter().map(row).collect();
    output::print(&output::table(&[vec![head], rows].concat()))
}

fn grants_of(deployment: &Management, subject: &str) -> Result<Vec<Value>> {
    deployment.pages("/grants", &format!("subject={}", path_segment(subject)))
}

fn row(grant: &Value) -> [String; 5] {
    let text = |name: &str| grant.get(name).map(output::plain).unwrap_or_default();
    [
        text("grant_id"),
        text("client_id"),
        output::time_of(grant, "created_at"),
        output::time_of(grant, "expires_at"),
        text("scope"),
    ]
}

fn end(matches: &ArgMatches) -> Result<()> {
    let deployment = management::connect(matches)?;
    let given = |name: &str| matches.get_one::<String>(name);
    let end = |path: &str| deployment.call(Method::DELETE, &format!("/grants{path}"), None);
    if let Some(grant) = given("grant") {
        end(&format!("/{}", path_segment(grant)))?;
        return output::say(&format!("ended the grant {grant}"));
    }
    // No error: they may have a session, which ends, and access tokens. Of those there is no list.
    let is_unlisted = given("subject").is_some_and(|subject| {
        grants_of(&deployment, subject).is_ok_and(|grants| grants.is_empty())
    });
    let (query, whose) = match (given("subject"), given("client")) {
        (Some(subject), _) => (
            format!("subject={}", path_segment(subject)),
            format!("subject {subject}"),
        ),
        (None, client) => {
            let client = client.map_or("", String::as_str);
            (
                format!("client_id={}", path_segment(client)),
                format!("client {client}"),
            )
        }
    };
    end(&format!("?{query}"))?;
    deployment.say_late();
    if is_unlisted {
        eprintln!(
            "no grant with a refresh token is listed of the {}; sessions and access tokens of until now end \
             all the same, if the subject is right",
            printable::lines(&whose)
        );
        return Ok(());
    }
    output::say(&format!("ended every grant of the {whose} until now"))
}
