//! Token exchange (RFC 8693): for a token that it was given, a client gets one that is good for less, or
//! that says who acts with it. Nothing is stored.
//!
//! For a token of ours its client, or one of its audiences, must authenticate: whoever finds a token must
//! not make another of it. A token of a trusted issuer stands for a client by the rules of that issuer, as
//! it does where it is an assertion.

use super::{GrantType, response::TokenResponse};
use crate::{
    assertion::SingleUse,
    audit::Audit,
    authentication::{Caller, Sender, authenticate_caller, identify},
    claims::LONGEST_TOKEN_CLAIMS,
    delegation::{Actor, MOST_ACTORS, MayAct},
    host::Host,
    issue::{self, About},
    parameters::Parameters,
    refusal::{ExchangeFault, Refusal},
    request::At,
    target::Portion,
};

mod actor;
mod foreign_subject;
mod own_subject;
mod own_token;
mod presented;

use actor::VerifiedActor;
use presented::{Presented, PresentedToken};

/// What a subject token allows the client that exchanges it.
struct Subject {
    /// What the new token says, who acts included so far as the subject token says it.
    about: About<'static>,
    portion: Portion,
    /// Who acts now, where no actor token says so.
    acting: Acting,
    /// Who may act now, by the subject token.
    may_act: Option<MayAct>,
    /// To be taken last, where a rule lets each token be used once.
    single_use: Option<SingleUse>,
}

/// Who acts for the subject.
enum Acting {
    /// Nobody new: the client exchanges its own token.
    Nobody,
    /// This actor, whom the new token names.
    Named(Actor),
    /// This actor, whom it does not name: impersonation (RFC 8693 §1.1).
    Unnamed(Actor),
}

/// Who sends the request. Where the subject token is a trusted issuer's it vouches for them, and only there
/// the client need not authenticate; a client that is named, or that does, must be the one of the rule.
pub(crate) async fn caller<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Caller, Refusal> {
    let presented = Presented::read(at, parameters)?;
    let PresentedToken::Foreign(subject) = presented.subject else {
        return authenticate_caller(at, parameters, audit).await;
    };
    let sender = match presented.actor {
        Some(PresentedToken::Own(_)) => {
            Sender::Authenticated(authenticate_caller(at, parameters, audit).await?)
        }
        _ => identify(at, parameters, audit).await?,
    };
    let vouched = subject.vouched(at, sender.whom(), audit).await;
    let vouched = vouched.map_err(|why| why.refused_as(ExchangeFault::Foreign))?;
    Ok(Caller::vouched(vouched))
}

/// The new token. Only when all is decided are the tokens used up that count once.
pub(crate) async fn redeem<H: Host>(
    at: &At<'_, H>,
    mut caller: Caller,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let mut client = caller.client.clone();
    if !client.is_confidential() {
        return Err(Refusal::PublicClient(GrantType::TokenExchange));
    }
    let presented = Presented::read(at, parameters)?;
    let mut actor = None;
    let mut single_uses = Vec::new();
    if let Some(token) = presented.actor {
        let verified = VerifiedActor::find(at, &client, token, audit).await?;
        client = verified.client.clone();
        single_uses.extend(verified.single_use.clone());
        actor = Some(verified);
    }
    let subject = match (presented.subject, caller.vouched.as_deref()) {
        (PresentedToken::Foreign(_), Some(vouched)) => {
            foreign_subject::read(at, &client, vouched, parameters)?
        }
        // What may vouch for the caller here is its own assertion, and not the subject token.
        (token, _) => own_subject::find(at, &client, token.text(), parameters, audit).await?,
    };
    single_uses.extend(subject.single_use);
    let mut about = subject.about;
    let mut acting = subject.acting;
    if let Some(actor) = actor {
        about.until = about.until.min(actor.until);
        acting = Acting::Named(actor.actor);
    }
    let may_act = subject.may_act.as_ref();
    acting.require_allowed(at, client.id.as_str(), may_act)?;
    about.act = acting.around(about.act)?;
    let used_up = caller.use_up(at).await;
    used_up.map_err(|why| why.refused_as(ExchangeFault::Foreign))?;
    for single_use in single_uses {
        let taken = single_use.take(at).await;
        taken.map_err(|why| why.refused_as(ExchangeFault::Foreign))?;
    }
    issue::by_exchange(at, &client, about, subject.portion, audit).await
}

impl Acting {
    /// Refuses an actor, named or not, who is none of those that `may_act`.
    fn require_allowed<H: Host>(
        &self,
        at: &At<'_, H>,
        client_id: &str,
        may_act: Option<&MayAct>,
    ) -> Result<(), ExchangeFault> {
        let issuer = at.issuer.config().issuer().as_str();
        match (self, may_act) {
            (Self::Named(actor) | Self::Unnamed(actor), Some(may_act))
                if !may_act.admits(actor, client_id, issuer) =>
            {
                Err(ExchangeFault::MayAct)
            }
            _ => Ok(()),
        }
    }

    /// `act` of the new token: who acts, around those who acted `before`.
    fn around(self, before: Option<Actor>) -> Result<Option<Actor>, ExchangeFault> {
        let act = match self {
            Self::Named(actor) => Some(actor.after(before)),
            Self::Nobody | Self::Unnamed(_) => before,
        };
        let fits = |act: &Actor| {
            act.chain().count() <= MOST_ACTORS && act.length() <= LONGEST_TOKEN_CLAIMS
        };
        if act.as_ref().is_none_or(fits) {
            Ok(act)
        } else {
            Err(ExchangeFault::TooManyActors)
        }
    }
}
