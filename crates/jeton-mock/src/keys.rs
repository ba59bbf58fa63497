//! An issuer's signing keys: derived from the seed and the issuer's name, so that they are the same
//! in every run, whatever the port and whatever came before; or its user's own.

use std::sync::Arc;

use jeton::{CryptoError, PrivateKey};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::spec::{InvalidSpec, PrivateJwk};

mod named;
mod rsa;
mod seed;
#[cfg(test)]
mod tests;

pub(crate) use named::NamedKey;
pub(crate) use seed::Seed;

/// The keys of one issuer, each algorithm's in the order they were made.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    seed: Seed,
    issuer_name: String,
    /// The default one first, each with the number of its next derived key.
    algorithms: Vec<(Algorithm, u32)>,
    keys: Vec<Held>,
}

#[derive(Clone, Debug)]
struct Held {
    algorithm: Algorithm,
    source: Source,
    role: Role,
}

/// Where a key comes from.
#[derive(Clone, Debug)]
enum Source {
    /// The seed, by its number.
    Seed(u32),
    /// Whoever described the issuer.
    Given(Arc<NamedKey>),
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
    /// Its own, where it was given one; else its thumbprint (RFC 7638).
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
    /// The issuer cannot be made again.
    #[error(transparent)]
    Issuer(InvalidSpec),
    /// The key cannot be made.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Keys that are given to an issuer, in their order.
///
/// # Errors
/// They are no private JWKs, two have one name, or one is not for `algorithms`.
pub(crate) fn given(
    jwks: &[PrivateJwk],
    algorithms: Option<&[Algorithm]>,
) -> Result<Vec<NamedKey>, InvalidSpec> {
    let keys = NamedKey::all_of(jwks)?;
    for (index, key) in keys.iter().enumerate() {
        if algorithms.is_some_and(|own| !own.contains(&key.algorithm())) {
            let at = format_args!("keys[{index}]");
            let expected = format_args!(
                "one of the issuer's signing_algs, not {:?}",
                key.algorithm()
            );
            return Err(InvalidSpec::new(at, expected));
        }
    }
    Ok(keys)
}

/// The algorithms of keys, each once, in their order; `None` where there are no keys.
pub(crate) fn algorithms_of(keys: &[NamedKey]) -> Option<Vec<Algorithm>> {
    let mut algorithms = Vec::new();
    for key in keys {
        if !algorithms.contains(&key.algorithm()) {
            algorithms.push(key.algorithm());
        }
    }
    (!algorithms.is_empty()).then_some(algorithms)
}

impl Keys {
    /// Of each algorithm those that are `given`, the first of which signs; else one of the seed.
    pub(crate) fn new(
        seed: &Seed,
        issuer_name: &str,
        algorithms: &[Algorithm],
        given: Vec<NamedKey>,
    ) -> Self {
        let published = Published::Yes;
        let mut own = Self {
            seed: seed.clone(),
            issuer_name: issuer_name.to_owned(),
            algorithms: algorithms.iter().map(|&algorithm| (algorithm, 0)).collect(),
            keys: Vec::with_capacity(algorithms.len().max(given.len())),
        };
        for key in given {
            let is_first = own.of(key.algorithm()).next().is_none();
            own.keys.push(Held {
                algorithm: key.algorithm(),
                source: Source::Given(Arc::new(key)),
                role: if is_first {
                    Role::Signs { published }
                } else {
                    Role::Waits
                },
            });
        }
        for &algorithm in algorithms {
            if own.of(algorithm).next().is_none() {
                // It is one of the issuer's.
                let _ = own.add(algorithm, Role::Signs { published });
            }
        }
        own
    }

    pub(crate) fn seed(&self) -> &Seed {
        &self.seed
    }

    async fn key(&self, held: &Held) -> Result<NamedKey, CryptoError> {
        match &held.source {
            Source::Seed(number) => {
                let name = &self.issuer_name;
                self.seed.key(held.algorithm, name, *number).await
            }
            Source::Given(key) => Ok(NamedKey::clone(key)),
        }
    }

