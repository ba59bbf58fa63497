//! An issuer's signing keys: derived from the seed and the issuer's name, so that they are the same
//! in every run, whatever the port and whatever came before.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use jeton::{
    Crypto, CryptoError, InvalidSecret, Mode, PUBLIC_PREFIX, PUBLIC_SECRET, PrivateKey, Secrets,
};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::spec::InvalidSpec;

/// Four RSA keys that everyone has: RSA keys cannot be derived cheaply, so all issuers of all
/// mocks share them. The last one signs what is to be wrong.
const RS256: &str = include_str!("../keys/rs256.json");

/// The number of the key that never is in JWKS.
const WRONG: u32 = u32::MAX;

/// The text that keys are derived from, with the issuer's name.
#[derive(Clone)]
pub(crate) struct Seed(String);

/// The keys of one issuer, each algorithm's in the order they were made.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    seed: Seed,
    issuer_name: String,
    /// The default one first, each with the number of its next key.
    algorithms: Vec<(Algorithm, u32)>,
    keys: Vec<Held>,
}

#[derive(Clone, Debug)]
struct Held {
    algorithm: Algorithm,
    number: u32,
    role: Role,
}

/// What a key does, and whether JWKS shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Signs {
        published: Published,
    },
    /// In JWKS only: the next one, or one that tokens may still be signed with.
    Waits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Published {
    Yes,
    No,
}

/// What can be done with keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyAction {
    /// A next key is in JWKS, but does not sign yet.
    Publish,
    /// The published next key signs from now on.
    Switch,
    /// `Publish` and `Switch`.
    Rotate,
    /// A new key signs that JWKS does not show.
    SwitchUnpublished,
    /// Keys that do not sign leave JWKS.
    Retire,
}

/// A signing key without its private half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// RFC 7638.
    pub kid: String,
    /// RFC 7518 §3.1.
    pub alg: Algorithm,
    /// Whether it signs.
    pub signs: bool,
    /// Whether JWKS shows it.
    pub published: bool,
}

