//! Proving to a provider who we are by a key of ours (`private_key_jwt`, OpenID Connect Core 1.0 §9, RFC 7523).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{Crypto, CryptoError, PrivateKey, Seconds, UnixTime};
use serde_json::{Value, json};

use crate::{random::random_text, settings::InvalidLogin};

/// How long an assertion can be used: it is made for one request.
const LIFETIME: Seconds = Seconds(60);

/// The members of the key by which some providers find its certificate (RFC 7515 §4.1.7, §4.1.8).
const CERTIFICATE: [&str; 2] = ["x5t", "x5t#S256"];

/// A key that signs assertions. `Debug` shows nothing of it that is secret.
#[derive(Clone, Debug)]
pub(super) struct AssertionKey {
    key: PrivateKey,
    /// What names its certificate, as it stands in the key.
    certificate: Vec<(&'static str, String)>,
}

impl AssertionKey {
    /// The key that is written as a JWK with its private members (RFC 7517 §4).
    pub(super) fn parse(jwk: &Value) -> Result<Self, InvalidLogin> {
        let set = json!({ "keys": [jwk] }).to_string();
        let mut keys = PrivateKey::from_jwks(&set).unwrap_or_default();
        let Some(key) = keys.pop() else {
            let expected =
                "a private key as a JWK: EC P-256, OKP Ed25519 or RSA of 2048 bits or more";
            return Err(InvalidLogin::new("private_key", expected));
        };
        let named = |name| Some((name, jwk.get(name)?.as_str()?.to_owned()));
        Ok(Self {
            key,
            certificate: CERTIFICATE.into_iter().filter_map(named).collect(),
        })
    }

    /// An assertion that we are `client_id`, for the token endpoint at `audience` alone.
    pub(super) async fn assertion<C: Crypto>(
        &self,
        crypto: &C,
        client_id: &str,
        audience: &str,
        now: UnixTime,
    ) -> Result<String, CryptoError> {
        let (key, public) = crypto.import(&self.key).await?;
        let kid = self.key.kid().map(str::to_owned);
        let mut header = json!({
            "alg": self.key.algorithm(),
            "typ": "JWT",
            "kid": kid.unwrap_or_else(|| public.thumbprint()),
        });
        for (name, value) in &self.certificate {
            header[*name] = value.as_str().into();
        }
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": random_text::<16>(crypto)?,
            "iat": now.0,
            "exp": (now + LIFETIME).0,
        });
        let encoded = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature = crypto.sign(&key, signed.as_bytes()).await?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
