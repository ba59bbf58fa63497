//! `refresh_token` (RFC 6749 §6): from generation n to n + 1, safe to retry.
//!
//! The successor is derived, not drawn. So within the grace window after an advance, whoever
//! presents the superseded token gets the identical successor, and whoever presents the successor
//! keeps it: a lost response, a slow tab and ten racing workers all end with the same token. Out of
//! the window a superseded token, however old, ends the whole grant (RFC 9700 §4.14).

use super::generation::{answer, genuine, refusal_of, step};
use super::response::TokenResponse;
use crate::{
    audit::Audit,
    client::Client,
    host::Host,
    ledger::{
        Advance, Grant, Ledger, Step,
        transition::{Place, place},
    },
    parameters::Parameters,
    refusal::{GrantFault, Refusal, RequestFault},
    request::At,
    scope::Scope,
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
    let token = genuine(at, client, kind, refresh_token, None, audit)?;
    // Narrowing is part of the step's condition, so that a wrong request never moves the record.
    let scope: Scope = match parameters.get("scope") {
        None => Scope::default(),
        Some(scope) => scope.parse().map_err(|_| RequestFault::MalformedScope)?,
    };
    let step = step(at, client, &token, scope, parameters).await?;
    let grant = if client.refresh.rotation {
        rotate(at, &step, audit).await?
    } else {
        keep(at, &step).await?
    };
    answer(at, client, &grant, step, audit).await
}

/// The grant at the generation that the client shall hold from at.now on.
async fn rotate<H: Host>(at: &At<'_, H>, step: &Step, audit: &mut Audit) -> Result<Grant, Refusal> {
    let ledger = at.issuer.ledger()?;
    let mut step = step.clone();
    let presented = step.standing;
    // A second round only for a record that was rolled back, whose generation is then known.
    for _ in 0..2 {
        let standing = match ledger.advance(&step).await? {
            Advance::Advanced(grant) => return Ok(*grant),
            Advance::Conflict(None) => return Err(GrantFault::Unknown.into()),
            Advance::Conflict(Some(standing)) => standing,
        };
        if !standing.is_live(step.now) {
            return Err(GrantFault::Ended.into());
        }
        match place(&standing, presented, step.window, step.now) {
            Place::Stands | Place::JustSuperseded => {
                // Nothing moves, yet all that the step wants must hold.
                require(at, &standing, &step)?;
                return Ok(*standing);
            }
            Place::Reused => {
                ledger.revoke(standing.id).await?;
                audit.generation = Some(standing.generation);
                return Err(GrantFault::Reused { presented }.into());
            }
            Place::Redeemable => return Err(refusal_of(&standing, &step).into()),
            Place::Ahead => {
                audit.rolled_back = true;
                // What no repair can help must not be answered "try again".
                require(at, &standing, &step)?;
                step.standing = standing.generation;
            }
        }
    }
    // Another request repaired the record between the two rounds: the client tries again.
    Err(Refusal::Unavailable(crate::registry::Unavailable::new(
        "ledger",
        "the record moved while it was repaired",
    )))
}

/// Without rotation the standing generation stays: it is read, and nothing is written.
async fn keep<H: Host>(at: &At<'_, H>, step: &Step) -> Result<Grant, Refusal> {
    let standing = at
        .issuer
        .ledger()?
        .read(step.id)
        .await?
        .ok_or(GrantFault::Unknown)?;
    if !standing.is_live(step.now) || step.now >= standing.idle_expires_at {
        return Err(GrantFault::Ended.into());
    }
    // The client rotated before its policy changed: an older token is as stolen as ever.
    if step.standing < standing.generation {
        at.issuer.ledger()?.revoke(standing.id).await?;
        return Err(GrantFault::Reused {
            presented: step.standing,
        }
        .into());
    }
    require(at, &standing, step)?;
    Ok(standing)
}

/// What the condition of a step would have refused, for a step that is not taken.
fn require<H: Host>(at: &At<'_, H>, standing: &Grant, step: &Step) -> Result<(), Refusal> {
    let holds = standing.client_id == step.client_id
        && standing.created_at >= step.created_from
        && step.now < standing.idle_expires_at
        && step.scope.first_outside(&standing.scope).is_none()
        && step
            .audiences
            .iter()
            .all(|audience| standing.audiences.contains(audience));
    if holds {
        Ok(())
    } else {
        Err(refusal_of(standing, step).into())
    }
}
