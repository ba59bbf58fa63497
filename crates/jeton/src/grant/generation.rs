//! What the grants share that redeem a generation of a record (code, device code, refresh token):
//! verifying the token, taking the step in the ledger, and the response.

use super::live;
use crate::{
    attached_claims,
    audit::Audit,
    client::Client,
    grant::response::TokenResponse,
    host::Host,
    issue,
    ledger::{
        Attachment, Grant, Ledger, Step, Unmet,
        rotation::{self, Next, Why},
    },
    parameters::Parameters,
    refusal::{GrantFault, Refusal},
    request::At,
    scope::Scope,
    target::{self, Portion},
    token::{Binding, ClaimsAt, ParsedToken, TokenKind},
    unavailable::Unavailable,
};

/// The token in `text`, verified: of this `kind`, issued here to this client, and for this challenge
/// or none. One check, before any store is asked, for everything that the token is bound to: whoever
/// has a token without the rest can neither use it nor use it up.
pub(super) fn verified_token<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    kind: TokenKind,
    text: &str,
    code_challenge: Option<&str>,
    audit: &mut Audit,
) -> Result<ParsedToken, GrantFault> {
    let token = ParsedToken::parse(kind, text).ok_or(GrantFault::Malformed)?;
    let binding = Binding {
        client_id: &client.id,
        code_challenge,
    };
    if !at.issuer.tokens().verify(&token, &binding) {
        return Err(GrantFault::Forged);
    }
    audit.grant = Some(token.grant);
    Ok(token)
}

/// The step that redeems `token`: from its generation to the next, for `scope`, which the client is
/// registered for now, and the audiences that the request names. The client must be registered for these
/// too; that is checked before the record moves.
pub(super) async fn step_from<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    token: &ParsedToken,
    scope: Scope,
    parameters: &Parameters<'_>,
) -> Result<Step, Refusal> {
    let issuer = at.issuer.config().issuer();
    let audiences = target::audiences_of_part(client, parameters, issuer)?;
    let unregistered = at.issuer.config().unregistered_scopes();
    target::require_scope_for(client, &scope, &audiences, unregistered)?;
    let to = token.generation.checked_add(1);
    Ok(Step {
        id: token.grant,
        standing: token.generation,
        to: to.ok_or(GrantFault::Malformed)?,
        client_id: client.id.clone(),
        scope,
        audiences,
        created_from: live::created_from(at, &client.id).await?,
        window: client.refresh.grace,
        attempt: at.issuer.random_id()?,
        claims: None,
        now: at.now,
    })
}

/// The response with the tokens of `grant`, for the scope and audiences that the step names, or for
/// all that were granted and that the client is registered for now.
///
/// Where nothing is left the record has moved all the same: what was granted is known only from it.
pub(super) async fn token_response<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    grant: &Grant,
    attached: Option<&Attachment>,
    step: Step,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    live::require_subject(at, grant).await?;
    let portion = Portion {
        scope: if step.scope.is_empty() {
            grant.scope.clone()
        } else {
            step.scope
        },
        audiences: if step.audiences.is_empty() {
            grant.audiences.clone()
        } else {
            step.audiences
        },
    };
    let portion = portion.registered(client, at.issuer.config().issuer())?;
    issue::from_grant(at, client, grant, attached, portion, audit).await
}

/// What is attached to the grant of `token`, read before the grant moves. Where the token says that nothing
/// is, no store is asked.
pub(super) async fn read_attached<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    token: &ParsedToken,
) -> Result<Option<Attachment>, Refusal> {
    if token.claims == ClaimsAt::Record {
        return Ok(None);
    }
    match at.issuer.ledger()?.read(token.grant).await? {
        Some(grant) => attached_claims::read_before_step(at, client, &grant).await,
        None => Ok(None),
    }
}

/// Takes `step` in the ledger. Answers with the grant whose tokens are to be issued, or with the
/// reason why there are none.
pub(super) async fn take_step<H: Host>(
    at: &At<'_, H>,
    step: &Step,
    audit: &mut Audit,
) -> Result<Result<Box<Grant>, Why>, Refusal> {
    let ledger = at.issuer.ledger()?;
    let mut next = rotation::next(step, ledger.advance(step).await?);
    if let Next::Repair { standing } = next {
        audit.rolled_back = true;
        let repair = Step {
            standing,
            ..step.clone()
        };
        next = rotation::next(&repair, ledger.advance(&repair).await?);
    }
    audit.reused_within_grace = is_reuse_within_grace(step, &next);
    carry_out_next(ledger, next, audit).await
}

/// Answers `step` without taking it, with the grant as it stands: whoever presents its refresh token keeps it.
pub(super) async fn leave_unmoved<H: Host>(
    at: &At<'_, H>,
    step: &Step,
    audit: &mut Audit,
) -> Result<Result<Box<Grant>, Why>, Refusal> {
    let ledger = at.issuer.ledger()?;
    let standing = ledger.read(step.id).await?.map(Box::new);
    let next = rotation::next_unmoved(step, standing);
    audit.reused_within_grace = is_reuse_within_grace(step, &next);
    carry_out_next(ledger, next, audit).await
}

/// Whether what was presented had been redeemed before, and the window spares its grant.
fn is_reuse_within_grace(step: &Step, next: &Next) -> bool {
    match next {
        Next::Serve(grant) => {
            step.presented() < grant.generation && grant.last_attempt != Some(step.attempt)
        }
        Next::Refuse(why) => *why == Why::RedeemedJustNow,
        _ => false,
    }
}

/// Does what [`rotation`] decided: ends the grant where it must.
pub(super) async fn carry_out_next<L: Ledger>(
    ledger: &L,
    next: Next,
    audit: &mut Audit,
) -> Result<Result<Box<Grant>, Why>, Refusal> {
    match next {
        Next::Serve(grant) => Ok(Ok(grant)),
        Next::Refuse(why) => Ok(Err(why)),
        Next::End(grant, why) => {
            ledger.revoke(grant.id).await?;
            audit.generation = Some(grant.generation);
            Ok(Err(why))
        }
        Next::Repair { .. } | Next::Again => {
            Err(Unavailable::new("ledger", "the record moved while it was asked for").into())
        }
    }
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        let fault = match why {
            Why::Unmet(Unmet::Scope(_)) => GrantFault::ScopeNotGranted,
            Why::Unmet(Unmet::Audience(_)) => GrantFault::AudienceNotGranted,
            Why::Unmet(Unmet::CutOff) => GrantFault::CutOff,
            Why::Unmet(
                Unmet::Client
                | Unmet::Pending
                | Unmet::Denied
                | Unmet::Revoked
                | Unmet::Expired
                | Unmet::Idle,
            ) => GrantFault::Ended,
            Why::Unknown => GrantFault::Unknown,
            Why::RedeemedJustNow => GrantFault::RedeemedJustNow,
            Why::Replayed => GrantFault::CodeReplayed,
            Why::Reused { presented } => GrantFault::Reused { presented },
        };
        Self::Grant(fault)
    }
}
