//! `jeton mock`: a provider for development and tests, with nothing to configure.

use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Arg, ArgAction, ArgMatches, Command};
use jeton_mock::{DEFAULT_PORT, Mock, Strictness};
use tokio::net::TcpListener;

use crate::settings;

pub(crate) fn command() -> Command {
    Command::new("mock")
        .about("Run a mock provider: client demo, secret demo-secret, or any other")
        .arg(
            Arg::new("strict")
                .long("strict")
                .action(ArgAction::SetTrue)
                .help("Only known clients, and exactly production's answers"),
        )
        .args(settings::flags().filter(|flag| flag.get_id() != "JETON_DATA"))
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let strictness = if matches.get_flag("strict") {
        Strictness::Strict
    } else {
        Strictness::Lenient
    };
    // One thread: a mock's cost is start-up and memory, not parallel signatures.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let (host, port) = settings::address(matches, &DEFAULT_PORT.to_string())?;
            let listener = TcpListener::bind((host.as_str(), port))
                .await
                .with_context(|| format!("JETON_HOST, JETON_PORT: {host}:{port}"))?;
            let address = listener.local_addr()?;
            let issuer = format!("http://localhost:{}", address.port());
            let config = settings::config(matches, |name| Mock::default_setting(name, &issuer))?;
            let stop = jeton_http::stop_signal()?;
            println!(
                "jeton mock: {} on http://{address}\n\n  curl -u demo:demo-secret -d grant_type=client_credentials http://{address}{}/token\n",
                config.issuer(),
                config.issuer().path(),
            );
            let mock = Arc::new(Mock::new(config, strictness)?);
            let handle = move |request| {
                let mock = Arc::clone(&mock);
                async move { Ok(mock.handle(request, jeton_native::now()).await) }
            };
            jeton_http::serve(listener, None, handle, stop).await;
            Ok(())
        })
}
