//! What becomes of a right answer: other claims, other addresses, and what is to be wrong with it.

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{AUTHORIZATION, COOKIE, SET_COOKIE},
};
use jeton::{COOKIE_PREFIXES, CryptoError};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::{
    address::Address,
    claims::{Additions, merge},
    fault::Acting,
    forge::{Forge, Jwt, Known, at_hash},
    spec::{Effect, Endpoint, TokenFault, TokenKind},
};

/// RFC 6265bis §4.1.3.2.
const HOST_PREFIX: &str = "__Host-";

/// The members of the two metadata documents that a browser follows; backends follow the others.
const FOLLOWED_BY_BROWSERS: [&str; 2] = ["authorization_endpoint", "end_session_endpoint"];

/// A JSON object in an answer, written back only where it changed.
pub(crate) fn edit(response: &mut Response<Bytes>, change: impl FnOnce(&mut Map<String, Value>)) {
    let Ok(mut body) = serde_json::from_slice(response.body()) else {
        return;
    };
    change(&mut body);
    write(response, &body);
}

pub(crate) fn read(response: &Response<Bytes>) -> Option<Map<String, Value>> {
    if response.status() != StatusCode::OK {
        return None;
    }
    serde_json::from_slice(response.body()).ok()
}

fn write(response: &mut Response<Bytes>, body: &Map<String, Value>) {
    *response.body_mut() = Bytes::from(serde_json::to_vec(body).unwrap_or_default());
}

/// Leaves keys out of a JWKS.
pub(crate) fn hide_keys(response: &mut Response<Bytes>, hidden: &[String]) {
    edit(response, |set| {
        if let Some(keys) = set.get_mut("keys").and_then(Value::as_array_mut) {
            keys.retain(|key| {
                let kid = key.get("kid").and_then(Value::as_str);
                kid.is_none_or(|kid| !hidden.iter().any(|own| own == kid))
            });
        }
    });
}

/// Says the addresses that browsers and backends use, where those differ from the issuer's.
pub(crate) fn readdress(response: &mut Response<Bytes>, endpoint: Endpoint, address: &Address) {
    if address.browser == address.issuer && address.backend == address.issuer {
        return;
    }
    let followed = |name: &str| match endpoint {
        Endpoint::DeviceAuthorization => name.starts_with("verification_uri"),
        _ => FOLLOWED_BY_BROWSERS.contains(&name),
    };
    let served = |name: &str| name == "jwks_uri" || name.ends_with("_endpoint");
    edit(response, |document| {
        for (name, value) in document {
            let base = match name.as_str() {
                name if followed(name) => &address.browser,
                name if served(name) => &address.backend,
                _ => continue,
            };
            if let Some(rest) = value
                .as_str()
                .and_then(|it| it.strip_prefix(&address.issuer))
            {
                *value = Value::String(format!("{base}{rest}"));
            }
        }
    });
}

