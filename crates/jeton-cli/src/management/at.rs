//! A deployment that is reached by HTTP.

use std::{sync::Arc, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use http::{Method, Request, Response, StatusCode};
use jeton::{IssuerIdentifier, Mode};
use serde_json::Value;
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

/// How long an answer may take: a deployment that starts for it is slow once.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How often a read is tried that a store was too slow for.
const TRIES: u32 = 3;

/// The most bytes of an answer.
const LONGEST_ANSWER: u64 = 16 * 1024 * 1024;

pub(super) struct Http {
    agent: Agent,
}

impl Http {
    pub(super) fn new() -> Self {
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(
                rustls::crypto::aws_lc_rs::default_provider(),
            ))
            .root_certs(RootCerts::WebPki)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(TIMEOUT))
            // A token goes where it was meant for.
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("jeton/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.into(),
        }
    }

    pub(super) fn send(&self, request: Request<String>) -> Result<Response<String>> {
        let mut answer = self.once(&request)?;
        for _ in 1..TRIES {
            let is_read = request.method() == Method::GET;
            if !is_read || answer.status() != StatusCode::SERVICE_UNAVAILABLE {
                break;
            }
            // As `Retry-After` says.
            thread::sleep(Duration::from_secs(1));
            answer = self.once(&request)?;
        }
        Ok(answer)
    }

    fn once(&self, request: &Request<String>) -> Result<Response<String>> {
        let answer = if request.body().is_empty() {
            self.agent.run(request.clone().map(drop))?
        } else {
            self.agent.run(request.clone())?
        };
        let (head, mut body) = answer.into_parts();
        let text = body.with_config().limit(LONGEST_ANSWER).read_to_string()?;
        Ok(Response::from_parts(head, text))
    }
}

/// The deployment's issuer identifier and token endpoint, as its metadata says (RFC 8414 §3).
pub(super) fn discover(at: &str) -> Result<(String, String)> {
    // What stands between the host and the path of the issuer.
    let (origin, path) = match at.match_indices('/').nth(2) {
        Some((slash, _)) => at.split_at_checked(slash).unwrap_or((at, "")),
        None => (at, ""),
    };
    let url = format!("{origin}/.well-known/oauth-authorization-server{path}");
    let request = Request::get(&url).body(String::new())?;
    let answer = Http::new().send(request).with_context(|| url.clone())?;
    ensure!(
        answer.status() == StatusCode::OK,
        "{url}: answered {}; is {at} the issuer's URL?",
        answer.status()
    );
    let metadata: Value = serde_json::from_str(answer.body())
        .with_context(|| format!("{url}: expected the issuer's metadata"))?;
    let member = |name: &str| {
        let text = metadata.get(name).and_then(Value::as_str);
        text.map(str::to_owned)
            .with_context(|| format!("{url}: expected {name} in it"))
    };
    let issuer = member("issuer")?;
    // What another issuer says of itself would lead a secret there (RFC 8414 §3.3).
    ensure!(
        issuer.strip_suffix('/').unwrap_or(&issuer) == at,
        "{at} is where the issuer {issuer} answers: --at {issuer}"
    );
    Ok((issuer, member("token_endpoint")?))
}

/// The URL of a deployment, without a final slash.
pub(super) fn issuer(text: &str) -> Result<String> {
    let text = text.trim_end_matches('/');
    let development = jeton_native::variable("JETON_DEVELOPMENT")?.as_deref() == Some("true");
    let mode = if development {
        Mode::Development
    } else {
        Mode::Production
    };
    IssuerIdentifier::parse(text, mode).context("--at: expected")?;
    Ok(text.to_owned())
}