/// Why keys stay as they are.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// `switch` without `publish`.
    #[error("action: there is no next {0:?} key to switch to; publish one first, or rotate")]
    NoneNext(Algorithm),
    /// The algorithm is not on.
    #[error("alg: expected one of the issuer's signing algorithms, not {0:?}")]
    Algorithm(Algorithm),
    /// The bundled ones are used up.
    #[error("there is no further RS256 key: three are bundled; reset, or rotate ES256")]
    UsedUp,
    /// The issuer cannot be made again.
    #[error(transparent)]
    Issuer(InvalidSpec),
    /// The key cannot be made.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Seed {
    /// The seed of that text, or everyone's.
    ///
    /// # Errors
    /// A deployment would take the text for its secret, so it may be one: a mock has no such key.
    pub(crate) fn new(text: Option<&str>) -> Result<Self, InvalidSpec> {
        let text = text.unwrap_or(PUBLIC_SECRET);
        match Secrets::parse(text, Mode::Production) {
            Ok(_) | Err(InvalidSecret::Length(_) | InvalidSecret::Checksum) => {
                let expected = "a text that is no deployment's secret, such as one of fewer than 43 characters";
                Err(InvalidSpec::new("seed", expected))
            }
            Err(_) => Ok(Self(text.to_owned())),
        }
    }

    /// The secret of its issuers, of a form that no deployment accepts.
    pub(crate) fn secret(&self) -> String {
        if self.0 == PUBLIC_SECRET {
            return self.0.clone();
        }
        let secret = URL_SAFE_NO_PAD.encode(self.derive(&[b"secret"]));
        format!("{PUBLIC_PREFIX}{secret}")
    }

    fn derive(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut info = Vec::with_capacity(64);
        for part in [b"jeton-mock/v1".as_slice()].iter().chain(parts) {
            info.extend_from_slice(&(part.len() as u64).to_be_bytes());
            info.extend_from_slice(part);
        }
        let mut output = [0; 32];
        // 32 bytes are far below HKDF's limit, so this cannot fail.
        let _ = Hkdf::<Sha256>::new(None, self.0.as_bytes()).expand(&info, &mut output);
        output
    }

    /// A private JWK (RFC 7518 §6, RFC 8037); `None` where the bundled RSA keys are used up.
    fn private_jwk(&self, algorithm: Algorithm, issuer_name: &str, number: u32) -> Option<Value> {
        let bytes = |label: &[u8]| {
            let number = number.to_be_bytes();
            URL_SAFE_NO_PAD.encode(self.derive(&[label, issuer_name.as_bytes(), &number]))
        };
        match algorithm {
            // All but one of 2^32 strings of 32 bytes are a P-256 scalar.
            Algorithm::ES256 => {
                Some(json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "d": bytes(b"ES256") }))
            }
            Algorithm::EdDSA => Some(
                json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "d": bytes(b"EdDSA") }),
            ),
            _ => {
                let set: Value = serde_json::from_str(RS256).ok()?;
                let mut bundled = set.get("keys")?.as_array()?.clone();
                let last = bundled.pop();
                match number {
                    WRONG => last,
                    number => bundled.into_iter().nth(usize::try_from(number).ok()?),
                }
            }
        }
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Keys {
    pub(crate) fn new(seed: &Seed, issuer_name: &str, algorithms: &[Algorithm]) -> Self {
        let first = |&algorithm: &Algorithm| Held {
            algorithm,
            number: 0,
            role: Role::Signs {
                published: Published::Yes,
            },
        };
        Self {
            seed: seed.clone(),
            issuer_name: issuer_name.to_owned(),
            algorithms: algorithms.iter().map(|&algorithm| (algorithm, 1)).collect(),
            keys: algorithms.iter().map(first).collect(),
        }
    }

    pub(crate) fn seed(&self) -> &Seed {
        &self.seed
    }

    fn jwk(&self, key: &Held) -> Option<Value> {
        self.seed
            .private_jwk(key.algorithm, &self.issuer_name, key.number)
    }

    /// Every key of `algorithms`, in their order, and of each the one that signs first.
    pub(crate) fn private_keys(&self, algorithms: &[Algorithm]) -> Vec<PrivateKey> {
        let of = |algorithm: &Algorithm| {
            let mut keys: Vec<_> = self
                .keys
                .iter()
                .filter(|key| key.algorithm == *algorithm)
                .collect();
            keys.sort_by_key(|key| !matches!(key.role, Role::Signs { .. }));
            keys
        };
        algorithms
            .iter()
            .flat_map(of)
            .filter_map(|key| import(&self.jwk(key)?))
            .collect()
    }

    /// A key of `algorithm` that is in no JWKS.
    pub(crate) fn wrong(&self, algorithm: Algorithm) -> Option<PrivateKey> {
        let jwk = self.seed.private_jwk(algorithm, &self.issuer_name, WRONG)?;
        import(&jwk)
    }

    /// Every key of `algorithm` that signs or has signed.
    pub(crate) fn all(&self, algorithm: Algorithm) -> Vec<PrivateKey> {
        self.of(algorithm)
            .filter_map(|key| import(&self.jwk(key)?))
            .collect()
    }

    async fn kid(&self, key: &Held) -> Result<String, CryptoError> {
        let private = self.jwk(key).as_ref().and_then(import);
        let private = private.ok_or_else(|| CryptoError::new("import", "no such key"))?;
        kid(&private).await
    }

    /// Whether JWKS shows them all.
    pub(crate) fn are_published(&self) -> bool {
        self.keys.iter().all(Held::published)
    }

    pub(crate) async fn list(&self) -> Result<Vec<KeyInfo>, CryptoError> {
        let mut list = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            list.push(KeyInfo {
                kid: self.kid(key).await?,
                alg: key.algorithm,
                signs: matches!(key.role, Role::Signs { .. }),
                published: key.published(),
            });
        }
        Ok(list)
    }

    pub(crate) fn change(
        &mut self,
        action: KeyAction,
        algorithm: Option<Algorithm>,
    ) -> Result<(), KeyError> {
        let default = self.algorithms.first().map(|(algorithm, _)| *algorithm);
        let Some(algorithm) = algorithm.or(default) else {
            return Ok(());
        };
        match action {
            KeyAction::Publish => self.add(algorithm, Role::Waits),
            KeyAction::Switch => self.switch(algorithm),
            KeyAction::Rotate => {
                self.add(algorithm, Role::Waits)?;
                self.switch(algorithm)
            }
            KeyAction::SwitchUnpublished => {
                let published = Published::No;
                self.add(algorithm, Role::Signs { published })?;
                self.rest_signing_before(algorithm);
                Ok(())
            }
            KeyAction::Retire if self.of(algorithm).next().is_none() => {
                Err(KeyError::Algorithm(algorithm))
            }
            KeyAction::Retire => {
                self.keys
                    .retain(|key| key.algorithm != algorithm || key.role != Role::Waits);
                Ok(())
            }
        }
    }

    fn add(&mut self, algorithm: Algorithm, role: Role) -> Result<(), KeyError> {
        let known = self
            .algorithms
            .iter()
            .position(|(own, _)| *own == algorithm);
        let Some((_, next)) = known.and_then(|at| self.algorithms.get_mut(at)) else {
            return Err(KeyError::Algorithm(algorithm));
        };
        let number = *next;
        let key = Held {
            algorithm,
            number,
            role,
        };
        let jwk = self.seed.private_jwk(algorithm, &self.issuer_name, number);
        if jwk.is_none() {
            return Err(KeyError::UsedUp);
        }
        *next += 1;
        self.keys.push(key);
        Ok(())
    }

    /// The newest key signs, if it is newer than the one that does.
    fn switch(&mut self, algorithm: Algorithm) -> Result<(), KeyError> {
        let next = self
            .keys
            .iter_mut()
            .rfind(|key| key.algorithm == algorithm)
            .filter(|key| key.role == Role::Waits)
            .ok_or(KeyError::NoneNext(algorithm))?;
        next.role = Role::Signs {
            published: Published::Yes,
        };
        self.rest_signing_before(algorithm);
        Ok(())
    }

    /// Only the newest of those that sign goes on; one that was never published leaves no trace.
    fn rest_signing_before(&mut self, algorithm: Algorithm) {
        let newest = self.of(algorithm).map(|key| key.number).max();
        self.keys.retain_mut(|key| {
            if key.algorithm == algorithm && Some(key.number) != newest {
                if !key.published() {
                    return false;
                }
                key.role = Role::Waits;
            }
            true
        });
    }

    fn of(&self, algorithm: Algorithm) -> impl Iterator<Item = &Held> {
        self.keys
            .iter()
            .filter(move |key| key.algorithm == algorithm)
    }
}

