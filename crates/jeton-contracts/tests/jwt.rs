//! Verifying JWTs of others: what RFC 8725 warns of, one row each.

#![allow(clippy::indexing_slicing, clippy::string_slice, clippy::unwrap_used)]

use std::cell::Cell;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{
    Crypto, CryptoError, JwtFault, LONGEST_JWT, PrivateKey, PublicJwk, PublicJwks, PublicKey,
    UnverifiedJwt, VERIFICATION_ALGORITHMS, VerifiedJwt,
};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../src/crypto/vectors.json");

/// Another issuer, whose tokens are verified here. It has a key of each type that we can sign with.
struct Others {
    crypto: NativeCrypto,
    private: Vec<PrivateKey>,
    keys: Vec<PublicJwk>,
}

impl Others {
    async fn new() -> Self {
        let crypto = NativeCrypto::new();
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let private = PrivateKey::from_jwks(&vectors["sign"].to_string()).unwrap();
        let mut keys = Vec::new();
        for key in &private {
            let (_, public) = crypto.import(key).await.unwrap();
            keys.push(PublicJwk {
                kid: Some(format!("{:?}", key.algorithm())),
                algorithm: None,
                key: public,
            });
        }
        Self {
            crypto,
            private,
            keys,
        }
    }

    fn key(&self, algorithm: Algorithm) -> &PublicJwk {
        self.keys
            .iter()
            .find(|key| key.key.fits(algorithm))
            .unwrap()
    }

