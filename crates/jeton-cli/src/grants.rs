//! `jeton grants`: ending grants from the command line.

use std::path::Path;

use anyhow::{Context, Result};
use clap::{Arg, ArgGroup, ArgMatches, Command};
use jeton::{ClientId, CutOff, Realm, Seconds, UnixTime, put_cut_off};
use jeton_sqlite::Database;

use crate::{client::shell_quote, settings};

pub(crate) fn command() -> Command {
    Command::new("grants")
        .about("End grants")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("revoke")
                .about("Log a subject or a client out everywhere: every grant opened until now ends")
                .arg(Arg::new("subject").long("subject").help("Whose grants"))
                .arg(Arg::new("client").long("client").help("Or which client's, by its client_id"))
                .group(ArgGroup::new("whose").args(["subject", "client"]).required(true))
                .arg(settings::flag("JETON_DATA").help(
                    "SQLite file to write it to; without it, what to run for KV and DynamoDB is printed",
                )),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let Some(("revoke", matches)) = matches.subcommand() else {
        anyhow::bail!("no such command");
    };
    let cut_off = match matches.get_one::<String>("subject") {
        Some(subject) => CutOff::subject(subject),
        None => {
            let id = matches.get_one::<String>("client");
            let id: ClientId = id.map_or("", String::as_str).parse()?;
            CutOff::client(&id)
        }
    };
    // What is opened in this very second ends too: times have no finer grain.
    let at = jeton_native::now() + Seconds(1);
    let Some(data) = matches.get_one::<String>("JETON_DATA") else {
        print!("{}", instructions(&cut_off, at));
        return Ok(());
    };
    // Opening it would make it, and report that logins ended which are in another file.
    anyhow::ensure!(
        Path::new(data).exists(),
        "JETON_DATA: {data}: there is no such file; `jeton serve` and `jeton client put` make it"
    );
    let database =
        Database::open(Path::new(data)).with_context(|| format!("JETON_DATA: {data}"))?;
    let at = tokio::runtime::Builder::new_current_thread()
        .build()?
        .block_on(put_cut_off(&database, &Realm::default(), &cut_off, at))?;
    println!(
        "every grant opened before {} ends; a running server knows within its JETON_REGISTRY_MAX_AGE",
        at.0
    );
    Ok(())
}

fn instructions(cut_off: &CutOff, at: UnixTime) -> String {
    let document = cut_off.document(at);
    let item = serde_json::json!({
        "pk": { "S": "cut_off" },
        "sk": { "S": cut_off.as_str() },
        "record": { "S": document.as_str() },
    });
    format!(
        "  # Cloudflare KV (Worker)
  wrangler kv key put --binding JETON_REGISTRY --remote {key} {record}

  # DynamoDB (Lambda)
  aws dynamodb put-item --table-name \"$JETON_TABLE\" --item {item}
",
        key = shell_quote(&format!("cut_off:{}", cut_off.as_str())),
        record = shell_quote(document.as_str()),
        item = shell_quote(&item.to_string()),
    )
}