/// An https issuer's cookies are for https only. Where browsers reach it by http, as through a proxy
/// that is left out in a test, they would drop them; so there the cookies go without.
pub(crate) fn plain_cookies(response: &mut Response<Bytes>) {
    let plain: Vec<_> = response
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|cookie| {
            let text = cookie.to_str().ok()?;
            let text = text.strip_prefix(HOST_PREFIX).unwrap_or(text);
            HeaderValue::try_from(text.replace("; Secure", "")).ok()
        })
        .collect();
    response.headers_mut().remove(SET_COOKIE);
    for cookie in plain {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// The other way round, for the server.
pub(crate) fn host_cookies(request: &mut Request<Bytes>) {
    let lines = request.headers().get_all(COOKIE).iter();
    let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    if lines.is_empty() {
        return;
    }
    let host = |cookie: &str| {
        let prefix = match COOKIE_PREFIXES.iter().any(|own| cookie.starts_with(own)) {
            true => HOST_PREFIX,
            false => "",
        };
        format!("{prefix}{cookie}")
    };
    let cookies = lines.iter().flat_map(|line| line.split(';'));
    let cookies: Vec<_> = cookies.map(|it| host(it.trim())).collect();
    if let Ok(cookies) = HeaderValue::try_from(cookies.join("; ")) {
        request.headers_mut().insert(COOKIE, cookies);
    }
}

/// Puts an access token that a rule gave another type, or that was issued at another address, as the
/// server at `issuer` would have made it.
pub(crate) async fn retype(
    request: &mut Request<Bytes>,
    known: &Known,
    issuer: &str,
    forge: &Forge<'_>,
) {
    let header = request.headers().get(AUTHORIZATION);
    if let Some((scheme, token)) = header
        .and_then(|it| it.to_str().ok())
        .and_then(|it| it.split_once(' '))
        && let Some(token) = forge.as_access_token(token.trim(), known, issuer).await
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
        && let Some(retyped) = forge.as_access_token(token, known, issuer).await
    {
        *token = retyped;
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(&form);
        *request.body_mut() = Bytes::from(encoded.finish());
    }
}

/// The claims of the access token in a token response.
pub(crate) fn access_token(body: &Map<String, Value>) -> Option<Map<String, Value>> {
    let token = body.get("access_token")?.as_str()?;
    Jwt::parse(token).map(|token| token.claims)
}

/// Signs the tokens of a token response anew, where they are to say more or to be wrong; answers what
/// is wrong with them now.
pub(crate) async fn remake_tokens(
    response: &mut Response<Bytes>,
    mut body: Map<String, Value>,
    additions: &Additions,
    acting: &[Acting],
    forge: &Forge<'_>,
) -> Result<Vec<TokenFault>, CryptoError> {
    let mut wrong = Vec::new();
    let before = body.get("access_token").cloned();
    let kind = TokenKind::AccessToken;
    wrong.extend(remake(&mut body, kind, additions, acting, forge, None).await?);
    let access_token = body
        .get("access_token")
        .filter(|now| before.as_ref() != Some(now));
    let access_token = access_token.and_then(Value::as_str).map(str::to_owned);
    let kind = TokenKind::IdToken;
    let access_token = access_token.as_deref();
    wrong.extend(remake(&mut body, kind, additions, acting, forge, access_token).await?);
    if let Some(lifetime) = additions.lifetime {
        body.insert("expires_in".to_owned(), json!(lifetime));
    }
    merge(&mut body, &additions.response);
    write(response, &body);
    Ok(wrong)
}

async fn remake(
    body: &mut Map<String, Value>,
    kind: TokenKind,
    additions: &Additions,
    acting: &[Acting],
    forge: &Forge<'_>,
    access_token: Option<&str>,
) -> Result<Vec<TokenFault>, CryptoError> {
    let (member, claims, typ) = match kind {
        TokenKind::AccessToken => (
            "access_token",
            &additions.access_token,
            additions.access_token_typ.as_ref(),
        ),
        TokenKind::IdToken => ("id_token", &additions.id_token, None),
    };
    let faults = token_faults(acting, kind);
    let unchanged = claims.is_empty()
        && typ.is_none()
        && additions.lifetime.is_none()
        && faults.is_empty()
        && access_token.is_none();
    let token = body.get(member).and_then(Value::as_str);
    // An opaque token says nothing, so there is nothing to change.
    let Some(mut token) = token.filter(|_| !unchanged).and_then(Jwt::parse) else {
        return Ok(Vec::new());
    };
    if let (Some(lifetime), Some(iat)) = (
        additions.lifetime,
        token.claims.get("iat").and_then(Value::as_u64),
    ) {
        let exp = json!(iat.saturating_add(lifetime));
        token.claims.insert("exp".to_owned(), exp);
    }
    if let Some(access_token) = access_token
        && token.claims.contains_key("at_hash")
    {
        let hash = at_hash(&token, access_token);
        token.claims.insert("at_hash".to_owned(), json!(hash));
    }
    merge(&mut token.claims, claims);
    if let Some(typ) = typ {
        token.header.insert("typ".to_owned(), json!(typ));
    }
    let claims = token.claims.clone();
    let signed = forge.sign_wrong(token, &faults).await?;
    body.insert(member.to_owned(), Value::String(signed));
    Ok(faults
        .into_iter()
        .filter(|fault| match fault {
            TokenFault::Without(claim) => claims.contains_key(claim),
            _ => true,
        })
        .collect())
}

/// What is to be wrong with tokens of `kind`. Only ID tokens have a nonce.
fn token_faults(acting: &[Acting], kind: TokenKind) -> Vec<TokenFault> {
    acting
        .iter()
        .filter(|acting| acting.is_about(kind))
        .filter_map(|acting| match &acting.effect {
            Effect::Token(TokenFault::WrongNonce) if kind == TokenKind::AccessToken => None,
            Effect::Token(fault) => Some(fault.clone()),
            _ => None,
        })
        .collect()
}
