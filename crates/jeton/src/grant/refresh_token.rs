//! `refresh_token` (RFC 6749 §6): from generation n to n + 1, safe to retry.
//!
//! The next refresh token is derived, not drawn at random. So within the grace window after an
//! advance, whoever presents the superseded token gets the identical successor, and whoever presents
//! the successor keeps it: a lost response, a slow tab and ten racing workers all end with the same
//! token. After the window a superseded token, however old, ends the whole grant (RFC 9700 §4.14).

use super::{
    generation::{
        carry_out_next, leave_unmoved, read_attached, step_from, take_step, token_response,
        verified_token,
    },
    renewed_claims::{self, Onward},
};
use crate::{
    audit::Audit,
    client::Client,
    grant::response::TokenResponse,
    host::Host,
    ledger::{Ledger, rotation},
    parameters::Parameters,
    refusal::{GrantFault, Refusal},
    request::At,
    target,
    token::TokenKind,
};

pub(crate) async fn redeem<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    refresh_token: &str,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let kind = TokenKind::RefreshToken;
    let token = verified_token(at, client, kind, refresh_token, None, audit)?;
    // Narrowing is part of the step's condition, so that a wrong request never moves the record.
    let unregistered = at.issuer.config().unregistered_scopes();
    let scope = target::scope_of_part(client, parameters, unregistered)?;
    let mut step = step_from(at, client, &token, scope, parameters).await?;
    // The client's lifetime of now: a shorter one holds for logins that were before it.
    step.created_from = step.created_from.max(at.now - client.refresh.lifetime);
    let mut onward = Onward::Step(None);
    if client.refresh.rotation && client.refresh.renew_claims {
        onward = Box::pin(renewed_claims::add_to(&mut step, at, client, audit)).await?;
    }
    let attached = match &mut onward {
        Onward::Step(attached @ Some(_)) => attached.take(),
        _ if client.refresh.rotation => read_attached(at, client, &token).await?,
        _ => None,
    };
    let grant = if client.refresh.rotation {
        let grant = match onward {
            Onward::Step(_) => take_step(at, &step, audit).await??,
            Onward::Unmoved => leave_unmoved(at, &step, audit).await??,
        };
        renewed_claims::correct(audit, &step, &grant);
        grant
    } else {
        let ledger = at.issuer.ledger()?;
        let standing = ledger.read(step.id).await?.map(Box::new);
        carry_out_next(ledger, rotation::next_unrotated(&step, standing), audit).await??
    };
    if !grant.is_refreshable_by(client) {
        return Err(GrantFault::RefreshWithdrawn.into());
    }
    token_response(at, client, &grant, attached.as_ref(), step, audit).await
}
