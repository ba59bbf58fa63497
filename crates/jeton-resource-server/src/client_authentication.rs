//! How this API proves to the introspection endpoint who it is.

use std::fmt;

use http::{HeaderMap, HeaderValue, header};
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::{
    crypto::{PublicKey, Signer, name},
    encoding::{base64url, from_base64url},
    error::{Error, Failure},
};

/// How long an assertion holds, in seconds.
const LIFETIME: u64 = 60;

/// How this API proves to the introspection endpoint who it is. Does not print its secret or key.
pub struct ClientAuthentication(Proof);

enum Proof {
    Secret(String),
    Key { signer: Signer, kid: Option<String> },
}

impl ClientAuthentication {
    /// By a secret: `client_secret_basic` (RFC 6749 §2.3.1), or `client_secret_post` where the metadata
    /// has that and not the other.
    #[must_use]
    pub fn secret(secret: impl Into<String>) -> Self {
        Self(Proof::Secret(secret.into()))
    }

    /// By a key of its own, `private_key_jwt` (RFC 7523 §2.2): a private JWK on P-256 (ES256) or Ed25519
    /// (EdDSA).
    ///
    /// # Errors
    /// [`InvalidConfiguration`](crate::Code::InvalidConfiguration): it is no such key.
    pub fn private_key_jwt(jwk: &Value) -> Result<Self, Error> {
        let proof = || {
            let Jwk { common, algorithm } = Jwk::deserialize(jwk).ok()?;
            let d = from_base64url(jwk.get("d")?.as_str()?)?;
            let signer = Signer::new(&d, &PublicKey::new(&algorithm)?)?;
            let kid = common.key_id;
            Some(Proof::Key { signer, kid })
        };
        let wrong = "private_key_jwt: no private JWK on P-256 or Ed25519";
        proof().map(Self).ok_or_else(|| Error::configuration(wrong))
    }

    /// Adds the proof to a request: to its header, or to its form.
    pub(crate) fn add(
        &self,
        to: &mut Request<'_>,
        client_id: &str,
        issuer: &str,
        now: u64,
    ) -> Result<(), Failure> {
        match &self.0 {
            Proof::Secret(secret) if to.secret_in_body => {
                to.form.append_pair("client_id", client_id);
                to.form.append_pair("client_secret", secret);
            }
            Proof::Secret(secret) => {
                // Form-encoded before they are joined (RFC 6749 §2.3.1).
                let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encoded(client_id), encoded(secret));
                let basic = format!("Basic {}", base64_standard(&pair));
                let mut value = HeaderValue::from_str(&basic)
                    .map_err(|_| Failure::server("the secret is no header"))?;
                value.set_sensitive(true);
                to.headers.insert(header::AUTHORIZATION, value);
            }
            Proof::Key { signer, kid } => {
                let assertion = assertion(signer, kid.as_deref(), client_id, issuer, now)
                    .ok_or_else(|| Failure::server("no random bytes for an assertion"))?;
                to.form.append_pair("client_id", client_id);
                to.form.append_pair(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                );
                to.form.append_pair("client_assertion", &assertion);
            }
        }
        Ok(())
    }
}

/// What a proof is added to.
pub(crate) struct Request<'a> {
    pub(crate) headers: &'a mut HeaderMap,
    pub(crate) form: &'a mut Serializer<'static, String>,
    pub(crate) secret_in_body: bool,
}

fn base64_standard(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}

/// An assertion for the issuer alone (RFC 10070), new each time.
fn assertion(
    signer: &Signer,
    kid: Option<&str>,
    client_id: &str,
    issuer: &str,
    now: u64,
) -> Option<String> {
    let mut jti = [0; 16];
    getrandom::fill(&mut jti).ok()?;
    let mut header = json!({ "alg": name(signer.algorithm()), "typ": "client-authentication+jwt" });
    if let (Some(members), Some(kid)) = (header.as_object_mut(), kid) {
        members.insert("kid".to_owned(), kid.into());
    }
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "jti": base64url(jti),
        "iat": now,
        "exp": now.saturating_add(LIFETIME),
    });
    let message = format!(
        "{}.{}",
        base64url(header.to_string()),
        base64url(claims.to_string())
    );
    let signature = signer.sign(message.as_bytes())?;
    Some(format!("{message}.{}", base64url(signature)))
}

impl fmt::Debug for ClientAuthentication {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Proof::Secret(_) => "ClientAuthentication(secret)",
            Proof::Key { .. } => "ClientAuthentication(private_key_jwt)",
        })
    }
}
