//! What a token is for: the scope and audiences a request asks for, held against what is
//! registered.

use url::Url;

use crate::{
    client::Client,
    config::IssuerIdentifier,
    parameters::Parameters,
    refusal::{Refusal, RequestFault},
    scope::Scope,
};

/// `scope`, RFC 6749 §3.3; all that is registered if the request names none.
pub(crate) fn scope(client: &Client, parameters: &Parameters<'_>) -> Result<Scope, Refusal> {
    let Some(requested) = parameters.get("scope") else {
        return Ok(client.scope.clone());
    };
    let requested: Scope = requested
        .parse()
        .map_err(|_| RequestFault::MalformedScope)?;
    match client.unregistered_scope(&requested) {
        None => Ok(requested),
        Some(token) => Err(Refusal::ScopeNotRegistered(token.to_owned())),
    }
}

/// `resource` (RFC 8707 §2) and `audience` (RFC 8693 §2.1), in order and each once. If the request
/// names none: the client's first audience, or the issuer. Never empty.
pub(crate) fn audiences(
    client: &Client,
    parameters: &Parameters<'_>,
    issuer: &IssuerIdentifier,
) -> Result<Vec<String>, Refusal> {
    let mut audiences = requested(parameters)?;
    if let Some(audience) = client.unregistered_audience(&audiences) {
        return Err(Refusal::AudienceNotRegistered(audience.to_owned()));
    }
    if audiences.is_empty() {
        let default = client.audiences.first();
        audiences.push(default.map_or(issuer.as_str(), String::as_str).to_owned());
    }
    Ok(audiences)
}

/// What the request names, well-formed but not yet held against anything.
pub(crate) fn requested(parameters: &Parameters<'_>) -> Result<Vec<String>, Refusal> {
    let mut audiences = Vec::<String>::new();
    let resources = parameters.all("resource").map(|text| (text, true));
    let names = parameters.all("audience").map(|text| (text, false));
    for (text, is_uri) in resources.chain(names) {
        let absolute = || Url::parse(text).is_ok_and(|url| url.fragment().is_none());
        if is_uri && !absolute() {
            return Err(RequestFault::MalformedResource(text.to_owned()).into());
        }
        if !audiences.iter().any(|known| known == text) {
            audiences.push(text.to_owned());
        }
    }
    Ok(audiences)
}
