//! The contract of [`Crypto`].

#![allow(clippy::indexing_slicing, clippy::string_slice)]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{
    Crypto, Point, PrivateKey, PublicJwk, PublicKey, RsaPublicKey, VERIFICATION_ALGORITHMS,
};
use jsonwebtoken::Algorithm;
use serde_json::Value;

/// Keys and signatures that others made: those of the RFCs, and some by node:crypto. The private keys in
/// `sign` are made for this test.
const VECTORS: &str = include_str!("crypto/vectors.json");

/// The order of P-256 (SP 800-186 §3.2.1.3).
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// The order of P-384 (SP 800-186 §3.2.1.4).
const P384_ORDER: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf\
                          581a0db248b0a77aecec196accc52973";

/// The order of the group of Ed25519 (RFC 8032 §5.1), little-endian.
const ED25519_ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// The contract of [`Crypto`]: signatures of others verify, changed ones do not, nothing that a stranger
/// may send is an error, and its own signatures verify.
pub async fn crypto(crypto: &impl Crypto) {
    random(crypto);
    let vectors = vectors("verify");
    for algorithm in VERIFICATION_ALGORITHMS {
        let covered = vectors.iter().any(|vector| vector.algorithm == algorithm);
        assert!(covered, "no vector for {algorithm:?}");
    }
    for vector in &vectors {
        assert!(vector.verifies(crypto).await, "{}", vector.source);
        changed_text(crypto, vector).await;
        changed_key(crypto, vector).await;
        malformed_signatures(crypto, vector).await;
        other_algorithms(crypto, vector).await;
    }
    for vector in self::vectors("refused") {
        assert!(!vector.verifies(crypto).await, "{}", vector.source);
    }
    own_signatures(crypto).await;
}

/// A signature with its key and message.
#[derive(Clone)]
struct Vector {
    source: String,
    algorithm: Algorithm,
    key: PublicKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

fn vectors(list: &str) -> Vec<Vector> {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let vector = |vector: &Value| {
        let text = |name: &str| vector[name].as_str().unwrap();
        let (message, signature) = text("jws").rsplit_once('.').unwrap();
        Vector {
            source: format!("{} {}", text("alg"), text("source")),
            algorithm: text("alg").parse().unwrap(),
            key: PublicJwk::from_value(&vector["jwk"]).unwrap().key,
            message: message.into(),
            signature: URL_SAFE_NO_PAD.decode(signature).unwrap(),
        }
    };
    vectors[list]
        .as_array()
        .unwrap()
        .iter()
        .map(vector)
        .collect()
}

impl Vector {
    async fn verifies(&self, crypto: &impl Crypto) -> bool {
        crypto
            .verify(self.algorithm, &self.key, &self.message, &self.signature)
            .await
            .unwrap_or_else(|error| panic!("{}: an error, not false: {error}", self.source))
    }

    async fn check_refused(&self, crypto: &impl Crypto, signature: &[u8], what: &str) {
        let other = Self {
            signature: signature.to_vec(),
            ..self.clone()
        };
        assert!(!other.verifies(crypto).await, "{}: {what}", self.source);
    }
}

fn random(crypto: &impl Crypto) {
    crypto.fill(&mut []).unwrap();
    let mut drawn = vec![vec![0; 32]; 64];
    for bytes in &mut drawn {
        crypto.fill(bytes).unwrap();
    }
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 64, "random bytes repeat");

    // More than WebCrypto gives at once. 32 zeros in a row are not random.
    let mut many = vec![0; 200_000];
    crypto.fill(&mut many).unwrap();
    let zeros = many
        .chunks(32)
        .position(|chunk| chunk.iter().all(|&byte| byte == 0));
    assert_eq!(zeros, None, "not filled to the end");
}

