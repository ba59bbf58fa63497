//! Token exchange (RFC 8693): a client that was given a token, as its resource server or as its own
//! client, gets one that is good for less, or that says who acts with it. Nothing is stored.

use super::{
    GrantType,
    live::{self, LiveToken},
    response::TokenResponse,
};
use crate::{
    access_token::{AccessToken, ExchangedFrom},
    audit::Audit,
    client::Client,
    delegation::{Actor, MOST_ACTORS},
    disclosure::{Disclosure, Place},
    host::Host,
    issue::{self, ACCESS_TOKEN_TYPE, About},
    parameters::Parameters,
    refusal::{ExchangeFault, Refusal, RequestFault},
    request::At,
    target::{self, Portion},
};

/// Claims that bind a token to what the request would have to prove or be checked for. No token of ours
/// has one; what says so all the same must not lose it here.
const BINDING_CLAIMS: [&str; 2] = ["cnf", "authorization_details"];

pub(crate) async fn redeem<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    // Whoever finds a token must not make another of it.
    if !client.is_confidential() {
        return Err(Refusal::PublicClient(GrantType::TokenExchange));
    }
    let presented = Presented::read(parameters)?;
    let subject = find_subject(at, client, presented.subject_token).await?;
    let mut until = subject.token.exp;
    let mut actor = None;
    if let Some(token) = presented.actor_token {
        let token = find_actor(at, client, token).await?;
        until = until.min(token.exp);
        actor = Some(Actor::own(token.sub));
    }
    let LiveToken { token, grant, .. } = subject;
    let held = Portion {
        scope: token.scope.clone(),
        audiences: token.aud.clone().into_vec(),
    };
    let act = acting(at, client, &token, actor)?;
    let portion = target::portion_of_exchange(client, parameters, &held, &[], at.issuer.config())?;
    let mut claims = token.claims;
    if let Some(grant) = &grant {
        let (place, requested) = (Place::AccessToken, &grant.requested_claims);
        claims = Disclosure::new(place, client, &portion.scope, requested).part_of(&claims);
    }
    audit.actor = act.as_ref().map(|actor| actor.sub.clone());
    let about = About {
        subject: token.sub,
        grant: token.sid,
        auth_time: token.auth_time,
        act,
        may_act: token.may_act,
        exchanged_from: Some(token.exchanged_from.unwrap_or(ExchangedFrom {
            client_id: token.client_id,
            iat: token.iat,
        })),
        claims,
        until,
    };
    issue::by_exchange(at, client, about, portion, audit).await
}

/// The tokens of a request, as they were sent. Their types are known to be supported.
struct Presented<'a> {
    subject_token: &'a str,
    actor_token: Option<&'a str>,
}

impl<'a> Presented<'a> {
    fn read(parameters: &'a Parameters<'_>) -> Result<Self, Refusal> {
        let required = |name| {
            let value = parameters.get(name);
            value.ok_or(RequestFault::MissingParameter(name))
        };
        let subject_token = required("subject_token")?;
        require_type(required("subject_token_type")?)?;
        let actor_token = parameters.get("actor_token");
        // RFC 8693 §2.1: required with an actor_token, and not to be sent without.
        match (actor_token, parameters.get("actor_token_type")) {
            (None, None) => {}
            (Some(_), Some(token_type)) => require_type(token_type)?,
            _ => return Err(ExchangeFault::HalfActor.into()),
        }
        let requested = parameters.get("requested_token_type");
        if requested.is_some_and(|requested| requested != ACCESS_TOKEN_TYPE) {
            return Err(ExchangeFault::RequestedType.into());
        }
        Ok(Self {
            subject_token,
            actor_token,
        })
    }
}

fn require_type(token_type: &str) -> Result<(), ExchangeFault> {
    if token_type == ACCESS_TOKEN_TYPE {
        Ok(())
    } else {
        Err(ExchangeFault::TokenType)
    }
}

/// The subject token, if it is good now and the client was given it: as its own client, or as one of its
/// audiences.
async fn find_subject<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    text: &str,
) -> Result<LiveToken<'static>, Refusal> {
    let live = find_token(at, text).await?.ok_or(ExchangeFault::Subject)?;
    let token = &live.token;
    if token.client_id != client.id && !token.aud.contains(client.id.as_str()) {
        return Err(ExchangeFault::OthersSubject.into());
    }
    Ok(live)
}

/// The actor token, if it is good now and the client's own.
async fn find_actor<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    text: &str,
) -> Result<AccessToken<'static>, Refusal> {
    let live = find_token(at, text).await?.ok_or(ExchangeFault::Actor)?;
    let token = live.token;
    if token.client_id != client.id {
        return Err(ExchangeFault::OthersActor.into());
    }
    // Whom such an actor acts for would be lost: `act` is about the subject (§4.1).
    if token.act.is_some() {
        return Err(ExchangeFault::ActingActor.into());
    }
    Ok(token)
}

/// The access token of ours that the text is, if it is good now.
async fn find_token<H: Host>(
    at: &At<'_, H>,
    text: &str,
) -> Result<Option<LiveToken<'static>>, Refusal> {
    let Some(token) = AccessToken::decode(at, text).await? else {
        return Ok(None);
    };
    if BINDING_CLAIMS
        .iter()
        .any(|name| token.claims.contains_key(*name))
    {
        return Err(ExchangeFault::Bound.into());
    }
    live::find_live(at, token).await
}

/// Who acts with the new token, around who acted before. A client that exchanges its own token acts as
/// before; any other is the actor, unless it brings another's token.
fn acting<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    subject: &AccessToken<'_>,
    actor: Option<Actor>,
) -> Result<Option<Actor>, ExchangeFault> {
    let before = subject.act.clone();
    let actor = match actor {
        Some(actor) => actor,
        None if subject.client_id == client.id => return Ok(before),
        None => Actor::own(client.id.as_str()),
    };
    let (id, issuer) = (client.id.as_str(), at.issuer.config().issuer().as_str());
    let may_act = subject.may_act.as_ref();
    if may_act.is_some_and(|may_act| !may_act.admits(&actor, id, issuer)) {
        return Err(ExchangeFault::MayAct);
    }
    let act = actor.after(before);
    if act.count() > MOST_ACTORS {
        return Err(ExchangeFault::TooManyActors);
    }
    Ok(Some(act))
}
