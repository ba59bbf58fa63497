//! A deployment that runs in this process, over an SQLite file.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Request, Response};
use jeton::{Arrival, BUDGET, Capabilities, Config, Secrets, Server};
use jeton_fetch::HttpsFetch;
use jeton_native::NativeCrypto;
use jeton_sqlite::Database;
use tokio::runtime::Runtime;

use crate::{keys, readable, serve::Serve, token};

/// The issuer where none is configured: nothing that is stored depends on it.
const NO_ISSUER: &str = "http://localhost";

pub(super) struct InProcess {
    runtime: Runtime,
    server: Server<Serve>,
}

/// Whether a file that is not there is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Refused,
    Made,
}

impl InProcess {
    pub(super) fn open(data: &str, missing: Missing, config: Config) -> Result<Self> {
        let path = Path::new(data);
        ensure!(
            path.exists() || missing == Missing::Made,
            "{data}: there is no such file; `jeton serve` makes it, or --create with `new`, `put` and `apply`"
        );
        let database = Database::open(path).with_context(|| data.to_owned())?;
        readable::warn_of_strangers("jeton", data);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let capabilities = Capabilities {
            registry: database.clone(),
            ledger: Some(database),
            crypto: NativeCrypto::new(),
            fetch: HttpsFetch::default(),
            people: (),
        };
        let server = Server::new(config, capabilities);
        Ok(Self { runtime, server })
    }

    pub(super) fn send(&self, request: Request<String>) -> Result<Response<String>> {
        let arrival = Arrival {
            at: jeton_native::now(),
            address: None,
            request_id: None,
        };
        // The budget's timer is the runtime's.
        let answer = self.runtime.block_on(async {
            let budget = tokio::time::sleep(Duration::from_secs(BUDGET.0));
            let request = request.map(Bytes::from);
            self.server.handle(request, arrival, budget).await
        });
        let (head, body) = answer.into_parts();
        Ok(Response::from_parts(head, String::from_utf8(body.into())?))
    }

    /// A token that opens everything: who may write the file may do all of it anyway.
    pub(super) fn token(&self) -> Result<String> {
        let token = token::of_everything()?;
        let made = self.server.management_token(token, jeton_native::now());
        Ok(self.runtime.block_on(made)?)
    }
}

/// The deployment's configuration as the environment has it, with an issuer and secrets of its own where
/// that has none: what is stored then does not depend on them.
pub(super) fn config() -> Result<Config> {
    let secret = Secrets::text_of(&keys::random()?);
    let salt = Secrets::text_of(&keys::random()?);
    let is_missing = |name: &str| matches!(jeton_native::variable(name), Ok(None));
    let config = jeton_native::config_from_env_over(|name| match name {
        "JETON_SECRET" if is_missing(name) => Some(secret.as_str().to_owned()),
        "JETON_PAIRWISE_SALT" if is_missing(name) => Some(salt.as_str().to_owned()),
        "JETON_ISSUER" if is_missing(name) => Some(NO_ISSUER.to_owned()),
        // Nothing stands between it and this process.
        "JETON_PROXY_STRIPS" => Some(String::new()),
        _ => None,
    });
    Ok(config?)
}
