//! Scope and audiences: what a request asks for, and what is left of what was granted. Both are held
//! against what the client is registered for now.

use std::collections::BTreeSet;

use url::Url;

use crate::{
    client::Client,
    config::{Config, IssuerIdentifier, UnregisteredScopes},
    inserted::inserted,
    parameters::{MOST_AUDIENCES, Parameters},
    refusal::{ExchangeFault, GrantFault, Refusal, RequestFault},
    scope::{Scope, first_outside},
};

/// What an access token is issued for: all of what was granted, or a part.
#[derive(Clone, Debug)]
pub(crate) struct Portion {
    pub(crate) scope: Scope,
    /// Never empty.
    pub(crate) audiences: Vec<String>,
}

impl Portion {
    /// The part of it that the client is registered for now. Rights that were withdrawn come back with
    /// the registration: a grant keeps what a person gave, and this is asked at each use.
    ///
    /// The issuer as audience is never withdrawn: it is this server, which decides by the scope.
    ///
    /// # Errors
    /// Nothing is left of the scope, or of the audiences. A token without any would say less than it
    /// seems to: a resource server that asks for no scope would take it.
    pub(crate) fn registered(
        self,
        client: &Client,
        issuer: &IssuerIdentifier,
    ) -> Result<Self, GrantFault> {
        let registered = client.audiences.iter().map(String::as_str);
        let registered: BTreeSet<_> = inserted(registered.chain([issuer.as_str()]));
        let mut audiences = self.audiences;
        audiences.retain(|own| registered.contains(own.as_str()));
        if audiences.is_empty() {
            return Err(GrantFault::AudiencesWithdrawn);
        }
        let scope = client.scope_at(self.scope.within(&client.scope), &audiences);
        if scope.is_empty() && !self.scope.is_empty() {
            return Err(GrantFault::ScopeWithdrawn);
        }
        Ok(Self { scope, audiences })
    }
}

/// What the request asks for (RFC 6749 §3.3, RFC 8707 §2), as far as it is registered. Of the scope all that
/// is registered for its audiences if it names none. What a request names and the client has for other APIs
/// alone is not registered for these.
pub(crate) fn portion(
    client: &Client,
    parameters: &Parameters<'_>,
    config: &Config,
) -> Result<Portion, Refusal> {
    let unregistered = config.unregistered_scopes();
    if parameters.get("scope").is_none() {
        let scope = client.scope.clone();
        let audiences = audiences(client, parameters, &scope, config.issuer())?;
        let scope = client.scope_at(scope, &audiences);
        return Ok(Portion { scope, audiences });
    }
    let requested = scope_of_part(client, parameters, unregistered)?;
    let audiences = audiences(client, parameters, &requested, config.issuer())?;
    let scope = scope_for(client, requested, &audiences, unregistered)?;
    Ok(Portion { scope, audiences })
}

/// The part of a scope that was asked for, and is registered, that is good at these audiences.
fn scope_for(
    client: &Client,
    requested: Scope,
    audiences: &[String],
    unregistered: UnregisteredScopes,
) -> Result<Scope, Refusal> {
    let asked = requested.iter().count();
    let scope = client.scope_at(requested, audiences);
    let is_whole = scope.iter().count() == asked;
    match unregistered {
        _ if is_whole => Ok(scope),
        UnregisteredScopes::Ignore if !scope.is_empty() => Ok(scope),
        UnregisteredScopes::Refuse | UnregisteredScopes::Ignore => Err(Refusal::ScopeNotRegistered),
    }
}

/// Refuses a request for a part of a grant that names audiences, and a scope that is not good there.
pub(crate) fn require_scope_for(
    client: &Client,
    scope: &Scope,
    audiences: &[String],
    unregistered: UnregisteredScopes,
) -> Result<(), Refusal> {
    if audiences.is_empty() {
        return Ok(());
    }
    scope_for(client, scope.clone(), audiences, unregistered).map(|_| ())
}

/// The scope that a request for a part of a grant names, as far as it is registered; empty if it names
/// none. Whether it was granted is left to the grant.
pub(crate) fn scope_of_part(
    client: &Client,
    parameters: &Parameters<'_>,
    unregistered: UnregisteredScopes,
) -> Result<Scope, Refusal> {
    let Some(text) = parameters.get("scope") else {
        return Ok(Scope::default());
    };
    let requested: Scope = text.parse().map_err(|_| RequestFault::MalformedScope)?;
    // Spaces alone are no scope (RFC 6749 §3.3), and not the same as none asked for.
    if requested.is_empty() {
        return Err(RequestFault::MalformedScope.into());
    }
    if client.unregistered_scope(&requested).is_none() {
        return Ok(requested);
    }
    match unregistered {
        UnregisteredScopes::Refuse => Err(Refusal::ScopeNotRegistered),
        UnregisteredScopes::Ignore => {
            let registered = requested.within(&client.scope);
            // Nothing left is not the same as nothing asked for, which gets all there is.
            let left = Some(registered).filter(|registered| !registered.is_empty());
            left.ok_or(Refusal::ScopeNotRegistered)
        }
    }
}

