//! `/userinfo` (OpenID Connect Core §5.3): claims about the person, for the holder of an access token.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::bearer;
use crate::{
    access_token::AccessToken,
    attached_claims,
    audit::Audit,
    disclosure::{Disclosure, Place},
    grant::live::{self, LiveToken},
    host::Host,
    refusal::{BearerFault, Refusal},
    request::At,
    response::no_store_json,
};

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    at.issuer.ledger()?;
    let text = bearer::token_in_header_or_form(at.request)?;
    let token = AccessToken::decode(at, &text)
        .await?
        .ok_or(BearerFault::Invalid)?;
    audit.client_id = Some(token.client_id.clone());
    audit.jti = Some(token.jti.clone());
    audit.grant = token.sid;
    // No scope would give a client's own token a person.
    if token.sid.is_none() && token.sub.as_str() == token.client_id.as_str() {
        return Err(BearerFault::Person.into());
    }
    if !token.scope.contains("openid") {
        return Err(BearerFault::Scope.into());
    }
    // A token for other APIs only: whoever got it as one of them must not read here with it.
    let issuer = at.issuer.config().issuer().as_str();
    if !token.aud.contains(issuer) {
        return Err(BearerFault::Audience.into());
    }
    let live = live::find_live(at, token).await?;
    let LiveToken {
        token,
        client,
        root,
        grant,
    } = live.ok_or(BearerFault::Invalid)?;
    if !token.scope.contains("openid") {
        return Err(BearerFault::Scope.into());
    }
    let grant = grant.ok_or(BearerFault::Person)?;
    audit.subject.clone_from(&grant.subject);
    let requested = &grant.requested_claims;
    let disclosure = Disclosure::new(Place::Userinfo, &client, &token.scope, requested);
    let claims = if disclosure.needs_others() {
        attached_claims::all(at, &grant.claims, None).await?
    } else {
        Cow::Borrowed(&grant.claims.inline)
    };
    let mut claims = disclosure.part_of(&claims);
    // Whoever exchanged a token learns no more than its first client could.
    if root.id != client.id {
        let of_root = Disclosure::new(Place::Userinfo, &root, &token.scope, requested);
        claims = of_root.part_of(&claims);
    }
    claims.insert("sub".to_owned(), Value::String(token.sub.into_string()));
    Ok(no_store_json(StatusCode::OK, &claims))
}
