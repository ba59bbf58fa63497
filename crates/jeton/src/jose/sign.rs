//! Signing of JWTs (RFC 7515 §5.1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;

use crate::crypto::{Crypto, CryptoError};

/// The kind of a JWT, as its `typ` header says it: it keeps one kind from passing for another (RFC
/// 8725 §3.11).
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

/// A key that signs, with its JOSE headers already encoded.
pub(crate) struct SigningKey<K> {
    key: K,
    access_token_header: String,
    id_token_header: String,
}

impl<K> SigningKey<K> {
    /// `key`, which signs `algorithm` and is published as `kid`.
    pub(crate) fn new(key: K, algorithm: Algorithm, kid: &str) -> Result<Self, CryptoError> {
        Ok(Self {
            key,
            access_token_header: encode_header(TokenType::AccessToken, algorithm, kid)?,
            id_token_header: encode_header(TokenType::IdToken, algorithm, kid)?,
        })
    }

    /// `base64url(header)` for a token of `typ`.
    fn encoded_header(&self, typ: TokenType) -> &str {
        match typ {
            TokenType::AccessToken => &self.access_token_header,
            TokenType::IdToken => &self.id_token_header,
        }
    }
}

fn encode_header(typ: TokenType, algorithm: Algorithm, kid: &str) -> Result<String, CryptoError> {
    let mut header = Header::new(algorithm);
    header.typ = Some(typ.as_str().to_owned());
    header.kid = Some(kid.to_owned());
    serde_json::to_vec(&header)
        .map(|json| URL_SAFE_NO_PAD.encode(json))
        .map_err(|error| CryptoError::new("sign", error))
}

/// As many bytes of JSON as the claims of most tokens have.
const USUAL_CLAIMS: usize = 512;

/// The signed JWT with these claims.
pub(crate) async fn sign<C: Crypto>(
    crypto: &C,
    key: &SigningKey<C::Key>,
    typ: TokenType,
    claims: &impl Serialize,
) -> Result<String, CryptoError> {
    let mut json = Vec::with_capacity(USUAL_CLAIMS);
    serde_json::to_writer(&mut json, claims).map_err(|error| CryptoError::new("sign", error))?;
    let header = key.encoded_header(typ);
    // Header, claims, two dots and a signature of 64 bytes. RSA's are longer, and slow anyway.
    let mut token = String::with_capacity(header.len() + json.len() * 4 / 3 + 100);
    token.push_str(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(json, &mut token);
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
