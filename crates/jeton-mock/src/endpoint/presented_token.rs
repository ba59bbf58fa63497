//! Access tokens that a rule gave another type, or that were issued at another address of the issuer:
//! the server knows one type and one address.

use bytes::Bytes;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use url::form_urlencoded;

use crate::{at::At, forge::Known};

/// Puts the access token of a request as the server at this address would have made it.
pub(super) async fn retype(at: &At<'_>, request: &mut Request<Bytes>) {
    let known = Known {
        types: at.issuer.access_token_types(),
        issuers: at.issuer.other_addresses(at.address),
    };
    if known.types.is_empty() && known.issuers.is_empty() {
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
    let form = form_urlencoded::parse(request.body());
    let mut form: Vec<(String, String)> = form.into_owned().collect();
    let token = form
        .iter_mut()
        .find(|(name, _)| name == "token" || name == "access_token");
    if let Some((_, token)) = token
        && let Some(retyped) = forge.as_access_token(token, &known, issuer).await
    {
        *token = retyped;
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(&form);
        *request.body_mut() = Bytes::from(encoded.finish());
    }
}
