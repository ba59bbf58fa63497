//! JSON Web Tokens (RFC 7519) in JWS compact form (RFC 7515 §7.1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    crypto::{Crypto, CryptoError},
    keys::{Published, SigningKey},
};

/// The `typ` header, which keeps one kind of token from passing for another (RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    /// RFC 9068 §2.1.
    AccessToken,
    /// OpenID Connect Core §2.
    IdToken,
}

impl TokenType {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "at+jwt",
            Self::IdToken => "JWT",
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

/// The header members that are read. `crit` is not understood, so its presence refuses (RFC 7515
/// §4.1.11).
#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: String,
    #[serde(default)]
    typ: String,
    crit: Option<serde::de::IgnoredAny>,
}

/// The claims of a token of `typ` signed by a key that is published now; `None` for anything else.
/// Says nothing of `exp`: a logout hint may have expired.
pub(crate) async fn verify<T: DeserializeOwned>(
    crypto: &impl Crypto,
    published: &Published,
    typ: TokenType,
    token: &str,
) -> Result<Option<T>, CryptoError> {
    let Some((message, signature)) = token.rsplit_once('.') else {
        return Ok(None);
    };
    let Some((header, claims)) = message.split_once('.') else {
        return Ok(None);
    };
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let Some(header) = decode(header).and_then(|json| serde_json::from_slice::<Header>(&json).ok())
    else {
        return Ok(None);
    };
    if header.crit.is_some() || header.typ != typ.as_str() {
        return Ok(None);
    }
    let (Some(claims), Some(signature)) = (decode(claims), decode(signature)) else {
        return Ok(None);
    };
    // The algorithm is the key's, never the token's (RFC 8725 §3.1).
    let Some(key) = published
        .iter()
        .find(|key| key.kid == header.kid && key.algorithm == header.alg)
    else {
        return Ok(None);
    };
    let genuine = crypto
        .verify(key.algorithm, &key.public, message.as_bytes(), &signature)
        .await?;
    Ok(genuine
        .then(|| serde_json::from_slice(&claims).ok())
        .flatten())
}

/// A fresh `jti`: 128 random bits.
pub(crate) fn token_id(crypto: &impl Crypto) -> Result<String, CryptoError> {
    let mut bytes = [0; 16];
    crypto.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
