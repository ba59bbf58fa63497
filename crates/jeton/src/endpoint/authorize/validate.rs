//! Validation of an authorization request. Until client and redirect URI are known good, an error
//! is a page for the person; from then on it goes to the client.

use std::collections::BTreeSet;

use super::sealed::CodeRequest;
use crate::{
    audit::Audit,
    authentication::find_client,
    authorization_response::{ResponseMode, ResponseTarget},
    claims::{ClaimsRequest, InvalidClaimsRequest, reserved_claim},
    client::{Client, RedirectUri},
    disclosure::may_request,
    endpoint::id_token_hint::IdTokenHint,
    grant::GrantType,
    host::Host,
    parameters::Parameters,
    refusal::{AuthorizationFault, ErrorCode, PersonFault, Refusal},
    request::At,
    scope::Scope,
    shown_subject::ShownSubject,
    target::{self, Portion},
    time::Seconds,
};

/// The longest `state`, `nonce` and hints, in bytes. They travel sealed in addresses.
pub(crate) const LONGEST_VALUE: usize = 2048;

/// The longest `state` that is sent back, in bytes, also where it is refused for its length: RFC 6749 §4.1.2.1
/// wants it back "if present". A longer one would make an address that no server takes, so that the client
/// would not learn why.
const LONGEST_RETURNED: usize = 2 * LONGEST_VALUE;

/// The values of `prompt`.
const PROMPTS: [&str; MOST_PROMPTS] = ["none", "login", "consent", "select_account"];

/// The most values of `prompt` in one request, repeats counted: as many as there are.
pub(crate) const MOST_PROMPTS: usize = 4;

/// The authorization request in `parameters`, checked.
///
/// # Errors
/// A fault for the person while client and redirect URI are not known good, then one for the client.
pub(super) async fn code_request<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<CodeRequest, Refusal> {
    let id = parameters.get("client_id").ok_or(PersonFault::Client)?;
    let client = find_client(at, id, audit).await?;
    let client = client.ok_or(PersonFault::Client)?;
    let redirect_uri = redirect_uri(&client, parameters.get("redirect_uri"))?;
    let response_mode = response_mode(parameters.get("response_mode"), &redirect_uri);
    let target = ResponseTarget {
        redirect_uri,
        response_mode: response_mode.unwrap_or_default(),
        state: parameters
            .get("state")
            .filter(|state| state.len() <= LONGEST_RETURNED)
            .map(str::to_owned),
        ui_locales: parameters.get("ui_locales").map(str::to_owned),
    };
    let checked = match response_mode {
        Ok(_) => for_client(at, &client, parameters, &target).await,
        Err(fault) => Err(fault.into()),
    };
    checked.map_err(|why| Refusal::SentBack {
        why: Box::new(why),
        to: Box::new(target),
    })
}

/// The redirect URI to use: the one requested if it is registered, or the only one there is
/// (RFC 6749 §3.1.2.3).
fn redirect_uri(client: &Client, requested: Option<&str>) -> Result<String, PersonFault> {
    match (requested, client.redirect_uris.as_slice()) {
        (Some(requested), _) if client.redirects_to(requested) => Ok(requested.to_owned()),
        (None, [only]) => Ok(only.as_str().to_owned()),
        _ => Err(PersonFault::RedirectUri(client.home.clone())),
    }
}

/// The response mode. An app that is called by a scheme of its own gets the address alone: a form would
/// lose the code.
fn response_mode(
    requested: Option<&str>,
    redirect_uri: &str,
) -> Result<ResponseMode, AuthorizationFault> {
    match requested {
        None | Some("query") => Ok(ResponseMode::Query),
        Some("form_post") if RedirectUri::takes_forms(redirect_uri) => Ok(ResponseMode::FormPost),
        Some(_) => Err(AuthorizationFault::ResponseMode),
    }
}

/// Parameters that this server does not support, with the error that says so (OpenID Connect Core
/// §3.1.2.6).
const NOT_SUPPORTED: [(&str, ErrorCode); 3] = [
    ("request", ErrorCode::REQUEST_NOT_SUPPORTED),
    ("request_uri", ErrorCode::REQUEST_URI_NOT_SUPPORTED),
    ("registration", ErrorCode::REGISTRATION_NOT_SUPPORTED),
];