impl Held {
    fn published(&self) -> bool {
        !matches!(
            self.role,
            Role::Signs {
                published: Published::No
            }
        )
    }
}

fn import(jwk: &Value) -> Option<PrivateKey> {
    let set = json!({ "keys": [jwk] }).to_string();
    PrivateKey::from_jwks(&set).ok()?.into_iter().next()
}

/// The RFC 7638 thumbprint of the public half.
pub(crate) async fn kid(key: &PrivateKey) -> Result<String, CryptoError> {
    let (_, public) = NativeCrypto::new().import(key).await?;
    Ok(public.thumbprint())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `jeton keys new` prints one.
    const SECRET: &str = "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj";

    const ALL: [Algorithm; 3] = [Algorithm::ES256, Algorithm::RS256, Algorithm::EdDSA];

    /// What `jeton::Config` must refuse: its list holds the hashes that this prints.
    #[test]
    fn production_refuses_the_default_keys() {
        let seed = Seed::new(None).unwrap();
        for algorithm in ALL {
            for number in [0, 1, 2, WRONG] {
                let jwk = seed.private_jwk(algorithm, "", number).unwrap();
                let set = json!({ "keys": [jwk] }).to_string();
                let config = jeton::Config::from_lookup(|name| match name {
                    "JETON_ISSUER" => Some("https://id.example".to_owned()),
                    "JETON_SECRET" => Some(SECRET.to_owned()),
                    "JETON_SIGNING_JWKS" => Some(set.clone()),
                    _ => None,
                });
                let d = jwk["d"].as_str().unwrap();
                let hash = <Sha256 as sha2::Digest>::digest(d);
                let hash = URL_SAFE_NO_PAD.encode(hash);
                let error = config.err().unwrap_or_else(|| panic!("missing: {hash}"));
                assert!(error.to_string().contains("everyone"), "{error}");
            }
        }
    }

    #[tokio::test]
    async fn rotates() {
        let mut keys = Keys::new(&Seed::new(Some("x")).unwrap(), "a", &ALL);
        let shape = async |keys: &Keys| {
            let list = keys.list().await.unwrap();
            let es256 = list.into_iter().filter(|key| key.alg == Algorithm::ES256);
            es256
                .map(|key| (key.signs, key.published))
                .collect::<Vec<_>>()
        };
        assert_eq!(shape(&keys).await, [(true, true)]);
        let refused = keys.change(KeyAction::Switch, None);
        assert!(matches!(refused, Err(KeyError::NoneNext(_))));
        for (action, expected) in [
            (KeyAction::Publish, &[(true, true), (false, true)][..]),
            (KeyAction::Switch, &[(false, true), (true, true)]),
            (KeyAction::Retire, &[(true, true)]),
            (
                KeyAction::SwitchUnpublished,
                &[(false, true), (true, false)],
            ),
            (KeyAction::Rotate, &[(false, true), (true, true)]),
        ] {
            keys.change(action, None).unwrap();
            assert_eq!(shape(&keys).await, expected, "{action:?}");
        }
        for _ in 0..2 {
            keys.change(KeyAction::Rotate, Some(Algorithm::RS256))
                .unwrap();
        }
        let refused = keys.change(KeyAction::Rotate, Some(Algorithm::RS256));
        assert!(matches!(refused, Err(KeyError::UsedUp)));
    }

    #[test]
    fn every_seed_makes_a_secret_that_is_refused() {
        for seed in [None, Some(""), Some("x")] {
            let secret = Seed::new(seed).unwrap().secret();
            assert!(secret.starts_with(PUBLIC_PREFIX) && secret.len() >= 43);
        }
    }

    #[test]
    fn what_a_deployment_takes_for_its_secret_is_no_seed() {
        let random = "kT2vQ9xZb7LmN4cR8wYdH3jF6sGpA1eU0iOqXtVnBaZ";
        let cut = SECRET.strip_suffix("jrj").unwrap();
        for seed in [SECRET, cut, random, &format!("{SECRET} {random}")] {
            let refused = Seed::new(Some(seed)).map(|_| ()).unwrap_err();
            assert_eq!(refused.at, "seed");
            assert!(!refused.to_string().contains(seed), "{refused}");
        }
        let words = "a seed of many words, which no deployment takes for its secret";
        for seed in ["", "x", "ci-4711", words, PUBLIC_SECRET] {
            assert!(Seed::new(Some(seed)).is_ok(), "{seed}");
        }
    }
}
