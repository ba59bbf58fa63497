//! `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4): polling, and from generation 0
//! to 1 once a person has approved.

use super::generation::{answer, genuine, refusal_of, replay, step};
use super::response::TokenResponse;
use crate::{
    audit::Audit,
    client::Client,
    endpoint::device_authorization::INTERVAL,
    host::Host,
    ledger::{Advance, Grant, GrantState, Ledger, Marker, Step},
    parameters::Parameters,
    refusal::{GrantFault, Refusal, RequestFault},
    request::At,
    scope::Scope,
    token::TokenKind,
};

pub(crate) async fn redeem<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let code = parameters
        .get("device_code")
        .ok_or(RequestFault::MissingParameter("device_code"))?;
    let code = genuine(at, client, TokenKind::DeviceCode, code, None, audit)?;
    let step = step(at, client, &code, Scope::default(), parameters).await?;
    match at.issuer.ledger()?.advance(&step).await? {
        Advance::Advanced(grant) => answer(at, client, &grant, step, audit).await,
        Advance::Conflict(None) => Err(GrantFault::Unknown.into()),
        Advance::Conflict(Some(grant)) => Err(conflict(at, &grant, &step).await?),
    }
}

/// Why the code did not advance its grant (RFC 8628 §3.5).
async fn conflict<H: Host>(at: &At<'_, H>, grant: &Grant, step: &Step) -> Result<Refusal, Refusal> {
    let ledger = at.issuer.ledger()?;
    match grant.state {
        GrantState::Denied => Ok(GrantFault::DeviceDenied.into()),
        GrantState::Revoked => Ok(GrantFault::Ended.into()),
        GrantState::Pending | GrantState::Live if step.now >= grant.expires_at => {
            Ok(GrantFault::DeviceExpired.into())
        }
        GrantState::Pending if step.now >= grant.idle_expires_at => {
            Ok(GrantFault::DeviceExpired.into())
        }
        GrantState::Pending => {
            // One poll in each stretch of `interval` seconds: two that keep the interval never
            // fall into the same one, and no time of the last poll need be stored.
            let stretch = step.now.0 / INTERVAL.0;
            let marker = Marker::new("poll", format_args!("{}:{stretch}", grant.id));
            let expires = step.now + INTERVAL;
            let first = ledger
                .claim(&marker, step.attempt, expires, step.now)
                .await?;
            Ok(if first {
                GrantFault::AuthorizationPending.into()
            } else {
                GrantFault::SlowDown.into()
            })
        }
        GrantState::Live => Ok(match replay(at, grant, step).await? {
            Some(fault) => fault.into(),
            None if step.now >= grant.idle_expires_at => GrantFault::DeviceExpired.into(),
            None => refusal_of(grant, step).into(),
        }),
    }
}
