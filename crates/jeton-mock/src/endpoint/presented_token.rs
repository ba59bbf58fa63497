//! Access tokens that a rule gave another type, or that were issued at another address of the issuer:
//! the server knows one type and one address.

use bytes::Bytes;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use url::form_urlencoded::Serializer;

use crate::{
    forge::{Forge, Known},
    visit::Visit,
};

/// The parameters that hold an access token: RFC 7009 §2.1 and RFC 7662 §2.1, then RFC 6750 §2.2.
const TOKENS: [&str; 2] = ["token", "access_token"];

/// Puts the access token of a request as the server at this address would have made it.
pub(super) async fn retype(visit: &Visit<'_>, request: &mut Request<Bytes>) {
    retype_for(visit, None, request).await;
}

/// The same, and with the audience `audience` where the token has others only.
pub(super) async fn retype_for(
    visit: &Visit<'_>,
    audience: Option<String>,
    request: &mut Request<Bytes>,
) {
    let at = &visit.at;
    let known = Known {
        types: at.issuer.access_token_types(),
        issuers: at.issuer.other_addresses(at.address),
        audience,
    };
    if known.types.is_empty() && known.issuers.is_empty() && known.audience.is_none() {
        return;
    }
    let (forge, issuer) = (at.forge(), at.address.issuer.as_str());
    let header = request.headers().get(AUTHORIZATION);
    if let Some((scheme, token)) = header
        .and_then(|it| it.to_str().ok())
        .and_then(|it| it.split_once(' '))
        && let Some(token) = forge.as_access_token(token.trim(), &known, issuer).await
        && let Ok(value) = HeaderValue::try_from(format!("{scheme} {token}"))
    {
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    if let Some(form) = retyped_form(visit, &forge, &known).await {
        *request.body_mut() = form;
    }
}

/// The form with another access token, if it has one to be put so.
async fn retyped_form(visit: &Visit<'_>, forge: &Forge<'_>, known: &Known) -> Option<Bytes> {
    let token = TOKENS.iter().find_map(|name| visit.asked.get(name))?;
    let issuer = &visit.at.address.issuer;
    let retyped = forge.as_access_token(token, known, issuer).await?;
    let pairs = visit.asked.pairs()?.map(|(name, value)| {
        if value == token {
            (name, retyped.as_str())
        } else {
            (name, value)
        }
    });
    let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
    Some(Bytes::from(form))
}
