//! The server of this isolate, made at its first request and kept for its life.

use std::{cell::OnceCell, rc::Rc};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::ACCESS_CONTROL_ALLOW_ORIGIN};
use jeton::{Arrival, Audit, Capabilities, Config, ConfigError, CryptoError, Fault, Host};
use jeton_cloudflare::{DurableLedger, KvRegistry, WebCrypto, WorkerFetch};
use jeton_login::{LoginServer, LoginSettings};
use worker::Env;

use crate::{binding, convert, log};

/// A Worker on KV and Durable Objects.
pub(crate) struct Worker;

impl Host for Worker {
    type Registry = Option<KvRegistry>;
    type Ledger = DurableLedger;
    type Crypto = WebCrypto;
    type Fetch = WorkerFetch;
    type People = ();
}

pub(crate) type Server = LoginServer<Worker>;

thread_local! {
    /// The server. Bindings and imported keys may be kept from one request to the next, promises may not.
    static SERVER: OnceCell<Rc<Server>> = const { OnceCell::new() };
}

/// The server of this isolate. A failure is not kept: the next request tries again.
pub(crate) fn server(env: &Env) -> Result<Rc<Server>, Broken> {
    SERVER.with(|slot| match slot.get() {
        Some(server) => Ok(Rc::clone(server)),
        None => {
            let server = Rc::new(build(env)?);
            Ok(Rc::clone(slot.get_or_init(|| server)))
        }
    })
}

fn build(env: &Env) -> Result<Server, Broken> {
    Config::refuse_unknown(binding::names(env).iter().map(String::as_str))?;
    let lookup = |name: &str| binding::variable(env, name);
    let mut config = Config::from_lookup(lookup)?;
    let login = LoginSettings::read(&mut config, &lookup)?;
    for warning in config.warnings() {
        log::error(warning);
    }
    let registry = binding::registry(env).map_err(Broken::Registry)?;
    let objects =
        |name| binding::objects(env, name).map_err(|error| Broken::Objects { name, error });
    let authority = objects(binding::AUTHORITY)?;
    let ledger = objects(binding::LEDGER)?;
    let capabilities = Capabilities {
        registry: registry.map(|kv| KvRegistry::new(kv, authority)),
        ledger: ledger.map(DurableLedger::new),
        crypto: WebCrypto::new()?,
        fetch: WorkerFetch,
        people: (),
    };
    Ok(Server::new(config, login, capabilities))
}

/// Why the configuration cannot be served. Its text is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{name}: expected a KV namespace binding: {0}", name = binding::REGISTRY)]
    Registry(worker::Error),
    #[error("{name}: expected a Durable Object namespace binding: {error}")]
    Objects {
        name: &'static str,
        error: worker::Error,
    },
    #[error("{0}")]
    Crypto(#[from] CryptoError),
}

impl Broken {
    /// The answer to every request until it is mended. Every page may read it: it says nothing else.
    #[inline(never)]
    pub(crate) fn response(&self, arrival: Arrival) -> http::Response<Bytes> {
        const CODE: &str = "server_error";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let mut response = convert::error_response(status, CODE, "the configuration is refused");
        let any = HeaderValue::from_static("*");
        response
            .headers_mut()
            .insert(ACCESS_CONTROL_ALLOW_ORIGIN, any);
        let mut audit = Audit::from(arrival);
        audit.error = Some(CODE);
        audit.fault = Some(Fault::Server);
        audit.detail = Some(self.to_string().into());
        audit.attach_to(&mut response);
        response
    }
}
