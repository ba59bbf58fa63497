//! `jeton mock`: a provider for development and tests, with nothing to configure.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, Result};
use clap::{Arg, ArgAction, ArgMatches, Command};
use jeton_mock::{BoundMock, DEFAULT_PORT, MockProvider, MockSpec, Strictness};
use tokio::sync::oneshot;

use crate::settings;

/// The settings whose defaults are other ones than `serve` has.
const DEFAULTS: [(&str, &str); 5] = [
    ("JETON_ISSUER", "http://localhost:9400"),
    ("JETON_PORT", "9400"),
    ("JETON_SIGNING_ALGS", "RS256 ES256 EdDSA"),
    ("JETON_CLIENTS", "a client demo"),
    ("JETON_DEVELOPMENT", "true"),
];

pub(crate) fn command() -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    Command::new("mock")
        .about("Run a mock provider: client demo, secret demo-secret, or any other")
        .arg(text(
            "config",
            "FILE",
            "Users, clients, claims, faults, issuers: TOML or JSON",
        ))
        .arg(text(
            "profile",
            "NAME",
            "Answer like a vendor: auth0, keycloak, or another profile",
        ))
        .arg(switch(
            "strict",
            "Only known clients, and exactly production's answers",
        ))
        .arg(text(
            "seed",
            "TEXT",
            "What keys are derived from; the same text, the same keys",
        ))
        .arg(text(
            "browser-url",
            "URL",
            "The origin browsers reach it by, where that is not the issuer's",
        ))
        .arg(text(
            "backend-url",
            "URL",
            "The origin backends reach it by, likewise",
        ))
        .arg(switch(
            "trust-host",
            "Take the issuer from Host and X-Forwarded-* instead",
        ))
        .arg(switch(
            "https",
            "Speak TLS as well, on the same port; the CA to trust is at /_mock/ca.pem",
        ))
        .arg(switch(
            "stop-with-stdin",
            "End as soon as standard input is closed, as by a test process that ends",
        ))
        .arg(text("ca-file", "FILE", "Write the CA's certificate there"))
        .args(settings::flags(&DEFAULTS).map(|flag| {
            // Taken, so that it is said why they are refused.
            let name = flag.get_id().as_str();
            let refused = jeton_mock::refuse_deployment(|own| own == name).is_err();
            flag.hide(refused)
        }))
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let overrides = |name: &str| matches.try_get_one::<String>(name).ok().flatten().cloned();
    // Before a file is read that one of them names.
    let is_given = |name: &str| {
        let value = overrides(name).or_else(|| std::env::var(name).ok());
        value.is_some_and(|value| !value.trim().is_empty())
    };
    jeton_mock::refuse_deployment(is_given).map_err(|error| settings::as_given(error, matches))?;
    let overrides = settings::given(matches)?;
    let spec = spec(matches)?;
    let settings = jeton_native::settings_from_env(overrides)
        .map_err(|error| settings::as_given(error, matches))?;
    let stripped = settings
        .iter()
        .find(|(name, _)| *name == "JETON_PROXY_STRIPS");
    let stripped = stripped.map_or_else(String::new, |(_, path)| path.clone());
    let settings = settings
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let builder = MockProvider::builder().spec(spec).settings(settings);
    // One thread: a mock's cost is start-up and memory, not parallel signatures.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let mock = builder.bind().await?;
            let signal = jeton_http::stop_signal()?;
            let orphaned = matches.get_flag("stop-with-stdin").then(end_of_stdin);
            let stop = async {
                match orphaned {
                    None => signal.await,
                    Some(orphaned) => tokio::select! {
                        () = signal => {}
                        _ = orphaned => {}
                    },
                }
            };
            if let Some(file) = matches.get_one::<String>("ca-file") {
                let pem = mock
                    .ca_pem()
                    .context("--ca-file: there is a CA only with --https")?;
                std::fs::write(file, pem).with_context(|| file.clone())?;
            }
            if let Some(warning) = mock.warning() {
                eprintln!("jeton mock: WARNING: {warning}");
            }
            greet(&mock, &stripped);
            mock.serve(stop).await;
            Ok(())
        })
}

/// The mock's configuration: from a file or from mock-oauth2-server's variables, with the flags on top.
fn spec(matches: &ArgMatches) -> Result<MockSpec> {
    let flag = |name: &str| matches.get_one::<String>(name).cloned();
    let variable = |name: &str| jeton_native::variable(name).ok().flatten();
    let imported = jeton_mock::from_environment(variable)?;
    let mut spec = match (flag("config"), imported) {
        (Some(file), _) => jeton_mock::load(Path::new(&file))?,
        (None, Some(imported)) => {
            if let Some(file) = imported.found {
                eprintln!(
                    "jeton mock: as {file} in this directory says, a configuration of mock-oauth2-server"
                );
            }
            for member in &imported.ignored {
                eprintln!("jeton mock: without effect: {member}");
            }
            imported.spec
        }
        (None, None) => MockSpec::default(),
    };
    if matches.get_flag("strict") {
        spec.strictness = Strictness::Strict;
    }
    spec.trust_host |= matches.get_flag("trust-host");
    spec.https |= matches.get_flag("https");
    spec.seed = flag("seed").or(spec.seed);
    spec.issuer.profile = flag("profile").or(spec.issuer.profile);
    spec.browser_url = flag("browser-url").or(spec.browser_url);
    spec.backend_url = flag("backend-url").or(spec.backend_url);
    // An image says where to listen by its variables; a file that is mounted into it need not know.
    let host = variable("SERVER_HOSTNAME").or(spec.host);
    let host = host.as_deref().unwrap_or("localhost");
    let port = spec.port.unwrap_or(DEFAULT_PORT).to_string();
    let (host, port) = settings::address(matches, host, &["SERVER_PORT", "PORT"], &port)
        .map_err(|error| settings::as_given(error, matches))?;
    spec.host = Some(host);
    spec.port = Some(port);
    Ok(spec)
}

/// A receiver that is ready when standard input has ended. A thread of its own reads it, because a
/// runtime that reads standard input cannot stop before the next line comes.
fn end_of_stdin() -> oneshot::Receiver<()> {
    let (ended, orphaned) = oneshot::channel();
    std::thread::spawn(move || {
        // An error is an end as well.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = ended.send(());
    });
    orphaned
}

/// Prints where the mock answers, and a command to try it with, past a proxy that strips paths.
fn greet(mock: &BoundMock, stripped: &str) {
    let address = mock.address();
    let issuer = mock.issuer_url();
    let path = issuer_path(&issuer);
    let path = path.strip_prefix(stripped).unwrap_or(path);
    let token = format!("http://{address}{path}/token");
    let other = mock.other_address();
    let other = other.map_or_else(String::new, |other| {
        format!("            and on http://{other}\n")
    });
    // Nobody need be there to read it.
    let _ = writeln!(
        io::stdout(),
        "jeton mock: {issuer} on http://{address}\n{other}\n  curl -u demo:demo-secret -d grant_type=client_credentials {token}\n"
    );
}

/// The path of an http or https URL, without final slash.
fn issuer_path(issuer: &str) -> &str {
    let authority = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    let path = authority.find('/').and_then(|at| authority.get(at..));
    path.unwrap_or_default()
}
