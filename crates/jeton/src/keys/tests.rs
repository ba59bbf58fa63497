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

const SECRET: &str = "c3VpdGUtc2VjcmV0LXRoYXQtaXMtMzItYnl0ZXMtbG9uZw";

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
            "2a83026f4f966c491ce938773351186b0aed9511d16165e8b28cc2aeb1bc0031",
        ),
        (
            Algorithm::ES256,
            1,
            692,
            "ef07bf55a406a9446cb10f9cecb519df6079945f961985dd0dc1fd0c9ae963a4",
        ),
        (
            Algorithm::EdDSA,
            0,
            692,
            "c69db20f35719cc612ee84d23ac6d22c3af457ddebdfa94b1672faaf9f7ff1da",
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