/// The request of a known client that goes back to `target`, with everything else checked.
async fn for_client<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    parameters: &Parameters<'_>,
    target: &ResponseTarget,
) -> Result<CodeRequest, Refusal> {
    for (parameter, code) in NOT_SUPPORTED {
        if parameters.get(parameter).is_some() {
            return Err(AuthorizationFault::NotSupported(code).into());
        }
    }
    match parameters.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(AuthorizationFault::ResponseType.into()),
        None => return Err(AuthorizationFault::NoResponseType.into()),
    }
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(Refusal::GrantTypeNotRegistered(
            GrantType::AuthorizationCode,
        ));
    }
    let short_value = |name| match parameters.get(name) {
        Some(value) if value.len() > LONGEST_VALUE => Err(AuthorizationFault::TooLong),
        value => Ok(value.map(str::to_owned)),
    };
    let code_challenge = code_challenge(parameters)?;
    let Portion { scope, audiences } = target::portion(client, parameters, at.issuer.config())?;
    let nonce = short_value("nonce")?;
    require_code_protection(client, &scope, code_challenge.as_deref(), nonce.as_deref())?;
    let claims = requested_claims(client, &scope, short_value("claims")?.as_deref())?;
    let prompt = prompt(parameters.get("prompt"))?;
    let max_age = match parameters.get("max_age") {
        None => None,
        Some(text) => Some(Seconds(
            text.parse().map_err(|_| AuthorizationFault::MaxAge)?,
        )),
    };
    let subject = match hinted_subject(at, client, parameters).await? {
        Some(hinted) if !claims.permits_subject(hinted.as_str()) => {
            return Err(AuthorizationFault::from(InvalidClaimsRequest::Subjects).into());
        }
        Some(hinted) => Some(hinted),
        None => {
            let asked = claims.subject().map(str::to_owned);
            asked.map(ShownSubject::sent)
        }
    };
    Ok(CodeRequest {
        client_id: client.id.clone(),
        redirect_uri: target.redirect_uri.clone(),
        redirect_uri_sent: parameters.get("redirect_uri").is_some(),
        response_mode: target.response_mode,
        state: short_value("state")?,
        scope,
        audiences,
        code_challenge,
        nonce,
        prompt,
        max_age,
        subject,
        login_hint: short_value("login_hint")?,
        ui_locales: short_value("ui_locales")?,
        acr_values: short_value("acr_values")?,
        claims_locales: short_value("claims_locales")?,
        claims,
    })
}

/// The person of whom `id_token_hint` is an ID token (OpenID Connect Core §3.1.2.1), as its client knows them.
/// Only who that is goes on, not the token.
async fn hinted_subject<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    parameters: &Parameters<'_>,
) -> Result<Option<ShownSubject<'static>>, Refusal> {
    let Some(text) = parameters.get("id_token_hint") else {
        return Ok(None);
    };
    let hint = IdTokenHint::read(at, text).await?;
    let hint = hint.filter(|hint| hint.aud == client.id);
    Ok(Some(hint.ok_or(AuthorizationFault::IdTokenHint)?.sub))
}

/// Refuses a request whose code could be injected into another login of the client (RFC 9700 §2.1.1):
/// PKCE prevents it, or in an OpenID request the `nonce`, where the client is trusted to check it.
pub(super) fn require_code_protection(
    client: &Client,
    scope: &Scope,
    code_challenge: Option<&str>,
    nonce: Option<&str>,
) -> Result<(), AuthorizationFault> {
    if code_challenge.is_some() {
        return Ok(());
    }
    if client.requires_pkce() {
        return Err(AuthorizationFault::PkceRequired);
    }
    if nonce.is_none() && client.requires_nonce(scope) {
        return Err(AuthorizationFault::NonceRequired);
    }
    Ok(())
}

/// `code_challenge` (RFC 7636 §4.3). The method `plain` is refused, also where it is meant by leaving
/// the method out: it protects nothing once the request leaks.
fn code_challenge(parameters: &Parameters<'_>) -> Result<Option<String>, AuthorizationFault> {
    let method = parameters.get("code_challenge_method");
    match parameters.get("code_challenge") {
        None if method.is_some() => Err(AuthorizationFault::NoChallenge),
        None => Ok(None),
        Some(_) if method != Some("S256") => Err(AuthorizationFault::ChallengeMethod),
        Some(challenge) => {
            let fits = challenge.len() == 43
                && challenge
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if !fits {
                return Err(AuthorizationFault::Challenge);
            }
            Ok(Some(challenge.to_owned()))
        }
    }
}

/// What `claims` asks for (OpenID Connect Core §5.5), as far as the client may have it. In a request that
/// is none of OpenID's it asks for nothing.
fn requested_claims(
    client: &Client,
    scope: &Scope,
    json: Option<&str>,
) -> Result<ClaimsRequest, AuthorizationFault> {
    let Some(json) = json.filter(|_| scope.contains("openid")) else {
        return Ok(ClaimsRequest::default());
    };
    let request = ClaimsRequest::parse(json)?;
    let at_userinfo = |claim: &str| {
        let is_any = client.claims.userinfo.is_none() && reserved_claim(claim).is_none();
        claim == "sub" || is_any || may_request(client, claim)
    };
    let in_id_token =
        |claim: &str| ["sub", "auth_time"].contains(&claim) || may_request(client, claim);
    Ok(request.reduced(at_userinfo, in_id_token))
}

/// The values of `prompt` (OpenID Connect Core §3.1.2.1).
fn prompt(text: Option<&str>) -> Result<BTreeSet<String>, AuthorizationFault> {
    let mut prompt = BTreeSet::new();
    let values = text.unwrap_or_default().split(' ');
    for (index, value) in values.filter(|value| !value.is_empty()).enumerate() {
        if index >= MOST_PROMPTS || !PROMPTS.contains(&value) {
            return Err(AuthorizationFault::Prompt);
        }
        prompt.insert(value.to_owned());
    }
    if prompt.contains("none") && prompt.len() > 1 {
        return Err(AuthorizationFault::PromptNone);
    }
    Ok(prompt)
}
