//! `/authorize` (RFC 6749 §4.1.1) and the handoff to the login application.
//!
//! Jeton logs nobody in. It validates the request, ties it to the browser by a cookie, seals it and
//! sends the browser to `JETON_LOGIN_URL?request=…`. The login application logs the person in and
//! posts the sealed request back with the person (`accept`) or the reason why there is none
//! (`reject`). It gets an address of Jeton's (`resume`) to send the browser to, which is known by its
//! cookie and gets its code there. Nothing is stored until then: the sealed request carries the id of
//! the grant it will become, so that a second login with it finds this id taken. A browser that comes
//! back twice with one ticket gets the same code, until that is redeemed.

pub(crate) mod handoff;
mod pending;
pub(crate) mod resume;
pub(crate) mod sealed;
pub(crate) mod validate;

use bytes::Bytes;
use http::{Response, header::SET_COOKIE};

use sealed::{LOGIN_LIFETIME, LoginPurpose, SealedRequest, hash_of};

use crate::{
    audit::Audit, cookie::Cookie, host::Host, page::see_other, refusal::Refusal, request::At,
    seal::SealKind,
};

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
        browser: hash_of(&browser),
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
