//! The way back from the login application: the address at `/authorize/resume` that it is given to send
//! the browser to, whatever became of the login.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::sealed::{LoginOutcome, SealedRequest, TICKET_LIFETIME, Ticket};
use crate::{
    crypto::CryptoError, host::Host, refusal::Refusal, request::At, response::no_store_json,
    route::path, seal::SealKind,
};

/// The response of `/authorize/accept` and `/authorize/reject`: where to send the browser.
#[derive(Serialize)]
struct RedirectTo {
    redirect_to: String,
}

/// The response with the address to send the browser to.
pub(super) fn go_on<H: Host>(
    at: &At<'_, H>,
    sealed: SealedRequest,
    outcome: LoginOutcome,
) -> Result<Response<Bytes>, Refusal> {
    let redirect_to = way_back(at, sealed, outcome)?;
    Ok(no_store_json(StatusCode::OK, &RedirectTo { redirect_to }))
}

/// The refusal, with the address that takes the person on all the same: to the client, with an error, or
/// to a page where that is no longer registered.
pub(super) fn hand_back<H: Host>(at: &At<'_, H>, sealed: SealedRequest, why: Refusal) -> Refusal {
    let (error, description) = why.for_client();
    let rejected = LoginOutcome::Rejected {
        error: error.as_str().to_owned(),
        description: Some(description.to_owned()),
    };
    match way_back(at, sealed, rejected) {
        Ok(redirect_to) => Refusal::HandedBack {
            why: Box::new(why),
            redirect_to,
        },
        Err(error) => error.into(),
    }
}

/// The address at which the browser comes back with that outcome. An acceptance is good once, and only in
/// the browser in which the request began.
fn way_back<H: Host>(
    at: &At<'_, H>,
    sealed: SealedRequest,
    outcome: LoginOutcome,
) -> Result<String, CryptoError> {
    let ticket = Ticket {
        request: sealed.without_hints(),
        expires_at: at.now + TICKET_LIFETIME,
        outcome,
    };
    let ticket = at
        .issuer
        .seals()
        .seal(SealKind::Ticket, &ticket, at.issuer.crypto())?;
    let address = at.issuer.url_of(path::RESUME);
    Ok(format!("{address}?ticket={ticket}"))
}
