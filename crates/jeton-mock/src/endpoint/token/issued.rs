//! Which of its tokens the issuer must know itself, because the server would not: those that left in other
//! words, and those that say nothing by themselves.

use bytes::Bytes;
use http::Response;
use jeton::Audit;
use serde_json::{Map, Value, json};

use crate::{
    departures::Departures,
    forge::Jwt,
    issued::Issued,
    json,
    spec::{Effect, TokenKind},
    visit::Visit,
};

/// How the value of a sealed access token begins in JSON.
const SEALED: &[u8] = b"\"jat_";

/// Knows the tokens of a token response, which the server made as `made`.
pub(super) fn remember(
    visit: &Visit<'_>,
    made: &Bytes,
    response: &Response<Bytes>,
    departures: &Departures,
) {
    let has_sealed = made.windows(SEALED.len()).any(|part| part == SEALED);
    if made == response.body() && !has_sealed {
        return;
    }
    let (Ok(made), Some(left)) = (serde_json::from_slice(made), json::read(response)) else {
        return;
    };
    let made: Map<String, Value> = made;
    let kinds = [
        ("access_token", Some(TokenKind::AccessToken)),
        ("id_token", Some(TokenKind::IdToken)),
        ("refresh_token", None),
    ];
    for (member, kind) in kinds {
        let text = |body: &'_ Map<String, Value>| body.get(member)?.as_str().map(str::to_owned);
        let (Some(own), Some(sent)) = (text(&made), text(&left)) else {
            continue;
        };
        if kind == Some(TokenKind::AccessToken)
            && Jwt::parse(&own).is_none()
            && let Some(claims) = sealed_claims(visit, &made, response)
        {
            visit.at.issuer.issue(&own, Issued::Sealed(claims));
        }
        let is_genuine = kind.is_none_or(|kind| !is_forged(departures, kind));
        if own != sent && is_genuine {
            visit.at.issuer.issue(&sent, Issued::Changed(own));
        }
    }
}

/// Whether tokens of this kind left with a signature that is not the issuer's: whoever brings one must be
/// refused, here as anywhere.
pub(super) fn is_forged(departures: &Departures, kind: TokenKind) -> bool {
    departures.due.iter().any(|due| match &due.effect {
        Effect::Token(fault) => fault.makes_forgery() && due.is_about(kind),
        _ => false,
    })
}

/// What a sealed access token says, by what the server noted of it.
fn sealed_claims(
    visit: &Visit<'_>,
    made: &Map<String, Value>,
    response: &Response<Bytes>,
) -> Option<Map<String, Value>> {
    let audit = response.extensions().get::<Audit>()?;
    let client_id = audit.client_id.as_ref()?.as_str();
    let lifetime = made.get("expires_in").and_then(Value::as_u64);
    let now = visit.at.now.0;
    let claims = json!({
        "iss": visit.at.address.issuer,
        "sub": audit.subject.as_deref().unwrap_or(client_id),
        "aud": audit.audience,
        "client_id": client_id,
        "iat": now,
        "exp": now.saturating_add(lifetime.unwrap_or_default()),
        "jti": audit.jti,
        "scope": audit.scope,
        "sid": audit.grant,
    });
    let Value::Object(mut claims) = claims else {
        return None;
    };
    claims.retain(|_, value| !value.is_null());
    Some(claims)
}
