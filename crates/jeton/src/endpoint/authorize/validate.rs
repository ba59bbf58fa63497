//! Validation of an authorization request. Until client and redirect URI are known good, an error
//! is a page for the person; from then on it goes to the client.

use std::collections::BTreeSet;

use super::{
    CodeRequest,
    outcome::{AuthorizationError, ResponseMode},
};
use crate::{
    audit::Audit,
    client::{Client, ClientId},
    crypto::Crypto,
    grant::GrantType,
    parameters::Parameters,
    refusal::{PersonFault, Refusal},
    registry::Registry,
    scope::Scope,
    server::Server,
    target,
    time::{Seconds, UnixTime},
};

/// The longest `state`, `nonce` and hints, in bytes: they travel sealed in addresses.
const LONGEST_VALUE: usize = 2048;

pub(super) enum Validated {
    Request(CodeRequest),
    Error(AuthorizationError),
}

/// An error for the client: code and description.
struct Wrong(&'static str, &'static str);

pub(super) async fn validate<R: Registry, L, C: Crypto>(
    server: &Server<R, L, C>,
    parameters: &Parameters<'_>,
    now: UnixTime,
    audit: &mut Audit,
) -> Result<Validated, Refusal> {
    let id = parameters
        .get("client_id")
        .and_then(|id| id.parse::<ClientId>().ok())
        .ok_or(PersonFault::Client)?;
    audit.client_id = Some(id.clone());
    let client = server
        .clients()
        .find(&id, now)
        .await?
        .ok_or(PersonFault::Client)?;
    let redirect_uri = redirect_uri(&client, parameters.get("redirect_uri"))?;

    // From here on errors go to the client.
    let state = parameters.get("state").map(str::to_owned);
    let (response_mode, mode) = response_mode(parameters.get("response_mode"));
    let request = match mode {
        Ok(()) => check(&client, parameters, &redirect_uri, response_mode, server),
        Err(wrong) => Err(wrong),
    };
    Ok(match request {
        Ok(request) => Validated::Request(request),
        Err(Wrong(error, description)) => Validated::Error(AuthorizationError {
            error,
            description,
            redirect_uri,
            response_mode,
            // Not even an overlong state is changed: the client compares it.
            state,
        }),
    })
}

/// The redirect URI to use: the one requested if it is registered, or the only one there is
/// (RFC 6749 §3.1.2.3).
fn redirect_uri(client: &Client, requested: Option<&str>) -> Result<String, PersonFault> {
    match (requested, client.redirect_uris.as_slice()) {
        (Some(requested), registered) => registered
            .iter()
            .any(|uri| uri.matches(requested))
            .then(|| requested.to_owned())
            .ok_or(PersonFault::RedirectUri),
        (None, [only]) => Ok(only.as_str().to_owned()),
        (None, _) => Err(PersonFault::RedirectUri),
    }
}

fn response_mode(requested: Option<&str>) -> (ResponseMode, Result<(), Wrong>) {
    match requested {
        None | Some("query") => (ResponseMode::Query, Ok(())),
        Some("form_post") => (ResponseMode::FormPost, Ok(())),
        Some(_) => (
            ResponseMode::Query,
            Err(Wrong(
                "invalid_request",
                "response_mode is query or form_post",
            )),
        ),
    }
}

fn check<R, L, C: Crypto>(
    client: &Client,
    parameters: &Parameters<'_>,
    redirect_uri: &str,
    response_mode: ResponseMode,
    server: &Server<R, L, C>,
) -> Result<CodeRequest, Wrong> {
    for (parameter, error) in [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ] {
        if parameters.get(parameter).is_some() {
            return Err(Wrong(error, "the parameter is not supported"));
        }
    }
    match parameters.get("response_type") {
        Some("code") => {}
        Some(_) => {
            return Err(Wrong("unsupported_response_type", "response_type is code"));
        }
        None => return Err(Wrong("invalid_request", "response_type is missing")),
    }
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(Wrong(
            "unauthorized_client",
            "the client is not registered for authorization_code",
        ));
    }
    let short = |name| match parameters.get(name) {
        Some(value) if value.len() > LONGEST_VALUE => {
            Err(Wrong("invalid_request", "a parameter is too long"))
        }
        value => Ok(value.map(str::to_owned)),
    };
    let code_challenge = code_challenge(client, parameters)?;
    let scope = scope(client, parameters)?;
    let audiences =
        target::audiences(client, parameters, server.config().issuer()).map_err(|_| {
            Wrong(
                "invalid_target",
                "the resource or audience is not registered",
            )
        })?;
    let prompt = prompt(parameters.get("prompt"))?;
    let max_age = match parameters.get("max_age") {
        None => None,
        Some(text) => {
            Some(Seconds(text.parse().map_err(|_| {
                Wrong("invalid_request", "max_age is a number of seconds")
            })?))
        }
    };
    Ok(CodeRequest {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        response_mode,
        state: short("state")?,
        scope,
        audiences,
        code_challenge,
        nonce: short("nonce")?,
        prompt,
        max_age,
        login_hint: short("login_hint")?,
        ui_locales: short("ui_locales")?,
        acr_values: short("acr_values")?,
    })
}

/// RFC 7636 §4.3. `plain` protects nothing that leaks with the request, so it is refused, also where
/// the method is left out and would mean it.
fn code_challenge(client: &Client, parameters: &Parameters<'_>) -> Result<Option<String>, Wrong> {
    let method = parameters.get("code_challenge_method");
    match parameters.get("code_challenge") {
        None if method.is_some() => Err(Wrong("invalid_request", "code_challenge is missing")),
        None if client.require_pkce => Err(Wrong(
            "invalid_request",
            "code_challenge is missing: the client needs PKCE",
        )),
        None => Ok(None),
        Some(_) if method != Some("S256") => {
            Err(Wrong("invalid_request", "code_challenge_method is S256"))
        }
        Some(challenge) => {
            let fits = challenge.len() == 43
                && challenge
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if !fits {
                return Err(Wrong(
                    "invalid_request",
                    "code_challenge is 43 characters of base64url",
                ));
            }
            Ok(Some(challenge.to_owned()))
        }
    }
}

fn scope(client: &Client, parameters: &Parameters<'_>) -> Result<Scope, Wrong> {
    target::scope(client, parameters).map_err(|refusal| match refusal {
        Refusal::MalformedScope => Wrong("invalid_scope", "the scope is malformed"),
        _ => Wrong(
            "invalid_scope",
            "the scope exceeds what is registered for the client",
        ),
    })
}

/// OpenID Connect Core §3.1.2.1.
fn prompt(text: Option<&str>) -> Result<BTreeSet<String>, Wrong> {
    let prompt: BTreeSet<String> = text
        .unwrap_or_default()
        .split(' ')
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .collect();
    let known = ["none", "login", "consent", "select_account"];
    if prompt.iter().any(|value| !known.contains(&value.as_str())) {
        return Err(Wrong("invalid_request", "a value of prompt is unknown"));
    }
    if prompt.contains("none") && prompt.len() > 1 {
        return Err(Wrong("invalid_request", "prompt=none stands alone"));
    }
    Ok(prompt)
}
