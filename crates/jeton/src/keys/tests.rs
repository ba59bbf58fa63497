//! Test vectors of the derivation, the same on every host.

use crate::mode::Mode;
use jsonwebtoken::Algorithm;

use super::{
    derive::Derivation,
    epoch::{EPOCH, Epoch},
};
use crate::{
    secret::Secrets,
    time::{LONGEST_TOKEN_LIFETIME, UnixTime},
};

const SECRET: &str = "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj";

fn pkcs8_tail(algorithm: Algorithm, issuer: &str, serial: u32, epoch: u64) -> Option<String> {
    let secrets = Secrets::parse(SECRET, Mode::Production).unwrap();
    let derivation = Derivation {
        issuer,
        serial,
        epoch: Epoch(epoch),
    };
    let key = derivation.key(secrets.iter().next().unwrap(), algorithm)?;
    let secret = &key.pkcs8()[key.pkcs8().len() - 32..];
    Some(secret.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[test]
fn derives_the_vectors_of_architecture_md() {
    let issuer = "https://issuer.example";
    for (algorithm, serial, epoch, expected) in [
        (
            Algorithm::ES256,
            0,
            692,
            "aa947448a2ac20e13ca1085f9b7a621314c199ac13734ed077718d7c3c11cd41",
        ),
        (
            Algorithm::ES256,
            1,
            692,
            "120dfdcfa0dc3574e975d7776e5552436b55023c052d9568f5d8e868f3a8b7c1",
        ),
        (
            Algorithm::EdDSA,
            0,
            692,
            "efc8ef0e8aff1e7a2905eae9866e3c0de376ed2e892f3a88c9fc0c269f757ba0",
        ),
    ] {
        let actual = pkcs8_tail(algorithm, issuer, serial, epoch).unwrap();
        assert_eq!(actual, expected, "{algorithm:?} {serial} {epoch}");
    }
    assert_eq!(pkcs8_tail(Algorithm::RS256, issuer, 0, 692), None);
}

#[test]
fn every_input_changes_the_key() {
    let one = pkcs8_tail(Algorithm::ES256, "https://a.example", 0, 1);
    assert_ne!(one, pkcs8_tail(Algorithm::EdDSA, "https://a.example", 0, 1));
    assert_ne!(one, pkcs8_tail(Algorithm::ES256, "https://b.example", 0, 1));
    assert_ne!(one, pkcs8_tail(Algorithm::ES256, "https://a.example", 1, 1));
    assert_ne!(one, pkcs8_tail(Algorithm::ES256, "https://a.example", 0, 2));
}

#[test]
fn a_token_never_outlives_the_publication_of_its_key() {
    // Signed in the last second of an epoch, it expires before the epoch after next begins.
    let last_second = UnixTime(EPOCH.0 - 1);
    let expires = last_second + LONGEST_TOKEN_LIFETIME;
    assert!(
        Epoch::at(expires)
            .published()
            .contains(&Epoch::at(last_second))
    );
}
