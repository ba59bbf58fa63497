//! Scope and audiences of a request, checked against what the client is registered for.

use std::collections::BTreeSet;

use url::Url;

use crate::{
    client::Client,
    config::IssuerIdentifier,
    parameters::{MOST_AUDIENCES, Parameters},
    refusal::{Refusal, RequestFault},
    scope::Scope,
};

/// The scope that the request asks for (RFC 6749 §3.3); all that is registered if it names none.
pub(crate) fn scope(client: &Client, parameters: &Parameters<'_>) -> Result<Scope, Refusal> {
    let Some(requested) = parameters.get("scope") else {
        return Ok(client.scope.clone());
    };
    let requested: Scope = requested
        .parse()
        .map_err(|_| RequestFault::MalformedScope)?;
    match client.unregistered_scope(&requested) {
        None => Ok(requested),
        Some(_) => Err(Refusal::ScopeNotRegistered),
    }
}

/// The audiences that the request asks for. If it names none: the client's first audience, or the
/// issuer. Never empty.
pub(crate) fn audiences(
    client: &Client,
    parameters: &Parameters<'_>,
    issuer: &IssuerIdentifier,
) -> Result<Vec<String>, Refusal> {
    let mut audiences = requested_audiences(parameters)?;
    if client.unregistered_audience(&audiences).is_some() {
        return Err(Refusal::AudienceNotRegistered);
    }
    if audiences.is_empty() {
        let default = client.audiences.first();
        audiences.push(default.map_or(issuer.as_str(), String::as_str).to_owned());
    }
    Ok(audiences)
}

/// The values of `resource` (RFC 8707 §2) and `audience` (RFC 8693 §2.1), in order and each once. They
/// are well-formed, and not yet checked against what the client is registered for.
pub(crate) fn requested_audiences(parameters: &Parameters<'_>) -> Result<Vec<String>, Refusal> {
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
    let audiences = named().filter(|audience| known.insert(*audience));
    Ok(audiences.map(str::to_owned).collect())
}
