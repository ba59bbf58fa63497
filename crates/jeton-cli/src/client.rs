//! `jeton client`: making and storing client records.

use std::path::Path;

use anyhow::{Context, Result};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser};
use jeton::{
    CLIENT_SECRET_PREFIX, Client, ClientRecord, Document, Expected, Key, Realm, Registry, Seconds,
    SecretHash, SecretMethod, SecretRecord,
};
use jeton_sqlite::Database;

use crate::{input, keys, printable, settings};

pub(crate) fn command() -> Command {
    Command::new("client")
        .about("Make and store client records")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(new_command())
        .subcommand(
            Command::new("put")
                .about("Store a record, read from a file or standard input, in an SQLite file")
                .arg(
                    settings::flag("JETON_DATA")
                        .help("SQLite file to write it to [default: jeton.db] [env: JETON_DATA]"),
                )
                .arg(
                    Arg::new("record")
                        .value_name("FILE")
                        .default_value("-")
                        .help("The record as JSON; - for standard input"),
                ),
        )
}

fn new_command() -> Command {
    Command::new("new")
        .about("Make a record and its secret, and print how to store it; stores nothing itself")
        .arg(
            Arg::new("name")
                .long("name")
                .help("client_name, for people"),
        )
        .arg(
            Arg::new("id")
                .long("id")
                .help("client_id [default: a random one]"),
        )
        .arg(
            Arg::new("scope")
                .long("scope")
                .help("All the client may ask for, separated by spaces"),
        )
        .arg(
            Arg::new("audience")
                .long("audience")
                .action(ArgAction::Append)
                .help("An API the client may get tokens for; repeatable, the first is the default"),
        )
        .arg(
            Arg::new("lifetime")
                .long("lifetime")
                .value_name("SECONDS")
                .value_parser(clap::value_parser!(u64))
                .help("Lifetime of its access tokens [default: the deployment's]"),
        )
        .arg(
            Arg::new("alg")
                .long("alg")
                .value_parser(PossibleValuesParser::new(["ES256", "EdDSA", "RS256"]))
                .help("Signature of its access tokens [default: the deployment's]"),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .value_parser(PossibleValuesParser::new(["text", "json"]))
                .default_value("text")
                .help("json prints {\"record\":…,\"client_secret\":…} alone, for scripts"),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("new", matches)) => make_record(matches),
        Some(("put", matches)) => store_record(matches),
        _ => anyhow::bail!("no such command"),
    }
}

/// `jeton client new`: prints a record and its secret, and how to store it.
fn make_record(matches: &ArgMatches) -> Result<()> {
    let text = |name| matches.get_one::<String>(name).cloned();
    let client_id = match text("id") {
        Some(id) => id,
        None => format!("jc_{}", keys::random_id()?),
    };
    let secret = format!("{CLIENT_SECRET_PREFIX}{}", keys::random_base64url()?);
    let record = ClientRecord {
        client_id: client_id.clone(),
        client_name: text("name"),
        client_secrets: vec![SecretRecord {
            sha256: SecretHash::of(&secret).to_string(),
            created_at: Some(jeton_native::now()),
            expires_at: None,
        }],
        grant_types: Some(vec!["client_credentials".to_owned()]),
        scope: text("scope"),
        audiences: matches
            .get_many("audience")
            .unwrap_or_default()
            .cloned()
            .collect(),
        access_token_lifetime: matches.get_one("lifetime").copied().map(Seconds),
        access_token_signed_response_alg: text("alg"),
        ..ClientRecord::default()
    };
    let json = serde_json::to_string(&record)?;
    // What is printed must be what the server accepts.
    Client::from_record(&json)?;
    if text("format").as_deref() == Some("json") {
        println!(
            "{}",
            serde_json::json!({ "record": record, "client_secret": secret })
        );
        return Ok(());
    }
    print!("{}", instructions(&client_id, &secret, &json));
    Ok(())
}

fn instructions(client_id: &str, secret: &str, record: &str) -> String {
    let item = serde_json::json!({
        "pk": { "S": "client" },
        "sk": { "S": client_id },
        "record": { "S": record },
    });
    let item = shell_quote(&printable::json(&item.to_string()));
    let record = shell_quote(&printable::json(record));
    let key = shell_quote(&format!("client:{client_id}"));
    format!(
        "client_id:     {client_id}
client_secret: {secret}

The secret is shown this once; the record below holds only its SHA-256. Store the record in one of:

  # SQLite (jeton serve)
  jeton client put --data jeton.db <<< {record}

  # Cloudflare KV (Worker)
  wrangler kv key put --binding JETON_REGISTRY --remote {key} {record}

  # DynamoDB (Lambda)
  aws dynamodb put-item --table-name \"$JETON_TABLE\" --item {item}
"
    )
}

pub(crate) fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `jeton client put`: stores a record in an SQLite file.
fn store_record(matches: &ArgMatches) -> Result<()> {
    let data = settings::value(matches, "JETON_DATA", "jeton.db")?;
    let source = matches
        .get_one::<String>("record")
        .map_or("-", String::as_str);
    let json = input::read(source)?;
    let json = json.trim();
    let client = Client::from_record(json).with_context(|| source.to_owned())?;
    for warning in warnings(serde_json::from_str(json)?) {
        eprintln!("warning: {}", printable::line(&warning));
    }
    let database =
        Database::open(Path::new(&data)).with_context(|| format!("JETON_DATA: {data}"))?;
    let key = Key::client(&Realm::default(), &client.id);
    let document = Document::new(json);
    tokio::runtime::Builder::new_current_thread()
        .build()?
        .block_on(database.put(&key, &document, &Expected::Anything))?;
    println!("stored {} in {data}", client.id);
    Ok(())
}

/// What a record has that never counts.
fn warnings(mut record: ClientRecord) -> Vec<String> {
    let mut warnings = Vec::new();
    while let Some(name) = record.unknown_member().map(str::to_owned) {
        warnings.push(format!("member {name:?} is unknown, and is not read"));
        record.other.remove(&name);
    }
    let method = record.token_endpoint_auth_method.as_deref();
    let method = method.unwrap_or(SecretMethod::ClientSecretBasic.as_str());
    let keys = &record.keys;
    for (member, is_there) in [
        ("jwks", keys.jwks.is_some()),
        ("jwks_uri", keys.jwks_uri.is_some()),
    ] {
        if is_there && method != "private_key_jwt" {
            warnings.push(format!(
                "{member} never counts: token_endpoint_auth_method is {method}, and keys go with private_key_jwt"
            ));
        }
    }
    warnings
}

#[cfg(test)]
mod tests;
