//! What a token is for: the scope and audiences a request asks for, held against what is
//! registered.

use url::Url;

use crate::{
    client::Client, config::Issuer, parameters::Parameters, refusal::Refusal, scope::Scope,
};

/// `scope`, RFC 6749 §3.3; all that is registered if the request names none.
pub(crate) fn scope(client: &Client, parameters: &Parameters<'_>) -> Result<Scope, Refusal> {
    let Some(requested) = parameters.get("scope") else {
        return Ok(client.scope.clone());
    };
    let requested: Scope = requested.parse().map_err(|_| Refusal::MalformedScope)?;
    match requested.first_outside(&client.scope) {
        None => Ok(requested),
        Some(token) => Err(Refusal::ScopeNotRegistered(token.to_owned())),
    }
}

/// `resource` (RFC 8707 §2) and `audience` (RFC 8693 §2.1), in order and each once. If the request
/// names none: the client's first audience, or the issuer. Never empty.
pub(crate) fn audiences<'a>(
    client: &'a Client,
    parameters: &'a Parameters<'_>,
    issuer: &'a Issuer,
) -> Result<Vec<&'a str>, Refusal> {
    let mut audiences = Vec::<&str>::new();
    for resource in parameters.all("resource") {
        let absolute = Url::parse(resource).is_ok_and(|url| url.fragment().is_none());
        if !absolute {
            return Err(Refusal::MalformedResource(resource.to_owned()));
        }
        audiences.push(resource);
    }
    for audience in parameters.all("audience") {
        audiences.push(audience);
    }
    let mut named = Vec::with_capacity(audiences.len().max(1));
    for audience in audiences {
        if !client.audiences.iter().any(|own| own == audience) {
            return Err(Refusal::AudienceNotRegistered(audience.to_owned()));
        }
        if !named.contains(&audience) {
            named.push(audience);
        }
    }
    if named.is_empty() {
        named.push(
            client
                .audiences
                .first()
                .map_or(issuer.as_str(), String::as_str),
        );
    }
    Ok(named)
}
