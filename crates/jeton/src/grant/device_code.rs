//! `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4): polling, and from generation 0
//! to 1 once a person has approved.

use super::generation::{step_from, take_step, token_response, verified_token};
use crate::{
    attached_claims,
    audit::Audit,
    client::Client,
    grant::response::TokenResponse,
    host::Host,
    ledger::{Ledger, Marker, Step, Unmet, rotation::Why},
    parameters::Parameters,
    refusal::{GrantFault, Refusal, RequestFault},
    request::At,
    scope::Scope,
    time::Seconds,
    token::TokenKind,
};

/// How long a device waits between two polls (RFC 8628 §3.2).
pub(crate) const INTERVAL: Seconds = Seconds(5);

pub(crate) async fn redeem<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let code = parameters
        .get("device_code")
        .ok_or(RequestFault::MissingParameter("device_code"))?;
    let code = verified_token(at, client, TokenKind::DeviceCode, code, None, audit)?;
    let step = step_from(at, client, &code, Scope::default(), parameters).await?;
    // Its code was made before anybody said who they are, so it cannot tell whether claims are attached.
    // That nobody has decided yet is told from the same record, and then there is no step to take.
    let standing = at.issuer.ledger()?.read(step.id).await?;
    let attached = match standing {
        Some(grant) => match step.permits(&grant) {
            Err(Unmet::Pending) => {
                let why = Why::Unmet(Unmet::Pending);
                return Err(polling_refusal(at, &step, why).await?);
            }
            _ => attached_claims::read_before_step(at, client, &grant).await?,
        },
        None => None,
    };
    match take_step(at, &step, audit).await? {
        Ok(grant) => token_response(at, client, &grant, attached.as_ref(), step, audit).await,
        Err(why) => Err(polling_refusal(at, &step, why).await?),
    }
}

/// Why the device gets no tokens now, in the words of RFC 8628 §3.5.
async fn polling_refusal<H: Host>(
    at: &At<'_, H>,
    step: &Step,
    why: Why,
) -> Result<Refusal, Refusal> {
    Ok(match why {
        Why::Unmet(Unmet::Denied) => GrantFault::DeviceDenied.into(),
        Why::Unmet(Unmet::Expired | Unmet::Idle) => GrantFault::DeviceExpired.into(),
        Why::Unmet(Unmet::Pending) => {
            // Its holder is the last poll that was not too early: no time of it need be stored, and a
            // device leaves one record, however long it polls.
            let poll = Marker::of_grant("poll", step.id);
            let expires = step.now + INTERVAL;
            let ledger = at.issuer.ledger()?;
            if ledger.claim(&poll, step.attempt, expires, step.now).await? {
                GrantFault::AuthorizationPending.into()
            } else {
                GrantFault::SlowDown.into()
            }
        }
        why => why.into(),
    })
}
