//! ID tokens (OpenID Connect Core §3.1.3.7).

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    core::{Core, LIMIT},
    error::{Code, Error},
    exchange,
    jws::Jwt,
    metadata::Metadata,
};

/// How far clocks may be apart.
const LEEWAY: Duration = Duration::from_secs(10);

/// The most keys that are looked at.
const KEYS: usize = 100;

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

/// The claims of the ID token of a login that was begun with `nonce`.
pub(crate) async fn of_login(
    core: &Core,
    metadata: &Metadata,
    token: &str,
    nonce: Option<&str>,
) -> Result<Map<String, Value>, Error> {
    let jwt = parse(core, token)?;
    check_signature(core, metadata, &jwt).await?;
    let claims = jwt.claims;
    let expires_at = claims
        .get("exp")
        .and_then(Value::as_f64)
        .unwrap_or_default();
    if core.runtime.now().saturating_sub(LEEWAY).as_secs_f64() >= expires_at {
        return Err(Error::response("the ID token has expired: is a clock off?"));
    }
    if let Some(nonce) = nonce
        && claims.get("nonce").and_then(Value::as_str) != Some(nonce)
    {
        let message = "the ID token has another nonce than was sent";
        return Err(Error::new(Code::NonceMismatch, message));
    }
    Ok(claims)
}

/// Whose the ID token of a refresh is.
pub(crate) enum Refreshed {
    /// The person is who they were.
    Same(Map<String, Value>),
    SomebodyElse,
    /// It says nothing: it is none, or not for this client.
    Unusable,
}

/// What the ID token of a refresh says (OpenID Connect Core §12.2).
pub(crate) fn of_refresh(core: &Core, token: &str, before: &Map<String, Value>) -> Refreshed {
    let Ok(Jwt { claims, .. }) = parse(core, token) else {
        return Refreshed::Unusable;
    };
    match before.get("sub") {
        Some(sub) if claims.get("sub") != Some(sub) => Refreshed::SomebodyElse,
        _ => Refreshed::Same(claims),
    }
}

/// An ID token of this issuer, for this client.
fn parse<'a>(core: &Core, token: &'a str) -> Result<Jwt<'a>, Error> {
    let jwt = Jwt::parse(token).ok_or_else(|| Error::response("the ID token is no JWT"))?;
    let claim = |name: &str| jwt.claims.get(name);
    let text = |name: &str| claim(name).and_then(Value::as_str);
    if text("iss") != Some(&core.issuer) {
        return Err(Error::response("the ID token is another issuer's"));
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err(Error::response("the ID token has no sub"));
    }
    let ours = |value: &Value| value.as_str() == Some(&core.client_id);
    let (is_for_us, is_for_others) = match claim("aud") {
        Some(Value::Array(all)) => (all.iter().any(ours), all.len() > 1),
        Some(one) => (ours(one), false),
        None => (false, false),
    };
    let party_is_another = claim("azp").is_some_and(|azp| !ours(azp));
    if !is_for_us || (is_for_others && claim("azp").is_none()) || party_is_another {
        return Err(Error::response("the ID token is for another client"));
    }
    Ok(jwt)
}