/// The audiences that the request for `scope` asks for, and no others. If it names none: the client's
/// first audience, with the issuer where the scope has `openid`, so that the token is good at
/// `/userinfo`; or the issuer alone where the client has neither audiences nor APIs. Never empty.
fn audiences(
    client: &Client,
    parameters: &Parameters<'_>,
    scope: &Scope,
    issuer: &IssuerIdentifier,
) -> Result<Vec<String>, Refusal> {
    let requested = requested_audiences(client, parameters)?;
    if !requested.is_empty() {
        // Whoever asks for an ID token may ask this server about the person.
        let is_own = scope.contains("openid") || client.has_the_issuer();
        let own = Some(issuer.as_str()).filter(|_| is_own);
        require_registered_audiences(client, &requested, own)?;
        return Ok(requested);
    }
    let mut audiences: Vec<_> = client.default_audience().cloned().into_iter().collect();
    let is_own = scope.contains("openid") || client.has_the_issuer();
    if is_own && !audiences.iter().any(|it| it == issuer.as_str()) {
        audiences.push(issuer.as_str().to_owned());
    }
    if audiences.is_empty() {
        return Err(Refusal::AudienceNotRegistered);
    }
    Ok(audiences)
}

/// The audiences of a request for a part of a grant, checked against what the client is registered for
/// now. Whether they were granted is left to the grant, which has the issuer where it may.
pub(crate) fn audiences_of_part(
    client: &Client,
    parameters: &Parameters<'_>,
    issuer: &IssuerIdentifier,
) -> Result<Vec<String>, Refusal> {
    let requested = requested_audiences(client, parameters)?;
    require_registered_audiences(client, &requested, Some(issuer.as_str()))?;
    Ok(requested)
}

/// What the request asks for of what a token is for that is exchanged: all that the client is registered
/// for, unless it names less. `further` are audiences that a rule opens: the request has to name them.
pub(crate) fn portion_of_exchange(
    client: &Client,
    parameters: &Parameters<'_>,
    held: &Portion,
    further: &[String],
    config: &Config,
) -> Result<Portion, Refusal> {
    let mut scope = scope_of_part(client, parameters, config.unregistered_scopes())?;
    if scope.first_outside(&held.scope).is_some() {
        return Err(ExchangeFault::Scope.into());
    }
    if scope.is_empty() {
        scope = held.scope.within(&client.scope);
        if scope.is_empty() && !held.scope.is_empty() {
            return Err(ExchangeFault::NoScope.into());
        }
    }
    let audiences = audiences_of_exchange(client, parameters, &scope, held, further, config)?;
    let is_named = parameters.get("scope").is_some();
    let scope = if is_named {
        scope_for(client, scope, &audiences, config.unregistered_scopes())?
    } else {
        client.scope_at(scope, &audiences)
    };
    Ok(Portion { scope, audiences })
}

fn audiences_of_exchange(
    client: &Client,
    parameters: &Parameters<'_>,
    scope: &Scope,
    held: &Portion,
    further: &[String],
    config: &Config,
) -> Result<Vec<String>, Refusal> {
    let issuer = config.issuer().as_str();
    let own = Some(issuer).filter(|_| scope.contains("openid") || client.has_the_issuer());
    let requested = requested_audiences(client, parameters)?;
    require_registered_audiences(client, &requested, own)?;
    let held = held.audiences.iter().map(String::as_str);
    if requested.is_empty() {
        let registered = client.audiences.iter().map(String::as_str);
        let registered: BTreeSet<_> = inserted(registered.chain(own));
        let left: Vec<_> = held
            .filter(|held| registered.contains(held))
            .map(str::to_owned)
            .collect();
        let left = Some(left).filter(|left| !left.is_empty());
        return left.ok_or(ExchangeFault::NoTarget.into());
    }
    let open = held.chain(further.iter().map(String::as_str));
    match first_outside(requested.iter().map(String::as_str), open) {
        None => Ok(requested),
        Some(_) => Err(ExchangeFault::Target.into()),
    }
}

/// Refuses audiences that the client is not registered for, but for `own`.
fn require_registered_audiences(
    client: &Client,
    audiences: &[String],
    own: Option<&str>,
) -> Result<(), Refusal> {
    let asked = audiences.iter().map(String::as_str);
    let registered = client.audiences.iter().map(String::as_str).chain(own);
    match first_outside(asked, registered) {
        None => Ok(()),
        Some(_) => Err(Refusal::AudienceNotRegistered),
    }
}

/// The values of `resource` (RFC 8707 §2) and `audience` (RFC 8693 §2.1), in order and each once, aliases as
/// what the client is registered for. They are well-formed, and not yet checked against that.
fn requested_audiences(
    client: &Client,
    parameters: &Parameters<'_>,
) -> Result<Vec<String>, Refusal> {
    let named = || parameters.all("resource").chain(parameters.all("audience"));
    if named().nth(MOST_AUDIENCES).is_some() {
        return Err(RequestFault::TooManyAudiences.into());
    }
    for resource in parameters.all("resource") {
        if !Url::parse(resource).is_ok_and(|url| url.fragment().is_none()) {
            return Err(RequestFault::MalformedResource.into());
        }
    }
    let mut known = BTreeSet::new();
    let audiences = named().map(|named| client.audience_named(named).unwrap_or(named));
    let audiences = audiences.filter(|audience| known.insert(*audience));
    Ok(audiences.map(str::to_owned).collect())
}
