//! Subject tokens of trusted issuers. What such a token allows is what its rule lets the client have; who
//! acted and who may, it says in the names of its issuer.

use serde_json::Value;

use super::{Acting, Subject};
use crate::{
    access_token::ExchangedFrom,
    claims::MAY_ACT,
    client::Client,
    delegation::{Actor, MayAct},
    foreign_token::Vouched,
    host::Host,
    issue::About,
    json::Tree,
    parameters::Parameters,
    refusal::{ExchangeFault, Refusal},
    request::At,
    shown_subject::ShownSubject,
    target,
    time::UnixTime,
};

/// What the token allows that `vouched` is of.
pub(super) fn read<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    vouched: &Vouched,
    parameters: &Parameters<'_>,
) -> Result<Subject, Refusal> {
    let config = at.issuer.config();
    let portion = target::portion(client, parameters, config)?;
    let own_issuer = config.issuer().as_str();
    let mut claims = client.client_claims_at(&portion.audiences);
    let may_act = match vouched.claims.get(MAY_ACT) {
        None => None,
        Some(may_act) => {
            let may_act = MayAct(may_act.clone()).of_issuer(&vouched.issuer);
            Some(may_act.ok_or(ExchangeFault::MayAct)?)
        }
    };
    // The client's record says who may act with what is issued.
    let recorded = claims.remove(MAY_ACT).map(MayAct);
    if may_act.is_some() && recorded.is_some() {
        // The new token could keep to one of them only.
        return Err(ExchangeFault::MayAct.into());
    }
    let act = match vouched.claims.get("act") {
        None => None,
        Some(act) => Some(foreign_actor(act, &vouched.issuer, own_issuer)?),
    };
    let actor = Actor::own(client.id.as_str());
    // Where the new token is about the client, it does not act for another.
    let acting = if vouched.subject.is_none() || vouched.impersonation {
        Acting::Unnamed(actor)
    } else {
        Acting::Named(actor)
    };
    let about = About {
        subject: match &vouched.subject {
            Some(subject) => ShownSubject::sent(subject.clone()),
            None => ShownSubject::sent(client.id.to_string()),
        },
        person: None,
        grant: None,
        auth_time: None,
        act,
        may_act: may_act.clone().or(recorded),
        registration: None,
        exchanged_from: vec![ExchangedFrom {
            client_id: client.id.clone(),
            iat: at.now,
            jti: None,
        }],
        claims,
        // The client that comes of a rule issues none beyond the subject token's `exp`.
        until: UnixTime(u64::MAX),
    };
    Ok(Subject {
        about,
        portion,
        acting,
        may_act,
        single_use: None,
    })
}

/// The chain of actors in a token of `issuer`, whose names are that issuer's unless it says otherwise.
/// None of them is ours to its word: resource servers would take it for ours.
fn foreign_actor(act: &Value, issuer: &str, own_issuer: &str) -> Result<Actor, ExchangeFault> {
    let chain: Actor = Tree::from(act.clone())
        .read()
        .map_err(|_| ExchangeFault::ForeignActor)?;
    let chain = chain.of_issuer(issuer);
    let is_nobody_or_ours =
        |actor: &Actor| actor.sub.is_empty() || actor.iss.as_deref() == Some(own_issuer);
    if chain.chain().any(is_nobody_or_ours) {
        return Err(ExchangeFault::ForeignActor);
    }
    Ok(chain)
}
