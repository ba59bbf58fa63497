//! The actor token: who acts in the client's place (RFC 8693 §2.1).

use std::sync::Arc;

use super::{own_token::find_token, presented::PresentedToken};
use crate::{
    assertion::{SingleUse, text},
    audit::Audit,
    client::Client,
    delegation::Actor,
    foreign_token::{For, Vouched},
    host::Host,
    refusal::{ExchangeFault, Refusal},
    request::At,
    time::UnixTime,
};

/// The actor of a token that is good now and the client's own: of ours by `client_id`, of a trusted issuer
/// by a rule for that client.
pub(super) struct VerifiedActor {
    pub(super) actor: Actor,
    /// The new token lives no longer.
    pub(super) until: UnixTime,
    /// The client, with what the rule lets it have.
    pub(super) client: Arc<Client>,
    pub(super) single_use: Option<SingleUse>,
}

impl VerifiedActor {
    pub(super) async fn find<H: Host>(
        at: &At<'_, H>,
        client: &Arc<Client>,
        token: PresentedToken<'_>,
        audit: &mut Audit,
    ) -> Result<Self, Refusal> {
        match token {
            PresentedToken::Own(text) => Self::own(at, client, text).await,
            PresentedToken::Foreign(token) => {
                let vouched = token.vouched(at, For::Authenticated(client), audit).await;
                let vouched = vouched.map_err(|why| why.refused_as(ExchangeFault::Foreign))?;
                Ok(Self::of(vouched)?)
            }
        }
    }

    async fn own<H: Host>(
        at: &At<'_, H>,
        client: &Arc<Client>,
        text: &str,
    ) -> Result<Self, Refusal> {
        let live = find_token(at, text).await?.ok_or(ExchangeFault::Actor)?;
        let token = live.token;
        if token.client_id != client.id {
            return Err(ExchangeFault::OthersActor.into());
        }
        // Whom such an actor acts for would be lost: what stands within `act` acted before (§4.1).
        if token.act.is_some() {
            return Err(ExchangeFault::ActingActor.into());
        }
        Ok(Self {
            actor: Actor::own(token.sub.into_string()),
            until: token.exp,
            client: Arc::clone(client),
            single_use: None,
        })
    }

    /// The client that comes of a rule issues no token beyond the actor token's `exp`.
    fn of(vouched: Vouched) -> Result<Self, ExchangeFault> {
        if vouched.claims.contains_key("act") {
            return Err(ExchangeFault::ActingActor);
        }
        let sub = text(&vouched.claims, "sub")?;
        Ok(Self {
            actor: Actor::of(sub, vouched.issuer),
            until: UnixTime(u64::MAX),
            client: vouched.client,
            single_use: vouched.single_use,
        })
    }
}
