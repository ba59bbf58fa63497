//! `jeton serve`: the service as one process on SQLite.

use std::{
    io::{self, Write},
    net::IpAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::{ArgMatches, Command};
use jeton::{Arrival, BUDGET, Capabilities, ConfigError, Host, Server};
use jeton_fetch::HttpsFetch;
use jeton_http::{BodyTimedOut, Listening, TrustedProxies};
use jeton_native::{Log, NativeCrypto, RequestIds};
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
    for warning in config.warnings() {
        eprintln!("jeton serve: WARNING: {warning}");
    }
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
    let ids = RequestIds::new(&capabilities.crypto)?;
    let server = Server::<Serve>::new(config, capabilities);
    let log = Log::to_stdout();
    let panics = log.clone();
    jeton_native::log_panics(move |message| panics.error(message));
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
            // Nobody need be there to read it.
            let _ = writeln!(
                io::stderr(),
                "jeton serve: {issuer} on http://{address}, clients in {data}"
            );
            let serving = Arc::new((server, ids, log.clone()));
            let handle = move |request, address: Option<IpAddr>| {
                let serving = Arc::clone(&serving);
                async move {
                    let began = Instant::now();
                    let (server, ids, log) = &*serving;
                    let arrival = Arrival {
                        at: jeton_native::now(),
                        address,
                        request_id: ids.next_id(),
                    };
                    let response = if BodyTimedOut::is_said_of(&request) {
                        let mut response = BodyTimedOut::response();
                        let (headers, why) = (request.headers(), BodyTimedOut::WHY);
                        server.complete(&mut response, headers, arrival, why);
                        response
                    } else {
                        // Made once something waits: most requests need no timer.
                        let budget =
                            async { tokio::time::sleep(Duration::from_secs(BUDGET.0)).await };
                        server.handle(request, arrival, budget).await
                    };
                    log.response(&response, began);
                    Ok(response)
                }
            };
            let listening = Listening {
                listener,
                tls: None,
                proxies,
            };
            jeton_http::serve(listening, handle, stop).await;
            log.close();
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
