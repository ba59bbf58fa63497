//! `jeton serve`: the service as one process on SQLite.

use std::{
    env,
    io::{self, Write},
    net::IpAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::{ArgMatches, Command};
use jeton::{Arrival, Capabilities, Config, ConfigError, Host, Seconds, SecretUse};
use jeton_fetch::HttpsFetch;
use jeton_http::{BodyTimedOut, Listener, Listening, TrustedProxies};
use jeton_login::{LoginServer, LoginSettings};
use jeton_native::{Log, NativeCrypto, RequestIds};
use jeton_sqlite::Database;

use crate::{readable, settings};

/// The host: one process on SQLite.
pub(crate) struct Serve;

impl Host for Serve {
    type Registry = Database;
    type Ledger = Database;
    type Crypto = NativeCrypto;
    type Fetch = HttpsFetch;
    type People = ();
}

pub(crate) fn command() -> Command {
    Command::new("serve")
        .about("Serve as one process, with an SQLite file as its store")
        .args(settings::flags(&[]))
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let read = Settings::read(matches).map_err(|error| settings::as_given(error, matches))?;
    let Settings {
        config,
        login,
        address: (host, port),
        data,
        proxies,
    } = read;
    for warning in config.warnings() {
        eprintln!("jeton serve: WARNING: {warning}");
    }
    if login.is_none() && env::var_os("JETON_LOGIN").is_some() {
        eprintln!("jeton serve: WARNING: JETON_LOGIN is empty: the built-in login is off");
    }
    let database =
        Database::open(Path::new(&data)).with_context(|| format!("JETON_DATA: {data}"))?;
    readable::warn_of_strangers("jeton serve", &data);
    let issuer = config.issuer().to_string();
    let capabilities = Capabilities {
        registry: database.clone(),
        ledger: Some(database.clone()),
        crypto: NativeCrypto::new(),
        fetch: HttpsFetch::default(),
        people: (),
    };
    let ids = RequestIds::new(&capabilities.crypto)?;
    let redirect_uris: Vec<_> = login
        .iter()
        .flat_map(|login| login.redirect_uris(&config))
        .map(|(provider, uri)| format!("jeton serve: {provider}: redirect URI {uri}"))
        .collect();
    let server = LoginServer::<Serve>::new(config, login, capabilities);
    let log = Log::to_stdout();
    let panics = log.clone();
    jeton_native::log_panics(move |message| panics.error(message));
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let listener = Listener::bind(&host, port)
                .await
                .context("JETON_HOST, JETON_PORT")?;
            let stop = jeton_http::stop_signal()?;
            tokio::spawn(async move { database.keep_swept(jeton_native::now).await });
            let address = listener.address()?;
            // Nobody need be there to read it.
            let _ = writeln!(
                io::stderr(),
                "jeton serve: {issuer} on http://{address}, clients in {data}"
            );
            for line in redirect_uris {
                let _ = writeln!(io::stderr(), "{line}");
            }
            if let Ok(Some(warning)) = server.warning(jeton_native::now()).await {
                eprintln!("jeton serve: WARNING: {warning}");
            }
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
                    let mut response = if BodyTimedOut::is_said_of(&request) {
                        let mut response = BodyTimedOut::response();
                        let (headers, why) = (request.headers(), BodyTimedOut::WHY);
                        server.complete(&mut response, headers, arrival, why);
                        response
                    } else {
                        // Made once something waits: most requests need no timer.
                        let budget = |time: Seconds| async move {
                            tokio::time::sleep(Duration::from_secs(time.0)).await;
                        };
                        server.handle(request, arrival, budget).await
                    };
                    log.response(&response, began);
                    if let Some(used) = response.extensions_mut().remove::<SecretUse>() {
                        let serving = Arc::clone(&serving);
                        tokio::spawn(async move { serving.0.note(used).await });
                    }
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

/// What `serve` is configured by.
struct Settings {
    config: Config,
    login: Option<LoginSettings>,
    address: (String, u16),
    data: String,
    proxies: TrustedProxies,
}

impl Settings {
    /// All settings, or all that is wrong with them.
    fn read(matches: &ArgMatches) -> Result<Self, ConfigError> {
        let address = settings::address(matches, "localhost", &["PORT"], settings::DEFAULT_PORT);
        let data = settings::value(matches, "JETON_DATA", "jeton.db");
        let proxies = settings::value(matches, "JETON_TRUSTED_PROXIES", "").and_then(|text| {
            text.parse()
                .map_err(|error| ConfigError::new("JETON_TRUSTED_PROXIES", error))
        });
        let listening = settings::both(settings::both(address, data), proxies);
        let ((config, login), ((address, data), proxies)) =
            settings::both(settings::config_and_login(matches), listening)?;
        Ok(Self {
            config,
            login,
            address,
            data,
            proxies,
        })
    }
}
