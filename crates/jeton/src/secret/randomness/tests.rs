#![allow(clippy::string_slice)]

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::*;

const HEX: &str = "0123456789abcdef";
const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const PRINTABLE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// How many secrets each generator makes. A million of each, by hand:
/// `JETON_SAMPLES=1000000 cargo test --release -p jeton accepts_what_generators_make`.
fn samples() -> u64 {
    let samples = option_env!("JETON_SAMPLES");
    samples.map_or(300, |samples| samples.parse().unwrap())
}

/// 96 bytes that are random and the same in every run.
fn bytes(generator: &str, number: u64) -> Vec<u8> {
    let part = |part: u8| Sha256::digest(format!("{generator}/{number}/{part}"));
    (0..3).flat_map(part).collect()
}

/// `length` characters of `alphabet`; a byte that would favour some of them is left out.
fn choose(alphabet: &str, length: usize, random: &[u8]) -> String {
    let alphabet = alphabet.as_bytes();
    let fair = 256 / alphabet.len() * alphabet.len();
    let chosen = random.iter().map(|byte| usize::from(*byte));
    let chosen = chosen.filter(|byte| *byte < fair);
    chosen
        .map(|byte| char::from(alphabet[byte % alphabet.len()]))
        .take(length)
        .collect()
}

/// RFC 9562 §5.4.
fn uuid(random: &[u8]) -> String {
    let hex = choose(HEX, 31, random);
    let variant = choose("89ab", 1, &random[40..]);
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..15],
        &hex[15..18],
        &hex[18..30]
    )
}

#[test]
fn accepts_what_generators_make() {
    type Generator = fn(&[u8]) -> String;
    let generators: [(&str, usize, Generator); 11] = [
        ("openssl rand -base64 32", 43, |random| {
            STANDARD.encode(&random[..32])
        }),
        ("32 bytes in base64url", 43, |random| {
            URL_SAFE_NO_PAD.encode(&random[..32])
        }),
        ("openssl rand -hex 32", 43, |random| choose(HEX, 64, random)),
        ("the same in capitals", 43, |random| {
            choose(HEX, 64, random).to_uppercase()
        }),
        ("CloudFormation's 64 letters and digits", 43, |random| {
            choose(ALPHANUMERIC, 64, random)
        }),
        ("pwgen -s 43", 43, |random| choose(ALPHANUMERIC, 43, random)),
        ("pwgen -sy 43", 43, |random| choose(PRINTABLE, 43, random)),
        ("two of uuidgen", 43, |random| {
            uuid(&random[..48]) + &uuid(&random[48..])
        }),
        ("openssl rand -hex 16", 32, |random| choose(HEX, 32, random)),
        ("openssl rand -base64 24", 32, |random| {
            STANDARD.encode(&random[..24])
        }),
        ("pwgen -s 32", 32, |random| choose(ALPHANUMERIC, 32, random)),
    ];
    for (name, least, generate) in generators {
        for number in 0..samples() {
            let secret = generate(&bytes(name, number));
            assert_eq!(require_random(&secret, least), Ok(()), "{name}: {secret}");
        }
    }
}

#[test]
fn refuses_what_people_make() {
    let phrase = "this is the secret of our token service, do not tell";
    for (secret, expected) in [
        (
            "xylophone-quartz-jukebox-vodka-sphinx-wizard-fjord",
            Guessable::Words,
        ),
        (
            "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich",
            Guessable::Words,
        ),
        ("too-short-a-secret", Guessable::Short(43)),
        (&"a".repeat(43), Guessable::FewCharacters),
        (&"0".repeat(64), Guessable::FewCharacters),
        (&"ab12".repeat(11), Guessable::FewCharacters),
        (&"AAAA".repeat(11), Guessable::FewCharacters),
        (&"123456789".repeat(5), Guessable::Repetition),
        (&"Xk3-9vQz!p".repeat(5), Guessable::Repetition),
        (
            &"8f14e45fceea167a5a36dedd4bea2543".repeat(2),
            Guessable::Repetition,
        ),
        (
            "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL",
            Guessable::Repetition,
        ),
        (
            "qwertyuiopasdfghjklzxcvbnm1234567890qwertyuiop",
            Guessable::Repetition,
        ),
        (
            "1qaz2wsx3edc4rfv5tgb6yhn7ujm!QAZ@WSX#EDC$RFV",
            Guessable::Repetition,
        ),
        (
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaXk39vQzp1r",
            Guessable::Repetition,
        ),
        (
            "00000000-0000-4000-8000-00000000000000000000-0000",
            Guessable::FewCharacters,
        ),
        (
            "changeme-changeme-changeme-changeme-changeme!",
            Guessable::Repetition,
        ),
        (
            "jeton-secret-0123456789-0123456789-0123456789",
            Guessable::Repetition,
        ),
        (
            "correct-horse-battery-staple-and-another-horse",
            Guessable::Words,
        ),
        (
            "ThisIsMyVeryLongSecretPassphraseForOurServer1",
            Guessable::Words,
        ),
        (
            "MySuperSecretPasswordThatNobodyWillEverGuess123!",
            Guessable::Words,
        ),
        (
            "my_production_secret_key_please_do_not_share_2026",
            Guessable::Words,
        ),
        (
            "TheQuickBrownFoxJumpsOverTheLazyDogAndThenSome1234",
            Guessable::Words,
        ),
        (
            "DAS-IST-EIN-SEHR-LANGES-GEHEIMNIS-FUER-DEN-SERVER",
            Guessable::Words,
        ),
        (
            "c3VpdGUtc2VjcmV0LXRoYXQtaXMtMzItYnl0ZXMtbG9uZw",
            Guessable::Encoded,
        ),
        (&STANDARD.encode(phrase), Guessable::Encoded),
        (
            &STANDARD.encode(
                phrase
                    .bytes()
                    .flat_map(|byte| [byte, 0])
                    .collect::<Vec<_>>(),
            ),
            Guessable::Repetition,
        ),
        (&URL_SAFE_NO_PAD.encode(phrase), Guessable::Encoded),
        (
            &phrase
                .bytes()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>(),
            Guessable::Encoded,
        ),
        (
            &STANDARD.encode(STANDARD.encode(phrase)),
            Guessable::Encoded,
        ),
        (
            &STANDARD.encode("8f14e45fceea167a5a36dedd4bea2543\n"),
            Guessable::Encoded,
        ),
    ] {
        assert_eq!(require_random(secret, 43), Err(expected), "{secret}");
    }
}

#[test]
fn base64_of_random_text_is_random() {
    let hex = choose(HEX, 64, &bytes("hex", 0));
    assert_eq!(
        require_random(&STANDARD.encode(format!("{hex}\n")), 43),
        Ok(())
    );
}
