//! Registration access tokens (RFC 7592 §3): the one credential by which a client manages its own
//! registration.
//!
//! Each is derived of the one that it takes the place of, and stores keep hashes. So whoever repeats a change
//! because its answer was lost is answered with the same token again, and of two who change at once neither
//! is left with a token that nobody knows.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{client::ClientId, config::Config};

/// The prefix of these tokens.
pub(crate) const REGISTRATION_TOKEN_PREFIX: &str = "jra_";

/// How many bytes stand behind the prefix, as base64url.
const RANDOM_LENGTH: usize = 32;

/// The token of a client that takes the place of `before`; its first one takes that of none, an empty text.
pub(crate) fn registration_token(config: &Config, client: &ClientId, before: &str) -> String {
    let context = config.key_context().as_bytes();
    let parts = [
        b"jeton/v1",
        b"registration access token".as_slice(),
        context,
        client.as_str().as_bytes(),
        before.as_bytes(),
    ];
    let random = config.secrets().newest().derive::<RANDOM_LENGTH>(&parts);
    format!(
        "{REGISTRATION_TOKEN_PREFIX}{}",
        URL_SAFE_NO_PAD.encode(random)
    )
}

/// Whether a text has the form of such a token: what has not is none, and no store need be asked.
pub(crate) fn is_registration_token(text: &str) -> bool {
    let random = text.strip_prefix(REGISTRATION_TOKEN_PREFIX);
    let random = random.and_then(|random| URL_SAFE_NO_PAD.decode(random).ok());
    random.is_some_and(|random| random.len() == RANDOM_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::IssuerIdentifier,
        mode::Mode,
        secret::{PUBLIC_SECRET, Secrets},
    };

    #[test]
    fn each_is_of_one_client_and_after_one_other() {
        let config = |issuer: &str| {
            let issuer = IssuerIdentifier::parse(issuer, Mode::Development).unwrap();
            let secrets = Secrets::parse(PUBLIC_SECRET, Mode::Development).unwrap();
            Config::new(Mode::Development, issuer, secrets)
        };
        let here = config("http://localhost");
        let [a, b] = ["a", "b"].map(|id| id.parse::<ClientId>().unwrap());
        let first = registration_token(&here, &a, "");
        assert_eq!(first.len(), 47);
        assert!(is_registration_token(&first));
        for other in [
            "",
            "jra_",
            &first.replace("jra_", ""),
            &first.chars().take(46).collect::<String>(),
            &format!("{first}A"),
            &format!("{first}="),
            &first.replace("jra_", "jrt_"),
        ] {
            assert!(!is_registration_token(other), "{other}");
        }
        assert_eq!(first, registration_token(&here, &a, ""));
        let others = [
            registration_token(&here, &b, ""),
            registration_token(&here, &a, &first),
            registration_token(&config("http://localhost:1"), &a, ""),
        ];
        assert!(!others.contains(&first));
        assert_ne!(others[0], others[1]);
    }
}
