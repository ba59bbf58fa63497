//! Access tokens that a rule gave another type, or that were issued at another address of the issuer:
//! the server knows one type and one address.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use url::form_urlencoded::Serializer;

use crate::{
    forge::{Forge, Known},
    visit::Visit,
};

/// The parameters that hold an access token: RFC 7009 §2.1 and RFC 7662 §2.1, then RFC 6750 §2.2, then RFC
/// 8693 §2.1.
const TOKENS: [&str; 4] = ["token", "access_token", "subject_token", "actor_token"];

/// Puts the access tokens of a request as the server at this address would have made it.
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

/// The form with other access tokens, if it has any to be put so.
async fn retyped_form(visit: &Visit<'_>, forge: &Forge<'_>, known: &Known) -> Option<Bytes> {
    let issuer = &visit.at.address.issuer;
    let mut retyped = BTreeMap::new();
    for token in TOKENS.iter().filter_map(|name| visit.asked.get(name)) {
        if let Some(other) = forge.as_access_token(token, known, issuer).await {
            retyped.insert(token, other);
        }
    }
    if retyped.is_empty() {
        return None;
    }
    let pairs = visit.asked.pairs()?;
    let pairs = pairs.map(|(name, value)| (name, retyped.get(value).map_or(value, String::as_str)));
    let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
    Some(Bytes::from(form))
}
