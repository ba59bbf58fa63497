//! The access token that opens the management interface of a deployment.

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::ArgMatches;
use http::{
    Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use jeton::path_segment;
use serde_json::Value;

use super::at;
use crate::{input, token};

/// An access token for the issuer `at`: the one that is given, one that a client gets with its secret, or
/// one that is made here by the deployment's configuration.
pub(super) fn for_issuer(at: &str, matches: &ArgMatches) -> Result<String> {
    if let Some(token) = matches.get_one::<String>("token") {
        let file = token.strip_prefix('@').context(
            "--token: expected @FILE, or the variable JETON_TOKEN: every user of this machine can read the arguments of a process",
        )?;
        return Ok(input::read(file)?.trim().to_owned());
    }
    if let Some(token) = secret("JETON_TOKEN")? {
        return Ok(token);
    }
    match (secret("JETON_CLIENT_ID")?, secret("JETON_CLIENT_SECRET")?) {
        (Some(id), Some(secret)) => return of_client(at, &id, &secret),
        (None, None) => {}
        (Some(_), None) => bail!("JETON_CLIENT_SECRET: expected the secret of JETON_CLIENT_ID"),
        (None, Some(_)) => bail!("JETON_CLIENT_ID: expected the client of JETON_CLIENT_SECRET"),
    }
    if jeton_native::variable("JETON_SECRET")?.is_some() {
        return token::of_configuration(at);
    }
    bail!(
        "{at}: an access token is needed, with scopes such as jeton:clients. Set one of
  JETON_TOKEN, to a token
  JETON_CLIENT_ID and JETON_CLIENT_SECRET, to a client that may have one
  JETON_SECRET, to the deployment's own (@FILE reads a file), to have one made here"
    )
}

/// The value of a variable, without white space around it.
fn secret(name: &str) -> Result<Option<String>> {
    let value = jeton_native::variable(name)?;
    Ok(value.map(|value| value.trim().to_owned()))
}

/// An access token of a client by its secret (RFC 6749 §4.4), for the issuer itself.
fn of_client(at: &str, id: &str, secret: &str) -> Result<String> {
    let (issuer, endpoint) = at::discover(at)?;
    let basic = STANDARD.encode(format!("{}:{}", path_segment(id), path_segment(secret)));
    let form = format!(
        "grant_type=client_credentials&resource={}",
        path_segment(&issuer)
    );
    let request = Request::post(&endpoint)
        .header(AUTHORIZATION, format!("Basic {basic}"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form)?;
    let answer = at::Http::new()
        .send(request)
        .with_context(|| endpoint.clone())?;
    let body: Value = serde_json::from_str(answer.body()).unwrap_or_default();
    let member = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    ensure!(
        answer.status() == StatusCode::OK,
        "{endpoint}: JETON_CLIENT_ID {id:?} gets no token: {}",
        member("error").unwrap_or_else(|| answer.status().to_string())
    );
    member("access_token")
        .with_context(|| format!("{endpoint}: expected access_token in the answer"))
}
