//! `/userinfo` (OpenID Connect Core §5.3): claims about the person, for the holder of an access token.

use std::borrow::Cow;

use bytes::Bytes;
use http::{
    Method, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::Value;

use crate::{
    access_token::AccessToken,
    attached_claims,
    audit::Audit,
    disclosure::{Disclosure, Place},
    grant::live::{self, LiveToken},
    host::Host,
    refusal::{BearerFault, Refusal},
    request::{At, Incoming},
    response::no_store_json,
};

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    at.issuer.ledger()?;
    let text = bearer_token(at.request)?;
    let token = AccessToken::decode(at, &text)
        .await?
        .ok_or(BearerFault::Invalid)?;
    audit.client_id = Some(token.client_id.clone());
    audit.jti = Some(token.jti.clone());
    audit.grant = token.sid;
    if token.sid.is_none() || !token.scope.contains("openid") {
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
    let grant = grant.ok_or(BearerFault::Scope)?;
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
    claims.insert("sub".to_owned(), Value::String(token.sub.into_owned()));
    Ok(no_store_json(StatusCode::OK, &claims))
}

/// The access token of the request, in the header or in a form (RFC 6750 §2.1, §2.2), never in the
/// query.
fn bearer_token(request: &Incoming<'_>) -> Result<String, Refusal> {
    let mut lines = request.headers.get_all(AUTHORIZATION).iter();
    let in_header = match (lines.next(), lines.next()) {
        (None, _) => None,
        (Some(_), Some(_)) => return Err(BearerFault::Several.into()),
        (Some(line), None) => {
            let text = line.to_str().map_err(|_| BearerFault::Invalid)?;
            let (scheme, token) = text.split_once(' ').ok_or(BearerFault::Missing)?;
            if !scheme.eq_ignore_ascii_case("Bearer") {
                return Err(BearerFault::Missing.into());
            }
            Some(token.trim().to_owned())
        }
    };
    let is_form = request.method == Method::POST && request.headers.contains_key(CONTENT_TYPE);
    let in_body = if is_form && !request.body.is_empty() {
        request.form()?.get("access_token").map(str::to_owned)
    } else {
        None
    };
    match (in_header, in_body) {
        (Some(_), Some(_)) => Err(BearerFault::Several.into()),
        (Some(token), None) | (None, Some(token)) => Ok(token),
        (None, None) => Err(BearerFault::Missing.into()),
    }
}
