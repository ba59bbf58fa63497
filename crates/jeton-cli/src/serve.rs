//! `jeton serve`: the service as one process on SQLite.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use clap::{ArgMatches, Command};
use jeton::{BUDGET, Capabilities, ConfigError, Host, Server};
use jeton_fetch::HttpsFetch;
use jeton_http::{Listening, TrustedProxies};
use jeton_native::NativeCrypto;
use jeton_sqlite::Database;
use tokio::net::TcpListener;

use crate::settings;

/// The host: one process on SQLite.
struct Serve;

impl Host for Serve {
    type Registry = Database;
    type Ledger = Database;
    type Crypto = NativeCrypto;
    type Fetch = HttpsFetch;
}

pub(crate) fn command() -> Command {
    Command::new("serve")
        .about("Serve as one process, with an SQLite file as its store")
        .args(settings::flags())
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let config = settings::config(matches)?;
    let (host, port) = settings::address(matches, "127.0.0.1", "8080")?;
    let data = settings::value(matches, "JETON_DATA", "jeton.db")?;
    let proxies: TrustedProxies = settings::value(matches, "JETON_TRUSTED_PROXIES", "")?
        .parse()
        .map_err(|error| ConfigError::new("JETON_TRUSTED_PROXIES", error))?;
    let database =
        Database::open(Path::new(&data)).with_context(|| format!("JETON_DATA: {data}"))?;
    if is_open_to_everybody(Path::new(&data)) {
        eprintln!(
            "jeton serve: WARNING: JETON_DATA: every user of this machine may read or write {data}; chmod 600"
        );
    }
    let issuer = config.issuer().to_string();
    let capabilities = Capabilities {
        registry: database.clone(),
        ledger: Some(database.clone()),
        crypto: NativeCrypto::new(),
        fetch: HttpsFetch::default(),
    };
    let server = Arc::new(Server::<Serve>::new(config, capabilities));
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let listener = TcpListener::bind((host.as_str(), port))
                .await
                .with_context(|| format!("JETON_HOST, JETON_PORT: {host}:{port}"))?;
            let stop = jeton_http::stop_signal()?;
            tokio::spawn(async move { database.keep_swept(jeton_native::now).await });
            let address = listener.local_addr()?;
            eprintln!("jeton serve: {issuer} on http://{address}, clients in {data}");
            let handle = move |request, _| {
                let server = Arc::clone(&server);
                async move {
                    let budget = tokio::time::sleep(Duration::from_secs(BUDGET.0));
                    let response = server.handle(request, jeton_native::now(), budget).await;
                    jeton_native::log_response(&response);
                    Ok(response)
                }
            };
            let listening = Listening {
                listener,
                tls: None,
                proxies,
            };
            jeton_http::serve(listening, handle, stop).await;
            Ok(())
        })
}

/// Whether users who are neither the file's owner nor of its group may read or write it. A group is
/// somebody's choice, as for backups.
#[cfg(unix)]
fn is_open_to_everybody(file: &Path) -> bool {
    use std::{fs, os::unix::fs::PermissionsExt};

    fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o006 != 0)
}

#[cfg(not(unix))]
fn is_open_to_everybody(_: &Path) -> bool {
    false
}
