//! The tokens of a token response signed anew, where they are to say more or to be wrong.

use jeton::CryptoError;
use serde_json::{Map, Value, json};

use crate::{
    claims::{Additions, merge},
    departures::Due,
    forge::{Forge, Jwt, at_hash},
    spec::{Effect, TokenFault, TokenKind},
};

/// The token response with `additions` and with the faults that are `due`; and what is wrong with its
/// tokens now.
pub(super) async fn forge(
    mut body: Map<String, Value>,
    additions: &Additions,
    due: &[Due],
    forge: &Forge<'_>,
) -> Result<(Map<String, Value>, Vec<TokenFault>), CryptoError> {
    let before = body.get("access_token").cloned();
    let kind = TokenKind::AccessToken;
    let mut wrong = forge_one(&mut body, kind, additions, due, forge, None).await?;
    // What is sent in its place is what the client hashes.
    let sent = additions.response.get("access_token");
    let access_token = sent.or_else(|| body.get("access_token"));
    let access_token = access_token.filter(|now| before.as_ref() != Some(*now));
    let access_token = access_token.and_then(Value::as_str).map(str::to_owned);
    let access_token = access_token.as_deref();
    let kind = TokenKind::IdToken;
    wrong.extend(forge_one(&mut body, kind, additions, due, forge, access_token).await?);
    if let Some(lifetime) = additions.lifetime {
        body.insert("expires_in".to_owned(), json!(lifetime));
    }
    forge_refresh_token(&mut body, &additions.refresh_token, forge).await?;
    merge(&mut body, &additions.response);
    Ok((body, wrong))
}

/// The refresh token as a JWT, where it is to say anything: of the same person by the same issuer as the
/// access token, and signed alike.
async fn forge_refresh_token(
    body: &mut Map<String, Value>,
    claims: &Map<String, Value>,
    forge: &Forge<'_>,
) -> Result<(), CryptoError> {
    let has_one = body.get("refresh_token").is_some_and(Value::is_string);
    let access_token = body.get("access_token").and_then(Value::as_str);
    let Some(mut token) = access_token
        .filter(|_| has_one && !claims.is_empty())
        .and_then(Jwt::parse)
    else {
        return Ok(());
    };
    token
        .claims
        .retain(|name, _| ["iss", "sub", "iat", "jti"].contains(&name.as_str()));
    token.header.insert("typ".to_owned(), json!("JWT"));
    merge(&mut token.claims, claims);
    let signed = forge.sign(&token).await?;
    body.insert("refresh_token".to_owned(), Value::String(signed));
    Ok(())
}

/// Signs the token of one kind anew if anything is to change, be it the hash of an `access_token`
/// that did; what is wrong with it now.
async fn forge_one(
    body: &mut Map<String, Value>,
    kind: TokenKind,
    additions: &Additions,
    due: &[Due],
    forge: &Forge<'_>,
    access_token: Option<&str>,
) -> Result<Vec<TokenFault>, CryptoError> {
    let (member, claims, header) = match kind {
        TokenKind::AccessToken => (
            "access_token",
            &additions.access_token,
            &additions.access_token_header,
        ),
        TokenKind::IdToken => ("id_token", &additions.id_token, &additions.id_token_header),
    };
    let faults = token_faults(due, kind);
    let unchanged = claims.is_empty()
        && header.is_empty()
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
    merge(&mut token.header, header);
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
fn token_faults(due: &[Due], kind: TokenKind) -> Vec<TokenFault> {
    due.iter()
        .filter(|due| due.is_about(kind))
        .filter_map(|due| match &due.effect {
            Effect::Token(TokenFault::WrongNonce) if kind == TokenKind::AccessToken => None,
            Effect::Token(fault) => Some(fault.clone()),
            _ => None,
        })
        .collect()
}
