//! base64url and SHA-256, as every specification here has them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The text of `bytes`, without padding (RFC 7515 §2).
pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of `text`. Padding, other alphabets and bits beyond the last byte are refused, so that
/// no two texts are the same bytes.
pub(crate) fn from_base64url(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The same into the beginning of `buffer`: what was written, and what is left of it.
pub(crate) fn into_buffer<'a>(
    text: &str,
    buffer: &'a mut [u8],
) -> Option<(&'a [u8], &'a mut [u8])> {
    let length = URL_SAFE_NO_PAD.decode_slice(text, buffer).ok()?;
    let (written, left) = buffer.split_at_mut_checked(length)?;
    Some((written, left))
}

pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
