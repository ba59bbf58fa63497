//! `jeton client rotate` and `jeton client secret`: several secrets of one client, while they change.

use anyhow::{Result, bail};
use clap::{Arg, ArgMatches, Command};
use http::Method;
use jeton::{Seconds, SecretRecord, UnixTime, path_segment};
use serde_json::{Value, json};

use crate::{
    duration, id,
    management::{self, Kind},
    members::Members,
    output::{self, Format},
};

/// How long the secrets of before go on where nothing else is said: a day to tell everybody.
const OVERLAP: &str = "24h";

pub(super) fn rotate_command() -> Command {
    Command::new("rotate")
        .about("Give a client a new secret; those of before go on for a while")
        .arg(client_arg())
        .arg(
            time_arg("overlap")
                .default_value(OVERLAP)
                .help("How long the secrets of before go on; 0 ends them now"),
        )
        .arg(expires_arg())
        .args(management::args())
        .arg(output::format_arg())
}

pub(super) fn command() -> Command {
    let commands = [
        Command::new("list")
            .about("List a client's secrets: never themselves, but when they end and were used")
            .arg(client_arg())
            .arg(output::format_arg()),
        Command::new("add")
            .about("Give a client a further secret")
            .arg(client_arg())
            .arg(expires_arg())
            .arg(output::format_arg()),
        Command::new("expire")
            .about("Have a secret end")
            .arg(client_arg())
            .arg(secret_arg())
            .arg(
                time_arg("in")
                    .default_value("0")
                    .help("After this time, such as 7d"),
            ),
        Command::new("rm")
            .about("Remove a secret")
            .arg(client_arg())
            .arg(secret_arg()),
    ];
    Command::new("secret")
        .about("List, add, expire and remove the secrets of a client")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(commands.map(|command| command.args(management::args())))
}

fn client_arg() -> Arg {
    Arg::new("client")
        .value_name("CLIENT_ID")
        .required(true)
        .help("The client's id")
}

fn secret_arg() -> Arg {
    Arg::new("secret")
        .value_name("SECRET_ID")
        .required(true)
        .allow_hyphen_values(true)
        .value_parser(id::of_length(SecretRecord::ID_LENGTH))
        .help("The secret's id, as `list` shows it")
}

fn time_arg(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("TIME")
        .value_parser(duration::seconds)
}

fn expires_arg() -> Arg {
    time_arg("expires").help("When the new one ends, such as 90d from now [default: never]")
}

pub(super) fn rotate(matches: &ArgMatches) -> Result<()> {
    let overlap = matches.get_one::<u64>("overlap").copied().unwrap_or(0);
    let others_end = jeton_native::now() + Seconds(overlap);
    add(matches, Some(others_end))
}

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("list", matches)) => list(matches),
        Some(("add", matches)) => add(matches, None),
        Some(("expire", matches)) => {
            let after = matches.get_one::<u64>("in").copied().unwrap_or(0);
            let at = jeton_native::now() + Seconds(after);
            let body = Members::from_iter([("expires_at".to_owned(), json!(at))]);
            change(matches, Method::PATCH, &path(matches), Some(&body))?;
            output::say(&format!("{} ends at {}", secret(matches), output::time(at)))
        }
        Some(("rm", matches)) => {
            change(matches, Method::DELETE, &path(matches), None)?;
            output::say(&format!("removed {}", secret(matches)))
        }
        _ => bail!("no such command"),
    }
}

fn client(matches: &ArgMatches) -> &str {
    matches
        .get_one::<String>("client")
        .map_or("", String::as_str)
}

fn secret(matches: &ArgMatches) -> &str {
    let secret = matches.try_get_one::<String>("secret").ok().flatten();
    secret.map_or("", String::as_str)
}

/// The secrets of a client.
fn secrets(matches: &ArgMatches) -> String {
    format!("{}/secrets", Kind::Client.path_of(client(matches)))
}

/// One of them.
fn path(matches: &ArgMatches) -> String {
    format!("{}/{}", secrets(matches), path_segment(secret(matches)))
}

/// Changes the secrets of a client, which are a part of it.
fn change(
    matches: &ArgMatches,
    method: Method,
    path: &str,
    body: Option<&Members>,
) -> Result<Value> {
    let deployment = management::connect(matches)?;
    let answer = deployment.call(method, path, body)?;
    deployment.say_late();
    Ok(answer)
}

fn list(matches: &ArgMatches) -> Result<()> {
    let deployment = management::connect(matches)?;
    let answer = deployment.call(Method::GET, &secrets(matches), None)?;
    if Format::of(matches) == Format::Json {
        return output::print(&output::json(&answer));
    }
    let secrets = answer.get("secrets").and_then(Value::as_array);
    let rows: Vec<_> = secrets.into_iter().flatten().map(row).collect();
    let head = ["SECRET_ID", "CREATED", "ENDS", "LAST USED"].map(str::to_owned);
    output::print(&output::table(&[vec![head], rows].concat()))
}

fn row(secret: &Value) -> [String; 4] {
    let ends = match secret.get("expires_at").and_then(Value::as_u64) {
        None | Some(0) => "never".to_owned(),
        Some(at) => output::time(UnixTime(at)),
    };
    [
        secret
            .get("secret_id")
            .map(output::plain)
            .unwrap_or_default(),
        output::time_of(secret, "created_at"),
        ends,
        output::time_of(secret, "last_used_on"),
    ]
}

fn add(matches: &ArgMatches, others_end: Option<UnixTime>) -> Result<()> {
    let expires = matches.get_one::<u64>("expires").copied();
    let expires = expires.map(|after| jeton_native::now() + Seconds(after));
    let mut body = Members::new();
    for (name, at) in [("expires_at", expires), ("others_expire_at", others_end)] {
        if let Some(at) = at {
            body.insert(name.to_owned(), json!(at));
        }
    }
    let answer = change(matches, Method::POST, &secrets(matches), Some(&body))?;
    if Format::of(matches) == Format::Json {
        return output::print(&output::json(&answer));
    }
    output::say(&told(&answer, others_end))
}

/// What is said of a new secret, this once.
fn told(answer: &Value, others_end: Option<UnixTime>) -> String {
    let member = |name: &str| answer.get(name).map(output::plain).unwrap_or_default();
    let mut text = format!(
        "secret_id:     {}\nclient_secret: {}\n\nThe secret is shown this once.",
        member("secret_id"),
        member("client_secret")
    );
    if let Some(at) = others_end {
        text.push_str(&format!(
            " Those of before end at {}: tell whoever uses them.",
            output::time(at)
        ));
    }
    text
}
