//! Texts that tokens and answers have: ids, and times.

use jeton::{Crypto, CryptoError};
use jeton_native::NativeCrypto;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// A random UUID (RFC 9562 §5.4).
pub(super) fn random_uuid() -> Result<String, CryptoError> {
    let mut bytes = [0; 16];
    NativeCrypto::new().fill(&mut bytes)?;
    Ok(uuid(bytes, 4))
}

/// A UUID that is the same for the same parts (RFC 9562 §5.8).
pub(super) fn same_uuid(parts: &[&str]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest(parts).split_at(16).0);
    uuid(bytes, 8)
}

/// Hexadecimal digits that are the same for the same parts.
pub(super) fn same_hex(parts: &[&str]) -> String {
    digest(parts).iter().map(|it| format!("{it:02x}")).collect()
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn uuid(bytes: [u8; 16], version: u128) -> String {
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) | version << 76;
    let number = number & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{number:032x}");
    let mut text = String::with_capacity(36);
    for (index, digit) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

/// A time as in RFC 3339, in UTC.
pub(super) fn rfc3339(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    // Later than the year 9999 no clock goes.
    Timestamp::from_second(seconds)
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_and_times() {
        let same = same_uuid(&["a", "b"]);
        assert_eq!(same, same_uuid(&["a", "b"]));
        assert_ne!(same, same_uuid(&["ab", ""]));
        for (uuid, version) in [(same, "8"), (random_uuid().unwrap(), "4")] {
            assert_eq!(uuid.len(), 36);
            assert_eq!(uuid.get(14..15), Some(version), "{uuid}");
            assert!("89ab".contains(uuid.get(19..20).unwrap()), "{uuid}");
        }
        assert_eq!(rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
    }
}
