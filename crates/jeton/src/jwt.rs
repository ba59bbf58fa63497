//! JSON Web Tokens (RFC 7519) in JWS compact form (RFC 7515 §7.1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::{
    client::ClientId,
    crypto::{Crypto, CryptoError},
    keys::SigningKey,
    scope::Scope,
    time::UnixTime,
};

/// The `typ` header, which keeps one kind of token from passing for another (RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    /// RFC 9068 §2.1.
    AccessToken,
}

impl TokenType {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "at+jwt",
        }
    }
}

/// RFC 9068 §2.2.
#[derive(Serialize)]
pub(crate) struct AccessTokenClaims<'a> {
    pub(crate) iss: &'a str,
    pub(crate) sub: &'a str,
    pub(crate) aud: Audience<'a>,
    pub(crate) client_id: &'a ClientId,
    pub(crate) iat: UnixTime,
    pub(crate) exp: UnixTime,
    pub(crate) jti: &'a str,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub(crate) scope: &'a Scope,
}

/// `aud`: a string when there is one audience, else an array (RFC 7519 §4.1.3).
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Audience<'a> {
    One(&'a str),
    Several(&'a [&'a str]),
}

impl<'a> Audience<'a> {
    pub(crate) fn new(audiences: &'a [&'a str]) -> Self {
        match audiences {
            [one] => Self::One(one),
            several => Self::Several(several),
        }
    }
}

/// Signs `claims`, RFC 7515 §5.1.
pub(crate) async fn sign<C: Crypto>(
    crypto: &C,
    key: &SigningKey<C::Key>,
    typ: TokenType,
    claims: &impl Serialize,
) -> Result<String, CryptoError> {
    let claims = serde_json::to_vec(claims).map_err(|error| CryptoError::new("sign", error))?;
    let header = key.encoded_header(typ);
    // Header, claims, two dots and the largest signature, 4096-bit RSA.
    let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + 700);
    token.push_str(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = crypto.sign(&key.key, token.as_bytes()).await?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// A fresh `jti`: 128 random bits.
pub(crate) fn token_id(crypto: &impl Crypto) -> Result<String, CryptoError> {
    let mut bytes = [0; 16];
    crypto.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