    /// `header` and `claims` as they are written, signed by the key for `algorithm`.
    async fn sign(&self, algorithm: Algorithm, header: &str, claims: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let message = format!("{}.{}", encode(header), encode(claims));
        let mut private = self.private.iter();
        let private = private.find(|key| key.algorithm() == algorithm).unwrap();
        let (key, _) = self.crypto.import(private).await.unwrap();
        let signature = self.crypto.sign(&key, message.as_bytes()).await.unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    async fn es256(&self, header: &str) -> String {
        self.sign(Algorithm::ES256, header, r#"{"sub":"a"}"#).await
    }

    async fn verify(&self, token: &str) -> Result<VerifiedJwt, JwtFault> {
        let keys = self.keys.iter().cloned().collect();
        verify(token, &keys, &VERIFICATION_ALGORITHMS).await
    }

    /// The token is refused with `fault`, by its `Debug` form.
    async fn refused(&self, token: &str, fault: &str) {
        let refused = self.verify(token).await;
        let shown: String = token.chars().take(200).collect();
        assert_eq!(name(&refused), fault, "{shown}");
    }
}

async fn verify(
    token: &str,
    keys: &PublicJwks,
    allowed: &[Algorithm],
) -> Result<VerifiedJwt, JwtFault> {
    let unverified = UnverifiedJwt::parse(token)?;
    unverified.verify(keys, allowed, &NativeCrypto::new()).await
}

fn name(outcome: &Result<VerifiedJwt, JwtFault>) -> String {
    match outcome {
        Ok(_) => "verified".to_owned(),
        Err(fault) => format!("{fault:?}"),
    }
}

fn set(keys: impl IntoIterator<Item = PublicJwk>) -> PublicJwks {
    keys.into_iter().collect()
}

fn without_kid(key: &PublicJwk) -> PublicJwk {
    PublicJwk {
        kid: None,
        ..key.clone()
    }
}

#[tokio::test]
async fn hands_back_what_was_signed() {
    let others = Others::new().await;
    for algorithm in jeton::SIGNING_ALGORITHMS {
        let header =
            format!(r#"{{"alg":"{algorithm:?}","kid":"{algorithm:?}","typ":"a+jwt","x":1}}"#);
        let token = others
            .sign(
                algorithm,
                &header,
                r#"{"iss":"https://others.example","sub":"b"}"#,
            )
            .await;
        let unverified = UnverifiedJwt::parse(&token).unwrap();
        assert_eq!(unverified.claimed("sub"), Some(&json!("b")));
        let verified = others.verify(&token).await.unwrap();
        assert_eq!(verified.algorithm, algorithm);
        assert_eq!(verified.typ(), Some("a+jwt"));
        assert_eq!(
            Value::Object(verified.header),
            serde_json::from_str::<Value>(&header).unwrap()
        );
        let claims = json!({ "iss": "https://others.example", "sub": "b" });
        assert_eq!(Value::Object(verified.claims), claims);
    }
}

/// RFC 7515 §7.1, §2.
#[tokio::test]
async fn three_parts_of_base64url() {
    let others = Others::new().await;
    let good = others.es256(r#"{"alg":"ES256"}"#).await;
    let verified = others.verify(&good).await.unwrap();
    assert_eq!(verified.typ(), None);
    let (message, signature) = good.rsplit_once('.').unwrap();
    for token in [
        String::new(),
        "..".to_owned(),
        "a".to_owned(),
        message.to_owned(),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!(".{good}"),
        format!("{good}="),
        format!("{message}.{signature}\n"),
        format!(" {good}"),
        good.replacen('.', " .", 1),
        format!("{message}.+{}", &signature[1..]),
        format!("{message}.{}", &signature[..signature.len() - 1]),
        good.replace('.', ".\0"),
        "\u{e9}.\u{e9}.\u{e9}".to_owned(),
    ] {
        let fault = match token.as_str() {
            // Parts, of which the first is no JSON.
            ".." => "Header",
            _ => "Parts",
        };
        others.refused(&token, fault).await;
    }
    others.refused(&format!("{message}."), "Signature").await;
}

#[tokio::test]
async fn a_token_is_measured_before_it_is_read() {
    let others = Others::new().await;
    let padded = |length: usize| {
        let claims = format!(r#"{{"sub":"{}"}}"#, "a".repeat(length));
        async {
            others
                .sign(Algorithm::ES256, r#"{"alg":"ES256"}"#, &{ claims })
                .await
        }
    };
    let long = padded(LONGEST_JWT * 3 / 4 - 200).await;
    assert!(long.len() <= LONGEST_JWT);
    others.verify(&long).await.unwrap();
    let longer = padded(LONGEST_JWT * 3 / 4).await;
    others.refused(&longer, "TooLong").await;
    others.refused(&".".repeat(10_000_000), "TooLong").await;
}

#[tokio::test]
async fn the_header_is_an_object_that_says_each_thing_once() {
    let others = Others::new().await;
    for header in [
        "",
        "[]",
        "null",
        r#""ES256""#,
        "{}",
        r#"{"alg":"ES256""#,
        r#"{"alg":"ES256"} {}"#,
        r#"{"alg":256}"#,
        r#"{"alg":null}"#,
        r#"{"alg":"ES256","kid":1}"#,
        r#"{"alg":"ES256","kid":null}"#,
        r#"{"alg":"ES256","typ":["JWT"]}"#,
        r#"{"alg":"none","alg":"ES256"}"#,
        r#"{"alg":"ES256","alg":"ES256"}"#,
        r#"{"alg":"ES256","x":1,"x":1}"#,
        r#"{"alg":"ES256","\u0061lg":"ES256"}"#,
    ] {
        others.refused(&others.es256(header).await, "Header").await;
    }
}

#[tokio::test]
async fn the_claims_are_an_object_that_says_each_thing_once() {
    let others = Others::new().await;
    let sign = |claims| others.sign(Algorithm::ES256, r#"{"alg":"ES256"}"#, claims);
    for claims in [
        "",
        "[]",
        "a text",
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"sub":"a","s\u0075b":"b"}"#,
        r#"{"cnf":{"jkt":"a","jkt":"b"}}"#,
        r#"{"sub":"a"}{}"#,
    ] {
        others.refused(&sign(claims).await, "Claims").await;
    }
    // Deep nesting is refused by the parser before it can exhaust the stack.
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    others.refused(&sign(&deep).await, "Claims").await;
}

/// RFC 7515 §4.1.11, RFC 7797.
#[tokio::test]
async fn extensions_are_not_understood() {
    let others = Others::new().await;
    for header in [
        r#"{"alg":"ES256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"ES256","crit":[]}"#,
        r#"{"alg":"ES256","crit":null}"#,
        r#"{"alg":"ES256","b64":false,"crit":["b64"]}"#,
        r#"{"alg":"ES256","b64":false}"#,
        r#"{"alg":"ES256","b64":true}"#,
    ] {
        others
            .refused(&others.es256(header).await, "Extension")
            .await;
    }
}

/// RFC 8725 §2.1, §3.1, §3.2.
#[tokio::test]
async fn the_algorithm_is_the_keys_and_the_callers() {
    let others = Others::new().await;
    for alg in [
        "none", "None", "NONE", "", "es256", "ES256K", "ES512", "Ed448", "ed25519",
    ] {
        let token = others.es256(&format!(r#"{{"alg":"{alg}"}}"#)).await;
        others.refused(&token, "Algorithm").await;
        let unsigned = &token[..=token.rfind('.').unwrap()];
        others.refused(unsigned, "Algorithm").await;
    }
    for alg in [
        "HS256", "HS384", "HS512", "RS384", "RS512", "PS384", "PS512",
    ] {
        let token = others.es256(&format!(r#"{{"alg":"{alg}"}}"#)).await;
        others.refused(&token, "Algorithm").await;
        // Not even where a caller allows it by mistake.
        let algorithm = alg.parse().unwrap();
        let mistaken = verify(&token, &set(others.keys.clone()), &[algorithm]).await;
        assert_eq!(name(&mistaken), "Algorithm", "{alg}");
    }
    let good = others.es256(r#"{"alg":"ES256"}"#).await;
    let keys = set(others.keys.clone());
    for (allowed, expected) in [
        (&[Algorithm::ES256][..], "verified"),
        (&[Algorithm::RS256, Algorithm::ES256], "verified"),
        (&[Algorithm::RS256], "Algorithm"),
        (&[], "Algorithm"),
    ] {
        assert_eq!(
            name(&verify(&good, &keys, allowed).await),
            expected,
            "{allowed:?}"
        );
    }
    // Signed with P-256, but called something else that is allowed.
    others
        .refused(&others.es256(r#"{"alg":"ES384"}"#).await, "NoKey")
        .await;
    others
        .refused(&others.es256(r#"{"alg":"EdDSA"}"#).await, "Signature")
        .await;
}

/// RFC 9864 §2.2.
#[tokio::test]
async fn eddsa_has_a_name_that_says_its_curve() {
    let others = Others::new().await;
    let token = others
        .sign(Algorithm::EdDSA, r#"{"alg":"Ed25519"}"#, r#"{"sub":"a"}"#)
        .await;
    let verified = others.verify(&token).await.unwrap();
    assert_eq!(verified.algorithm, Algorithm::EdDSA);
    let es256 = others.es256(r#"{"alg":"Ed25519"}"#).await;
    others.refused(&es256, "Signature").await;
}

#[tokio::test]
async fn an_rsa_key_is_for_the_algorithm_it_names() {
    let others = Others::new().await;
    let token = others
        .sign(Algorithm::RS256, r#"{"alg":"RS256"}"#, "{}")
        .await;
    for (algorithm, expected) in [
        (None, "verified"),
        (Some(Algorithm::RS256), "verified"),
        (Some(Algorithm::PS256), "NoKey"),
    ] {
        let key = PublicJwk {
            algorithm,
            ..others.key(Algorithm::RS256).clone()
        };
        let outcome = verify(&token, &set([key]), &VERIFICATION_ALGORITHMS).await;
        assert_eq!(name(&outcome), expected, "{algorithm:?}");
    }
}

/// RFC 8725 §3.10; RFC 7515 §10.7.
#[tokio::test]
async fn a_token_does_not_bring_its_key() {
    let others = Others::new().await;
    let jwk = serde_json::to_string(others.key(Algorithm::ES256)).unwrap();
    for member in [
        &format!(r#""jwk":{jwk}"#),
        r#""jwk":null"#,
        r#""jku":"https://others.example/jwks.json""#,
        r#""x5u":"https://others.example/chain.pem""#,
    ] {
        let token = others
            .es256(&format!(r#"{{"alg":"ES256",{member}}}"#))
            .await;
        others.refused(&token, "OwnKey").await;
    }
    // What accompanies a key that is known otherwise is not read.
    for member in [r#""x5c":["MIIB"]"#, r#""x5t":"a""#, r##""x5t#S256":"a""##] {
        let token = others
            .es256(&format!(r#"{{"alg":"ES256",{member}}}"#))
            .await;
        assert_eq!(name(&others.verify(&token).await), "verified", "{member}");
    }
}

#[tokio::test]
async fn a_kid_chooses_the_key() {
    let others = Others::new().await;
    for (kid, fault) in [
        ("ES256", "verified"),
        ("EdDSA", "NoKey"),
        ("another", "NoKey"),
        ("", "NoKey"),
        ("../../dev/null", "NoKey"),
    ] {
        let token = others
            .es256(&format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#))
            .await;
        assert_eq!(name(&others.verify(&token).await), fault, "{kid}");
    }
    let token = others.es256(r#"{"alg":"ES256","kid":"a"}"#).await;
    let own = PublicJwk {
        kid: Some("a".to_owned()),
        ..others.key(Algorithm::ES256).clone()
    };
    for (keys, expected) in [
        (vec![], "NoKey"),
        // A key without a kid is no key with this one.
        (vec![without_kid(&own)], "NoKey"),
        (vec![stranger(Some("a"))], "Signature"),
        // Two keys of one kid, which RFC 7517 §4.5 only discourages.
        (vec![stranger(Some("a")), own], "verified"),
    ] {
        let outcome = verify(&token, &set(keys), &VERIFICATION_ALGORITHMS).await;
        assert_eq!(name(&outcome), expected);
    }
}

/// A key that signed nothing: a point on no curve.
fn stranger(kid: Option<&str>) -> PublicJwk {
    PublicJwk {
        kid: kid.map(str::to_owned),
        algorithm: None,
        key: PublicKey::P256(jeton::Point {
            x: [1; 32],
            y: [2; 32],
        }),
    }
}

/// Counts what is verified, and may fail.
struct Watched {
    crypto: NativeCrypto,
    verified: Cell<usize>,
    fails: Option<CryptoError>,
}

impl Crypto for Watched {
    type Key = <NativeCrypto as Crypto>::Key;

    fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        self.crypto.fill(bytes)
    }

    async fn import(&self, key: &PrivateKey) -> Result<(Self::Key, PublicKey), CryptoError> {
        self.crypto.import(key).await
    }

    async fn sign(&self, key: &Self::Key, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.crypto.sign(key, message).await
    }

    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        self.verified.set(self.verified.get() + 1);
        match &self.fails {
            Some(error) => Err(error.clone()),
            None => self.crypto.verify(algorithm, key, message, signature).await,
        }
    }
}

#[tokio::test]
async fn without_a_kid_at_most_eight_keys_are_tried() {
    let others = Others::new().await;
    let token = others.es256(r#"{"alg":"ES256"}"#).await;
    for (strangers, tried, expected) in
        [(0, 1, "verified"), (7, 8, "verified"), (8, 8, "Signature")]
    {
        let watched = Watched {
            crypto: NativeCrypto::new(),
            verified: Cell::default(),
            fails: None,
        };
        // Keys of another type are not tried.
        let keys = [others.key(Algorithm::EdDSA).clone()]
            .into_iter()
            .chain(std::iter::repeat_n(stranger(None), strangers))
            .chain([others.key(Algorithm::ES256).clone()]);
        let outcome = UnverifiedJwt::parse(&token)
            .unwrap()
            .verify(&set(keys), &VERIFICATION_ALGORITHMS, &watched)
            .await;
        assert_eq!(name(&outcome), expected, "{strangers}");
        assert_eq!(watched.verified.get(), tried, "{strangers}");
    }
}

#[tokio::test]
async fn a_failing_host_is_no_wrong_signature() {
    let others = Others::new().await;
    let token = others.es256(r#"{"alg":"ES256"}"#).await;
    let watched = Watched {
        crypto: NativeCrypto::new(),
        verified: Cell::default(),
        fails: Some(CryptoError::new("verify", "no entropy")),
    };
    let outcome = UnverifiedJwt::parse(&token)
        .unwrap()
        .verify(&set(others.keys), &VERIFICATION_ALGORITHMS, &watched)
        .await;
    assert!(matches!(outcome, Err(JwtFault::Host(_))), "{outcome:?}");
}