/// Message and signature with one bit of each byte changed do not verify.
async fn changed_text(crypto: &impl Crypto, genuine: &Vector) {
    for index in 0..genuine.message.len() {
        let mut vector = genuine.clone();
        vector.message[index] ^= 1 << (index % 8);
        assert!(
            !vector.verifies(crypto).await,
            "{} message {index}",
            vector.source
        );
    }
    for index in 0..genuine.signature.len() {
        let mut vector = genuine.clone();
        vector.signature[index] ^= 1 << (index % 8);
        assert!(
            !vector.verifies(crypto).await,
            "{} signature {index}",
            vector.source
        );
    }
    for message in [&b""[..], &[0; 100_000]] {
        let vector = Vector {
            message: message.to_vec(),
            ..genuine.clone()
        };
        assert!(
            !vector.verifies(crypto).await,
            "{} another message",
            vector.source
        );
    }
}

/// Keys with one bit of each byte changed do not verify; few of their points are on the curve. Nor do
/// numbers that are no coordinates at all.
async fn changed_key(crypto: &impl Crypto, genuine: &Vector) {
    let keys: Vec<PublicKey> = match &genuine.key {
        PublicKey::P256(point) => other_points(point).map(PublicKey::P256).collect(),
        PublicKey::P384(point) => other_points(point).map(PublicKey::P384).collect(),
        PublicKey::Ed25519(x) => other_bytes(x).map(PublicKey::Ed25519).collect(),
        PublicKey::Rsa(key) => (0..key.modulus().len())
            .map(|index| {
                let mut modulus = key.modulus().to_vec();
                // Neither the highest bit, which makes its length, nor the lowest, which is odd.
                modulus[index] ^= 2;
                PublicKey::Rsa(RsaPublicKey::new(&modulus, key.exponent()).unwrap())
            })
            .collect(),
    };
    for key in keys {
        let vector = Vector {
            key,
            ..genuine.clone()
        };
        assert!(
            !vector.verifies(crypto).await,
            "{} {:?}",
            vector.source,
            vector.key
        );
    }
}

/// The number with each byte changed in turn, then the least and the greatest number.
fn other_bytes<const N: usize>(genuine: &[u8; N]) -> impl Iterator<Item = [u8; N]> {
    (0..N)
        .map(|index| {
            let mut changed = *genuine;
            changed[index] ^= 1 << (index % 8);
            changed
        })
        .chain([[0; N], [0xff; N]])
}

fn other_points<const N: usize>(genuine: &Point<N>) -> impl Iterator<Item = Point<N>> {
    let Point { x, y } = *genuine;
    let swapped = Point { x: y, y: x };
    let zero = Point {
        x: [0; N],
        y: [0; N],
    };
    other_bytes(&genuine.x)
        .map(move |x| Point { x, y })
        .chain(other_bytes(&genuine.y).map(move |y| Point { x, y }))
        .chain([swapped, zero])
}

async fn malformed_signatures(crypto: &impl Crypto, genuine: &Vector) {
    let signature = &genuine.signature;
    let length = signature.len();
    for (what, signature) in [
        ("empty", Vec::new()),
        ("one byte", vec![0]),
        ("truncated at the end", signature[..length - 1].to_vec()),
        ("truncated in front", signature[1..].to_vec()),
        ("half", signature[..length / 2].to_vec()),
        ("longer", [&signature[..], &[0]].concat()),
        ("zero in front", [&[0], &signature[..]].concat()),
        ("twice", [&signature[..], signature].concat()),
        ("zeros", vec![0; length]),
        ("ones", vec![0xff; length]),
        ("oversized", vec![0xab; 100_000]),
    ] {
        genuine.check_refused(crypto, &signature, what).await;
    }
    match genuine.algorithm {
        Algorithm::ES256 => malformed_ecdsa(crypto, genuine, &hex(P256_ORDER)).await,
        Algorithm::ES384 => malformed_ecdsa(crypto, genuine, &hex(P384_ORDER)).await,
        Algorithm::EdDSA => {
            // s plus the order is congruent to s, and refused: RFC 8032 §5.1.7.
            let (r, s) = signature.split_at(32);
            let beyond = [r, &sum_little_endian(s, &hex(ED25519_ORDER))].concat();
            genuine
                .check_refused(crypto, &beyond, "s beyond the order")
                .await;
        }
        _ => {
            let mut one = vec![0; length];
            one[length - 1] = 1;
            genuine.check_refused(crypto, &one, "one").await;
        }
    }
}

