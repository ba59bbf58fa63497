//! `/authorize` (RFC 6749 §4.1.1) and the handoff to the login application.
//!
//! Jeton logs nobody in. It validates the request, ties it to the browser by a cookie, seals it and
//! sends the browser to `JETON_LOGIN_URL?request=…`. The login application logs the person in and
//! posts the sealed request back with the person (`accept`) or the reason why there is none
//! (`reject`). It gets an address of Jeton's (`resume`) to send the browser to, which is known by its
//! cookie and gets its code there. Nothing is stored until then: the sealed request carries the id of
//! the grant it will become, so that a second use finds this id taken.

pub(crate) mod handoff;
pub(crate) mod resume;
mod validate;

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Response, header::SET_COOKIE};
use serde::{Deserialize, Serialize};

use crate::{
    audit::Audit,
    authorization_response::ResponseMode,
    client::ClientId,
    cookie::Cookie,
    host::Host,
    ledger::GrantId,
    page::see_other,
    refusal::Refusal,
    request::At,
    scope::Scope,
    seal::SealKind,
    time::{Seconds, UnixTime},
};

/// How long a person may take to log in.
pub(crate) const LOGIN_LIFETIME: Seconds = Seconds(30 * 60);

/// A request that waits for a login, as it travels sealed through the login application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SealedRequest {
    /// The id of the grant it becomes.
    pub(crate) grant: GrantId,
    /// SHA-256 of the browser's cookie, in base64url.
    pub(crate) browser: String,
    pub(crate) created_at: UnixTime,
    pub(crate) expires_at: UnixTime,
    pub(crate) purpose: LoginPurpose,
}

/// What a person logs in for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginPurpose {
    /// A client asks for an authorization code.
    Code(Box<CodeRequest>),
    /// The person connects a device.
    Device(DeviceRequest),
}

/// A validated authorization request (RFC 6749 §4.1.1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CodeRequest {
    pub(crate) client_id: ClientId,
    pub(crate) redirect_uri: String,
    pub(crate) response_mode: ResponseMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    pub(crate) scope: Scope,
    pub(crate) audiences: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code_challenge: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) prompt: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_age: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) login_hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ui_locales: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acr_values: Option<String>,
}

/// A visit to `/device` by a person who wants to connect a device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeviceRequest {
    /// The user code in `verification_uri_complete`, if it was that; not yet looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_code: Option<String>,
}

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    at.issuer.ledger()?;
    let parameters = at.request.query_or_form()?;
    let code = validate::code_request(at, &parameters, audit).await?;
    hand_off(at, LoginPurpose::Code(Box::new(code)), audit)
}

/// The redirect of the browser to the login application, with the request sealed.
pub(crate) fn hand_off<H: Host>(
    at: &At<'_, H>,
    purpose: LoginPurpose,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let login_url = at
        .issuer
        .config()
        .login_url()
        .ok_or(Refusal::NotConfigured("JETON_LOGIN_URL"))?;
    let cookie = Cookie::browser(at.issuer.config().issuer());
    // One cookie for all tabs of a browser: each request is bound to it, none replaces it.
    let browser = match at.request.cookie(&cookie.name) {
        Some(known) if is_browser_id(known) => known.to_owned(),
        _ => at.issuer.random_id()?.to_string(),
    };
    let sealed = SealedRequest {
        grant: at.issuer.random_id()?,
        browser: handoff::hash_of(&browser),
        created_at: at.now,
        expires_at: at.now + LOGIN_LIFETIME,
        purpose,
    };
    // The grant is not opened yet; its id lets an operator follow a login through the log.
    audit.grant = Some(sealed.grant);
    let sealed = at
        .issuer
        .seals()
        .seal(SealKind::Request, &sealed, at.issuer.crypto())?;
    let mut location = login_url.clone();
    location.query_pairs_mut().append_pair("request", &sealed);
    let mut response = see_other(location.as_str());
    if let Some(value) = cookie.set(&browser, LOGIN_LIFETIME) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    Ok(response)
}

fn is_browser_id(text: &str) -> bool {
    text.parse::<crate::ledger::Id128>().is_ok()
}
