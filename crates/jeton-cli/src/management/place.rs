//! Which deployment a command is about, and how it gets in.

use anyhow::{Context, Result};
use clap::{Arg, ArgAction, ArgMatches};
use http::HeaderValue;

use super::{Management, Transport, at, data, token};
use crate::settings;

/// The flags that say which deployment.
pub(crate) fn args() -> [Arg; 3] {
    [
        Arg::new("at")
            .long("at")
            .value_name("URL")
            .conflicts_with("JETON_DATA")
            .help("The deployment, by its issuer's URL"),
        settings::flag("JETON_DATA")
            .help("Or its SQLite file, directly [default: jeton.db] [env: JETON_DATA]"),
        Arg::new("token")
            .long("token")
            .value_name("@FILE")
            .requires("at")
            .help("The access token for --at [env: JETON_TOKEN]"),
    ]
}

/// The flag by which a command may make the file.
pub(crate) fn create_arg() -> Arg {
    Arg::new("create")
        .long("create")
        .action(ArgAction::SetTrue)
        .conflicts_with("at")
        .help("Make the SQLite file if it is not there")
}

/// The management interface of the deployment that the flags name.
pub(crate) fn connect(matches: &ArgMatches) -> Result<Management> {
    match matches.get_one::<String>("at") {
        Some(at) => connect_at(at, matches),
        None => connect_data(matches),
    }
}

fn connect_at(at: &str, matches: &ArgMatches) -> Result<Management> {
    let at = at::issuer(at)?;
    let token = token::for_issuer(&at, matches)?;
    Ok(Management {
        transport: Transport::At(at::Http::new()),
        base: format!("{at}/manage"),
        authorization: bearer(&token)?,
        place: at.clone(),
        issuer: Some(at),
    })
}

fn connect_data(matches: &ArgMatches) -> Result<Management> {
    let data = settings::value(matches, "JETON_DATA", "jeton.db")?;
    let created = matches.try_get_one::<bool>("create").ok().flatten();
    let missing = match created {
        Some(true) => data::Missing::Made,
        _ => data::Missing::Refused,
    };
    let config = data::config()?;
    let issuer = config.issuer().clone();
    let server = data::InProcess::open(&data, missing, config)?;
    Ok(Management {
        authorization: bearer(&server.token()?)?,
        transport: Transport::Data(Box::new(server)),
        base: format!("{}/manage", issuer.base()),
        place: data,
        issuer: jeton_native::variable("JETON_ISSUER")?,
    })
}

/// How requests bring the access token (RFC 6750 §2.1).
fn bearer(token: &str) -> Result<HeaderValue> {
    let value = HeaderValue::from_str(&format!("Bearer {token}"));
    value.context("the access token: expected one line of ASCII")
}
