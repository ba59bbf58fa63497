//! `jeton token`: an access token for the management interface, made by the deployment's configuration.

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Arg, ArgAction, ArgMatches, Command};
use http::Method;
use jeton::{
    Capabilities, CeilingRecord, Config, Host, LONGEST_MANAGEMENT_TOKEN, MANAGEMENT_SCOPES,
    ManagementToken, MemoryLedger, MemoryRegistry, NamedApiRecord, Scope, Seconds, Server,
    path_segment,
};
use jeton_native::NativeCrypto;
use serde_json::Value;

use crate::{client, duration, input, management, output, settings};

/// A deployment of which only the keys are at hand.
struct Keys;

impl Host for Keys {
    type Registry = MemoryRegistry;
    type Ledger = MemoryLedger;
    type Crypto = NativeCrypto;
    type Fetch = ();
    type People = ();
}

pub(crate) fn command() -> Command {
    let of_clients = "Clients that register by it";
    Command::new("token")
        .about("Make an access token for the management interface, by the configuration that is at hand")
        .arg(
            Arg::new("scope")
                .long("scope")
                .value_name("SCOPE")
                .required(true)
                .help(format!("Some of {}", MANAGEMENT_SCOPES.join(" "))),
        )
        .arg(
            Arg::new("lifetime")
                .long("lifetime")
                .value_name("TIME")
                .value_parser(duration::seconds)
                .help("How long it is good, such as 5m: that at most, or 29d for jeton:register alone [default: 5m]"),
        )
        .args(settings::some_flags(&["JETON_ISSUER", "JETON_SECRET"]))
        .next_help_heading("With jeton:register, what clients may have that register by it")
        .arg(
            Arg::new("client-scope")
                .long("client-scope")
                .value_name("SCOPE")
                .help("Scope, but for that of APIs [default: openid profile email offline_access]"),
        )
        .arg(
            Arg::new("client-api")
                .long("client-api")
                .value_name("IDENTIFIER=SCOPE")
                .action(ArgAction::Append)
                .help("An API with scopes of it; repeatable"),
        )
        .arg(
            Arg::new("client-grant-type")
                .long("client-grant-type")
                .value_name("GRANT_TYPE")
                .action(ArgAction::Append)
                .help("Grant type; repeatable [default: authorization_code refresh_token]"),
        )
        .arg(
            Arg::new("client-lifetime")
                .long("client-lifetime")
                .value_name("TIME")
                .value_parser(duration::seconds)
                .help(format!("{of_clients} end after this time, such as 30d")),
        )
        .arg(
            Arg::new("count")
                .long("count")
                .value_name("NUMBER")
                .value_parser(clap::value_parser!(u32))
                .help("How many clients register by it"),
        )
        .subcommand_negates_reqs(true)
        .subcommand(
            Command::new("revoke")
                .about("End one access token that stems from no login, such as one for jeton:register")
                .arg(
                    Arg::new("revoked")
                        .value_name("@FILE|JTI")
                        .required(true)
                        .help("The file with the token, or its jti, which the log has"),
                )
                .args(management::args()),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    if let Some(("revoke", matches)) = matches.subcommand() {
        return revoke(matches);
    }
    let scope = matches
        .get_one::<String>("scope")
        .map_or("", String::as_str);
    let lifetime = matches.get_one::<u64>("lifetime").copied();
    let token = ManagementToken {
        scope: scope.parse().context("--scope")?,
        lifetime: lifetime.map_or(LONGEST_MANAGEMENT_TOKEN, Seconds),
        registration: ceiling(matches)?,
    };
    let config = settings::config(matches).map_err(|error| settings::as_given(error, matches))?;
    output::say(&made(config, token)?)
}

fn revoke(matches: &ArgMatches) -> Result<()> {
    let given = matches.get_one::<String>("revoked");
    let given = given.map_or("", String::as_str);
    let jti = match given.strip_prefix('@') {
        Some(file) => jti_of(input::read(file)?.trim()).with_context(|| file.to_owned())?,
        None => given.to_owned(),
    };
    let deployment = management::connect(matches)?;
    deployment.call(
        Method::DELETE,
        &format!("/tokens/{}", path_segment(&jti)),
        None,
    )?;
    output::say(&format!("ended the access token {jti}"))
}

/// `jti` of a JWT, which is not verified: a token that is none ends nothing.
fn jti_of(token: &str) -> Result<String> {
    let claims = token.split('.').nth(1).unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&claims).unwrap_or_default();
    let jti = claims.get("jti").and_then(Value::as_str);
    Ok(jti
        .context("expected an access token that is a JWT")?
        .to_owned())
}

/// What clients may have that register by the token, if the flags say something of it.
fn ceiling(matches: &ArgMatches) -> Result<Option<CeilingRecord>> {
    let texts = |name: &str| {
        matches
            .get_many::<String>(name)
            .map(|it| it.cloned().collect())
    };
    let apis: Vec<String> = texts("client-api").unwrap_or_default();
    let apis = apis.iter().map(|text| client::named_api(text));
    let record = CeilingRecord {
        scope: matches.get_one::<String>("client-scope").cloned(),
        apis: apis.collect::<Result<Vec<NamedApiRecord>>>()?,
        grant_types: texts("client-grant-type"),
        count: matches.get_one("count").copied(),
        client_lifetime: matches.get_one("client-lifetime").copied().map(Seconds),
    };
    if record == CeilingRecord::default() {
        return Ok(None);
    }
    Ok(Some(record))
}

/// A token that opens the whole management interface.
pub(crate) fn of_everything() -> Result<ManagementToken> {
    Ok(ManagementToken {
        scope: MANAGEMENT_SCOPES.join(" ").parse::<Scope>()?,
        lifetime: LONGEST_MANAGEMENT_TOKEN,
        registration: None,
    })
}

/// Such a token for the deployment `at`, by the configuration in the environment.
pub(crate) fn of_configuration(at: &str) -> Result<String> {
    // Whoever is handed a token of another deployment can open that with it.
    let issuer = jeton_native::variable("JETON_ISSUER")?;
    let issuer = issuer.unwrap_or_else(|| at.to_owned());
    if issuer.strip_suffix('/').unwrap_or(&issuer) != at {
        bail!(
            "--at {at}: JETON_SECRET is of {issuer} (JETON_ISSUER), so no token is made with it; set JETON_TOKEN, or JETON_CLIENT_ID and JETON_CLIENT_SECRET"
        );
    }
    let config = jeton_native::config_from_env_over(|name| {
        (name == "JETON_ISSUER").then(|| issuer.clone())
    })?;
    made(config, of_everything()?)
}

fn made(config: Config, token: ManagementToken) -> Result<String> {
    let server = Server::<Keys>::new(
        config,
        Capabilities {
            registry: MemoryRegistry::default(),
            ledger: None,
            crypto: NativeCrypto::new(),
            fetch: (),
            people: (),
        },
    );
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(server.management_token(token, jeton_native::now()))?)
}
