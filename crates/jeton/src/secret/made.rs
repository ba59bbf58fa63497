//! The form of the secrets that we make, whatever they are for: prefix, 256 random bits, checksum. So a
//! typing error is told from a wrong secret, and a scanner knows one where it finds it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The characters of a prefix.
const PREFIX_LENGTH: usize = 4;

/// The characters behind the prefix: 256 random bits in base64url.
const RANDOM_LENGTH: usize = 43;

/// The characters of the checksum, the beginning of a SHA-256 in base64url: of a thousand million typing
/// errors not one is missed.
const CHECKSUM_LENGTH: usize = 6;

/// The characters of a secret.
pub(super) const LENGTH: usize = PREFIX_LENGTH + RANDOM_LENGTH + CHECKSUM_LENGTH;

/// Why a text with the prefix of a secret is not as one was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miswritten {
    /// It has so many characters, which is too many or too few.
    Length(usize),
    /// Its checksum is wrong.
    Checksum,
}

/// The text of a secret with this prefix, which has four characters.
pub(crate) fn text_of(prefix: &str, random: &[u8; 32]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random)));
    let checksum = checksum(&text);
    text.push_str(&checksum);
    text
}

/// Checks that a text with the prefix of a secret is as one was made.
pub(super) fn check(text: &str) -> Result<(), Miswritten> {
    let length = text.chars().count();
    if length != LENGTH {
        return Err(Miswritten::Length(length));
    }
    match text.split_at_checked(LENGTH - CHECKSUM_LENGTH) {
        Some((checked, written)) if checksum(checked) == written => Ok(()),
        _ => Err(Miswritten::Checksum),
    }
}

fn checksum(text: &str) -> String {
    let mut checksum = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
    checksum.truncate(CHECKSUM_LENGTH);
    checksum
}
