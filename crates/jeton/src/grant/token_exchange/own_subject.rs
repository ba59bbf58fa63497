//! Subject tokens of ours.

use super::{Acting, Subject, own_token::find_token};
use crate::{
    access_token::{AccessToken, ExchangedFrom},
    assertion::SingleUse,
    audit::Audit,
    client::Client,
    delegation::{Actor, MOST_EXCHANGES},
    disclosure::{Disclosure, Place},
    grant::live::LiveToken,
    host::Host,
    issue::About,
    parameters::Parameters,
    refusal::{ExchangeFault, Refusal},
    request::At,
    target::{self, Portion},
    trust::Rule,
};

/// What the subject token allows, if it is good now and the client was given it: as its own client, or as
/// one of its audiences.
pub(super) async fn find<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    text: &str,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Subject, Refusal> {
    let live = find_token(at, text).await?.ok_or(ExchangeFault::Subject)?;
    let LiveToken { token, grant, .. } = live;
    if token.client_id != client.id && !token.aud.contains(client.id.as_str()) {
        return Err(ExchangeFault::OthersSubject.into());
    }
    let rule = find_rule(at, client, &token, audit).await?;
    let rule = rule.as_ref();
    let held = Portion {
        scope: token.scope.clone(),
        audiences: token.aud.clone().into_vec(),
    };
    let further = rule.and_then(|rule| rule.audiences.as_deref());
    let scope = rule.and_then(|rule| rule.scope.as_ref());
    let scope = scope.map_or(client.scope.clone(), |most| client.scope.within(most));
    let mut narrowed = client.clone();
    narrowed.scope = scope;
    let portion = target::portion_of_exchange(
        &narrowed,
        parameters,
        &held,
        further.unwrap_or_default(),
        at.issuer.config(),
    )?;
    let longest = rule.and_then(|rule| rule.access_token_lifetime);
    let until = longest.map_or(token.exp, |longest| token.exp.min(at.now + longest));
    let single_use = if rule.is_some_and(|rule| rule.single_use) {
        let single_use = SingleUse::of(&token.iss, &token.to_claims(), token.exp);
        Some(single_use.map_err(ExchangeFault::Foreign)?)
    } else {
        None
    };
    let acting = if token.client_id == client.id {
        Acting::Nobody
    } else if rule.is_some_and(|rule| rule.impersonation) {
        Acting::Unnamed(Actor::own(client.id.as_str()))
    } else {
        Acting::Named(Actor::own(client.id.as_str()))
    };
    let mut claims = token.claims;
    if let Some(grant) = &grant {
        let (place, requested) = (Place::AccessToken, &grant.requested_claims);
        claims = Disclosure::new(place, client, &portion.scope, requested).part_of(&claims);
    }
    let mut exchanged_from = vec![ExchangedFrom {
        client_id: token.client_id,
        iat: token.iat,
        jti: Some(token.jti),
    }];
    exchanged_from.extend(token.exchanged_from);
    if exchanged_from.len() > MOST_EXCHANGES {
        return Err(ExchangeFault::TooManyExchanges.into());
    }
    let about = About {
        // As it stands: whoever is given a token learns no more of its person than it says.
        subject: token.sub,
        person: grant.and_then(|grant| grant.subject),
        grant: token.sid,
        auth_time: token.auth_time,
        registration: None,
        act: token.act,
        may_act: token.may_act,
        exchanged_from,
        claims,
        until,
    };
    Ok(Subject {
        may_act: about.may_act.clone(),
        about,
        portion,
        acting,
        single_use,
    })
}

/// The first rule about our own tokens that is for the client and that the token meets. It opens
/// `audiences` that the token is not for, and with `impersonation` it leaves the client unnamed; else it
/// only narrows. Where there are rules for the client, one must be met: else who misses the conditions of a
/// rule that narrows would have more than who meets them.
async fn find_rule<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    token: &AccessToken<'_>,
    audit: &mut Audit,
) -> Result<Option<Rule>, Refusal> {
    let own = at.issuer.config().issuer().as_str();
    let Some(document) = at.issuer.trusted_issuers().find(own, at.now).await? else {
        return Ok(None);
    };
    audit.trust_issuer = Some(own.to_owned());
    if document.disabled {
        return Err(ExchangeFault::Rule.into());
    }
    let rules = document.rules.iter();
    let mut rules = rules.filter(|rule| rule.client_id == client.id).peekable();
    if rules.peek().is_none() {
        return Ok(None);
    }
    let claims = token.to_claims();
    let is_met = |rule: &&Rule| {
        let audience = rule.audience.as_deref();
        let is_for = audience.is_none_or(|audience| token.aud.contains(audience));
        !rule.disabled && is_for && rule.conditions.iter().all(|it| it.is_met(&claims))
    };
    let rule = rules.find(is_met).ok_or(ExchangeFault::Rule)?;
    audit.trust_rule = Some(rule.name.clone());
    Ok(Some(rule.clone()))
}
