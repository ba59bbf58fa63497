//! Public keys of a JWK Set as SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), for those who read no JWK.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};

/// The names of the keys in a profile's texts: all in PEM, and the first in base64.
pub(crate) const NAMES: [&str; 2] = ["keys.pem", "keys.public_key"];

/// `rsaEncryption` and its empty parameters (RFC 8017 appendix A.1).
const RSA: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// Everything of a key on P-256 but for its coordinates (RFC 5480 §2).
const P256: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// Everything of an Ed25519 key but for itself (RFC 8410 §4).
const ED25519: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The keys of a set in PEM, by `kid`.
pub(crate) fn in_pem(set: &Value) -> Map<String, Value> {
    let keys = keys(set).filter_map(|key| {
        let kid = key.get("kid")?.as_str()?;
        let encoded = STANDARD.encode(der(key)?);
        let lines: Vec<_> = encoded
            .as_bytes()
            .chunks(64)
            .map(String::from_utf8_lossy)
            .collect();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        );
        Some((kid.to_owned(), Value::String(pem)))
    });
    keys.collect()
}

/// The first key of a set, in base64 of its DER.
pub(crate) fn first(set: &Value) -> Option<String> {
    keys(set).find_map(der).map(|der| STANDARD.encode(der))
}

fn keys(set: &Value) -> impl Iterator<Item = &Value> {
    set.get("keys")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn der(key: &Value) -> Option<Vec<u8>> {
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key.get(name)?.as_str()?).ok();
    match key.get("kty")?.as_str()? {
        "RSA" => {
            let numbers = [integer(&number("n")?), integer(&number("e")?)].concat();
            // A bit string says first how many of its last bits are unused.
            let bits = [vec![0], element(0x30, &numbers)].concat();
            Some(element(
                0x30,
                &[RSA.to_vec(), element(0x03, &bits)].concat(),
            ))
        }
        "EC" if key.get("crv")?.as_str()? == "P-256" => {
            Some([P256.to_vec(), number("x")?, number("y")?].concat())
        }
        "OKP" if key.get("crv")?.as_str()? == "Ed25519" => {
            Some([ED25519.to_vec(), number("x")?].concat())
        }
        _ => None,
    }
}

/// An unsigned number; a first bit that is set would make it negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let is_high = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let sign: &[u8] = if is_high { &[0] } else { &[] };
    element(0x02, &[sign, bytes].concat())
}

/// An element of DER (X.690 §8.1).
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut element = vec![tag];
    match length.as_slice() {
        [] => element.push(0),
        [short] if *short < 0x80 => element.push(*short),
        long => {
            // At most eight bytes.
            element.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            element.extend(long);
        }
    }
    element.extend(content);
    element
}