    /// Every key of `algorithms`, in their order, and of each the one that signs first. Those of RSA are
    /// references, which [`MockCrypto`](crate::crypto::MockCrypto) follows.
    pub(crate) fn private_keys(&self, algorithms: &[Algorithm]) -> Vec<PrivateKey> {
        let of = |&algorithm: &Algorithm| {
            let mut keys: Vec<_> = self.of(algorithm).collect();
            keys.sort_by_key(|key| !key.signs());
            keys
        };
        let private = |held: &Held| match &held.source {
            Source::Seed(number) => {
                let name = &self.issuer_name;
                self.seed.private_key(held.algorithm, name, *number)
            }
            Source::Given(key) => Some(key.private.clone()),
        };
        let keys = algorithms.iter().flat_map(of);
        keys.filter_map(private).collect()
    }

    /// The key that signs `algorithm`.
    pub(crate) async fn signing(&self, algorithm: Algorithm) -> Result<NamedKey, CryptoError> {
        let signs = self.of(algorithm).find(|key| key.signs());
        let none = || CryptoError::new("sign", format_args!("no key for {algorithm:?}"));
        self.key(signs.ok_or_else(none)?).await
    }

    /// A key of `algorithm` that is in no JWKS.
    pub(crate) async fn wrong(&self, algorithm: Algorithm) -> Result<PrivateKey, CryptoError> {
        Ok(self.seed.wrong(algorithm).await?.private)
    }

    /// Every key of `algorithm` that signs or has signed.
    pub(crate) async fn all(&self, algorithm: Algorithm) -> Result<Vec<PrivateKey>, CryptoError> {
        let mut private = Vec::new();
        for held in self.of(algorithm) {
            private.push(self.key(held).await?.private);
        }
        Ok(private)
    }

    /// Whether JWKS shows them all.
    pub(crate) fn are_published(&self) -> bool {
        self.keys.iter().all(Held::published)
    }

    /// What JWKS says of a key besides the key: the certificates that were given with it.
    pub(crate) fn certificates(&self, kid: &str) -> Option<&Map<String, Value>> {
        self.keys.iter().find_map(|held| match &held.source {
            Source::Given(key) if key.kid == kid => Some(&key.certificates),
            _ => None,
        })
    }

    pub(crate) async fn list(&self) -> Result<Vec<KeyInfo>, CryptoError> {
        let mut list = Vec::with_capacity(self.keys.len());
        for held in &self.keys {
            list.push(KeyInfo {
                kid: self.key(held).await?.kid,
                alg: held.algorithm,
                signs: held.signs(),
                published: held.published(),
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

    /// The next key of the seed.
    fn add(&mut self, algorithm: Algorithm, role: Role) -> Result<(), KeyError> {
        let mut algorithms = self.algorithms.iter_mut();
        let Some((_, next)) = algorithms.find(|(own, _)| *own == algorithm) else {
            return Err(KeyError::Algorithm(algorithm));
        };
        let source = Source::Seed(*next);
        *next += 1;
        self.keys.push(Held {
            algorithm,
            source,
            role,
        });
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

    /// Only the newest goes on to sign; one that was never published leaves no trace.
    fn rest_signing_before(&mut self, algorithm: Algorithm) {
        let newest = self.keys.iter().rposition(|key| key.algorithm == algorithm);
        let mut index = 0;
        self.keys.retain_mut(|key| {
            let is_older = key.algorithm == algorithm && Some(index) != newest;
            index += 1;
            if is_older && !key.published() {
                return false;
            }
            if is_older {
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
    fn signs(&self) -> bool {
        matches!(self.role, Role::Signs { .. })
    }

    fn published(&self) -> bool {
        !matches!(
            self.role,
            Role::Signs {
                published: Published::No
            }
        )
    }
}
