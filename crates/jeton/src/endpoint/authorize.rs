//! `/authorize` (RFC 6749 §4.1.1) and the handoff to the login application.
//!
//! Jeton logs nobody in. It validates the request, ties it to the browser by a cookie, seals it and
//! sends the browser to `JETON_LOGIN_URL?request=…`. The login application logs the person in and
//! posts the sealed request back with the person (`accept`) or the reason why there is none
//! (`reject`). It gets an address of Jeton's (`resume`) to send the browser to, which is known by its
//! cookie and gets its code there. Nothing is stored until then: the sealed request carries the id of
//! the grant it will become, so that a second login with it finds this id taken. A browser that comes
//! back twice with one ticket gets the same code, until that is redeemed.

mod accepted_claims;
pub(crate) mod describe;
pub(crate) mod handoff;
mod pending;
pub(crate) mod resume;
pub(crate) mod sealed;
pub(crate) mod validate;
mod way_back;

use bytes::Bytes;
use http::{Method, Response, header::SET_COOKIE};
use url::form_urlencoded;

use sealed::{LOGIN_LIFETIME, LoginPurpose, SealedRequest, TICKET_LIFETIME, hash_of};

use crate::{
    audit::Audit,
    cookie::Cookie,
    host::Host,
    ledger::Id128,
    page::see_other,
    parameters::{LONGEST_POSTED, Parameters},
    refusal::{AuthorizationFault, Refusal},
    request::At,
    route::path,
    seal::{LONGEST_REQUEST, SealKind},
};

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    at.issuer.ledger()?;
    let parameters = at.request.query_or_form()?;
    let code = validate::code_request(at, &parameters, audit).await?;
    let target = code.target();
    let answered = if at.request.method == Method::POST && browser_id(at).is_none() {
        repeat_as_get(at, &parameters)
    } else {
        hand_off(at, LoginPurpose::Code(Box::new(code)), audit)
    };
    answered.map_err(|why| match why {
        Refusal::Authorization(_) => Refusal::SentBack {
            why: Box::new(why),
            to: Box::new(target),
        },
        why => why,
    })
}

/// The redirect of a form without our cookie to the same request as a GET. Browsers keep the cookie from a
/// form that another site posts, and send it along the redirect (RFC 6265bis §5.2). Taken as it is, the form
/// would give the browser a new one, and all its other tabs could not finish their logins.
fn repeat_as_get<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
) -> Result<Response<Bytes>, Refusal> {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters.iter())
        .finish();
    if query.len() > LONGEST_POSTED {
        return Err(AuthorizationFault::PostedTooLarge.into());
    }
    let action = at.issuer.action(path::AUTHORIZE);
    Ok(see_other(&format!("{action}?{query}")))
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
    let browser = match browser_id(at) {
        Some(known) => known.to_owned(),
        None => at.issuer.random_id()?.to_string(),
    };
    let request = SealedRequest {
        grant: match &purpose {
            LoginPurpose::Code(code) => at.issuer.new_grant_id(&code.client_id)?,
            LoginPurpose::Device(_) => at.issuer.random_id()?,
        },
        browser: hash_of(&browser),
        created_at: at.now,
        expires_at: at.now + LOGIN_LIFETIME,
        purpose,
    };
    // The grant is not opened yet; its id lets an operator follow a login through the log.
    audit.grant = Some(request.grant);
    let seals = at.issuer.seals();
    let sealed = seals.seal(SealKind::Request, &request, at.issuer.crypto())?;
    if sealed.len() > SealKind::Request.length_of(LONGEST_REQUEST) {
        return Err(AuthorizationFault::TooLarge.into());
    }
    let mut location = login_url.clone();
    location.query_pairs_mut().append_pair("request", &sealed);
    let mut response = see_other(location.as_str());
    if let Some(value) = cookie.set(&browser, LOGIN_LIFETIME + TICKET_LIFETIME) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    Ok(response)
}

/// The value of the cookie that ties logins to the browser, if it has one of ours.
fn browser_id<'a, H: Host>(at: &At<'a, H>) -> Option<&'a str> {
    let cookie = Cookie::browser(at.issuer.config().issuer());
    let value = at.request.cookie(&cookie.name)?;
    value.parse::<Id128>().is_ok().then_some(value)
}
