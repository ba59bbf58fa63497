//! Random texts.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{Crypto, CryptoError};

/// `N` random bytes as base64url.
pub(crate) fn random_text<const N: usize>(crypto: &impl Crypto) -> Result<String, CryptoError> {
    let mut bytes = [0; N];
    crypto.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