/// What came over TLS from the token endpoint is its own (§3.1.3.7, 6); what came in plain text over
/// loopback is looked at.
async fn check_signature(core: &Core, metadata: &Metadata, jwt: &Jwt<'_>) -> Result<(), Error> {
    let token_endpoint = Metadata::endpoint("token_endpoint", &metadata.token_endpoint)?;
    if token_endpoint.scheme() == "https" {
        return Ok(());
    }
    let jwks_uri = Metadata::endpoint("jwks_uri", &metadata.jwks_uri)?;
    let request = Request::get(jwks_uri.as_str())
        .body(Bytes::new())
        .map_err(|_| Error::new(Code::InvalidMetadata, "jwks_uri is no URL"))?;
    let answer = core.runtime.send(request, LIMIT).await?;
    let keys: Keys = exchange::read(answer.body())
        .ok_or_else(|| Error::response("jwks_uri answered no keys"))?;
    if keys.keys.len() > KEYS || !jwt.is_signed_by(&keys.keys) {
        return Err(Error::response(
            "the ID token is not signed by a key of the issuer",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        OsRandom, SigningKey,
        testing::{self, BEGIN, ISSUER, Server},
    };

    fn claims(changes: Value) -> Value {
        let mut claims = json!({
            "iss": ISSUER, "sub": "ada", "aud": "billing", "nonce": "n", "exp": BEGIN.as_secs() + 60,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    async fn check(
        changes: Value,
        endpoint: &str,
        signed_by: &SigningKey,
        key: &SigningKey,
    ) -> Option<Code> {
        let keys = format!(r#"{{"keys":[{}]}}"#, key.public_jwk());
        let server = Server::new(move |_, _| testing::json(200, &keys));
        let client = server.client().build().unwrap();
        let mut metadata = testing::metadata();
        metadata["token_endpoint"] = json!(endpoint);
        let metadata = serde_json::from_value(metadata).unwrap();
        let token = signed_by.sign(json!({}), &claims(changes)).unwrap();
        let checked = of_login(&client.core, &metadata, &token, Some("n")).await;
        checked.err().map(|error| error.code())
    }

    #[tokio::test(start_paused = true)]
    async fn claims_of_a_login() {
        let key = SigningKey::generate(&OsRandom).unwrap();
        let over_tls =
            async |changes| check(changes, "https://tokens.example/token", &key, &key).await;
        assert_eq!(over_tls(json!({})).await, None);
        assert_eq!(over_tls(json!({"aud": ["billing"]})).await, None);
        assert_eq!(
            over_tls(json!({"aud": ["billing", "x"], "azp": "billing"})).await,
            None
        );
        assert_eq!(over_tls(json!({"exp": BEGIN.as_secs() - 9})).await, None);
        for (changes, code) in [
            (
                json!({"iss": "https://evil.example"}),
                Code::InvalidResponse,
            ),
            (json!({"sub": null}), Code::InvalidResponse),
            (json!({"aud": "x"}), Code::InvalidResponse),
            (json!({"aud": []}), Code::InvalidResponse),
            (json!({"aud": ["billing", "x"]}), Code::InvalidResponse),
            (json!({"azp": "x"}), Code::InvalidResponse),
            (json!({"exp": BEGIN.as_secs() - 10}), Code::InvalidResponse),
            (json!({"exp": null}), Code::InvalidResponse),
            (json!({"nonce": "m"}), Code::NonceMismatch),
            (json!({"nonce": null}), Code::NonceMismatch),
        ] {
            assert_eq!(over_tls(changes.clone()).await, Some(code), "{changes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_signature_counts_where_there_was_no_tls() {
        let [key, other] = [0; 2].map(|_| SigningKey::generate(&OsRandom).unwrap());
        let over_http =
            async |signed_by| check(json!({}), "http://127.0.0.1/t", signed_by, &key).await;
        assert_eq!(over_http(&key).await, None);
        assert_eq!(over_http(&other).await, Some(Code::InvalidResponse));
        let over_tls = check(json!({}), "https://tokens.example/token", &other, &key).await;
        assert_eq!(over_tls, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refresh_is_of_the_same_person() {
        let client = Server::new(|_, _| testing::lost())
            .client()
            .build()
            .unwrap();
        let key = SigningKey::generate(&OsRandom).unwrap();
        let check = |changes| {
            let token = key.sign(json!({}), &claims(changes)).unwrap();
            of_refresh(&client.core, &token, claims(json!({})).as_object().unwrap())
        };
        assert!(matches!(check(json!({"exp": 0})), Refreshed::Same(_)));
        let other = check(json!({"sub": "eve"}));
        assert!(matches!(other, Refreshed::SomebodyElse));
        for odd in [json!({"aud": "x"}), json!({"iss": "x"}), json!({"sub": 1})] {
            assert!(matches!(check(odd), Refreshed::Unusable));
        }
    }
}