async fn malformed_ecdsa(crypto: &impl Crypto, genuine: &Vector, order: &[u8]) {
    let (r, s) = genuine.signature.split_at(order.len());
    let zero = vec![0; order.len()];
    for (what, signature) in [
        ("r zero", [&zero, s].concat()),
        ("s zero", [r, &zero].concat()),
        ("r the order", [order, s].concat()),
        ("s the order", [r, order].concat()),
        ("r ones", [&vec![0xff; order.len()], s].concat()),
        ("s ones", [r, &vec![0xff; order.len()]].concat()),
        ("swapped", [s, r].concat()),
        ("DER", der(r, s)),
    ] {
        genuine.check_refused(crypto, &signature, what).await;
    }
}

/// The signature in DER, as X.509 has it: `SEQUENCE { r INTEGER, s INTEGER }`.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().position(|&byte| byte != 0).unwrap();
        let sign: &[u8] = if number[start] >= 0x80 { &[0] } else { &[] };
        let content = [sign, &number[start..]].concat();
        [&[0x02, content.len() as u8][..], &content].concat()
    };
    let content = [integer(r), integer(s)].concat();
    [&[0x30, content.len() as u8][..], &content].concat()
}

fn sum_little_endian(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let digit = |(a, b): (&u8, &u8)| {
        let sum = u16::from(*a) + u16::from(*b) + carry;
        carry = sum >> 8;
        (sum & 0xff) as u8
    };
    one.iter().zip(other).map(digit).collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |index: usize| u8::from_str_radix(&text[index..index + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

/// A signature does not verify by another algorithm, not even by the other one of RSA keys.
async fn other_algorithms(crypto: &impl Crypto, genuine: &Vector) {
    let symmetric = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
    for algorithm in VERIFICATION_ALGORITHMS.into_iter().chain(symmetric) {
        if algorithm != genuine.algorithm {
            let vector = Vector {
                algorithm,
                ..genuine.clone()
            };
            assert!(
                !vector.verifies(crypto).await,
                "{} {algorithm:?}",
                vector.source
            );
        }
    }
}

/// Signatures made here verify with the public half that is computed here.
async fn own_signatures(crypto: &impl Crypto) {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let set = &vectors["sign"];
    let keys = PrivateKey::from_jwks(&set.to_string()).unwrap();
    assert_eq!(keys.len(), jeton::SIGNING_ALGORITHMS.len());
    for (private, jwk) in keys.iter().zip(set["keys"].as_array().unwrap()) {
        let (key, public) = crypto.import(private).await.unwrap();
        for (name, member) in serde_json::to_value(&public).unwrap().as_object().unwrap() {
            assert_eq!(&jwk[name], member, "{:?} {name}", private.algorithm());
        }
        for message in [&b""[..], b"a", &[0xff; 100_000]] {
            let signature = crypto.sign(&key, message).await.unwrap();
            let length = match private.algorithm() {
                Algorithm::RS256 => 256,
                _ => 64,
            };
            assert_eq!(signature.len(), length, "{:?}", private.algorithm());
            let own = Vector {
                source: "own".to_owned(),
                algorithm: private.algorithm(),
                key: public.clone(),
                message: message.to_vec(),
                signature,
            };
            assert!(own.verifies(crypto).await, "{:?}", own.algorithm);
            let other = Vector {
                message: [message, b"."].concat(),
                ..own
            };
            assert!(!other.verifies(crypto).await, "{:?}", other.algorithm);
        }
    }
}
