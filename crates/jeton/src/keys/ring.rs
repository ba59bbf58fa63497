//! The keyring: imported keys, kept for an epoch.

use std::sync::{Arc, Mutex, PoisonError};

use jsonwebtoken::Algorithm;

use super::{derive::Derivation, epoch::Epoch};
use crate::{
    config::Config,
    crypto::{Crypto, CryptoError},
    jose::{PublishedKeys, SigningKey},
    jwk::{PrivateKey, PublicJwk, PublicJwks, PublicKey},
    time::{LONGEST_GRANT_LIFETIME, LONGEST_TOKEN_LIFETIME, Seconds, UnixTime},
};

/// For how long an ID token can say who is logged in: as long as a grant lives, and a token that was made at
/// its end.
const LONGEST_REMEMBERED: Seconds = Seconds(LONGEST_GRANT_LIFETIME.0 + LONGEST_TOKEN_LIFETIME.0);

/// Imported signing keys and the JWKS, each made at its first use and kept for an epoch.
pub(crate) struct Keyring<K> {
    /// One key an algorithm of the deployment. The mutex is never held across an `.await`.
    signing: Mutex<Vec<Imported<K>>>,
    published: Mutex<Option<(Epoch, Arc<PublishedKeys>)>>,
}

type Imported<K> = (Algorithm, Epoch, Arc<SigningKey<K>>);

impl<K> Keyring<K> {
    pub(crate) fn new() -> Self {
        Self {
            signing: Mutex::new(Vec::new()),
            published: Mutex::new(None),
        }
    }

    /// The key that signs `algorithm` at `now`. Two requests that find none both import it: the key is
    /// the same, so neither waits for the other.
    pub(crate) async fn signing<C: Crypto<Key = K>>(
        &self,
        config: &Config,
        crypto: &C,
        algorithm: Algorithm,
        now: UnixTime,
    ) -> Result<Arc<SigningKey<K>>, CryptoError> {
        let epoch = Epoch::at(now);
        let kept = lock(&self.signing)
            .iter()
            .find(|(of, at, _)| *of == algorithm && *at == epoch)
            .map(|(_, _, key)| Arc::clone(key));
        if let Some(key) = kept {
            return Ok(key);
        }
        let private = private_keys(config, algorithm, [epoch])
            .into_iter()
            .next()
            .ok_or_else(|| CryptoError::new("import", format!("no key for {algorithm:?}")))?;
        let (key, public) = crypto.import(&private).await?;
        let key = Arc::new(SigningKey::new(key, algorithm, &kid(&private, &public))?);
        let mut kept = lock(&self.signing);
        kept.retain(|(of, _, _)| *of != algorithm);
        kept.push((algorithm, epoch, Arc::clone(&key)));
        Ok(key)
    }

    /// The JWK Set at `now`: for each algorithm the supplied keys, or for each secret the keys of the
    /// previous, the current and the next epoch.
    pub(crate) async fn published<C: Crypto<Key = K>>(
        &self,
        config: &Config,
        crypto: &C,
        now: UnixTime,
    ) -> Result<Arc<PublishedKeys>, CryptoError> {
        let epoch = Epoch::at(now);
        if let Some((at, published)) = &*lock(&self.published)
            && *at == epoch
        {
            return Ok(Arc::clone(published));
        }
        let mut keys = Vec::new();
        for &algorithm in config.signing_algorithms() {
            let private = private_keys(config, algorithm, epoch.published());
            keys.extend(public_keys(crypto, algorithm, private).await?);
        }
        let published = Arc::new(PublishedKeys::new(keys));
        *lock(&self.published) = Some((epoch, Arc::clone(&published)));
        Ok(published)
    }
}

/// The keys that signed `algorithm` at `then`, where JWKS does not have them any more: one for each secret,
/// derived anew. None where there never were any: then, or where the keys are supplied, JWKS has all.
pub(crate) async fn past_keys<C: Crypto>(
    config: &Config,
    crypto: &C,
    algorithm: Algorithm,
    then: UnixTime,
    now: UnixTime,
) -> Result<Option<PublicJwks>, CryptoError> {
    let epoch = Epoch::at(then);
    let is_derived = config.signing_algorithms().contains(&algorithm)
        && config.supplied_keys().of(algorithm).next().is_none();
    let is_past = then < now && !Epoch::at(now).published().contains(&epoch);
    if !is_derived || !is_past || now.since(then) > LONGEST_REMEMBERED {
        return Ok(None);
    }
    let private = private_keys(config, algorithm, [epoch]);
    let keys = public_keys(crypto, algorithm, private).await?;
    Ok(Some(keys.into_iter().collect()))
}

/// The public keys of `private`, as JWKS has them.
async fn public_keys<C: Crypto>(
    crypto: &C,
    algorithm: Algorithm,
    private: Vec<PrivateKey>,
) -> Result<Vec<PublicJwk>, CryptoError> {
    let mut keys = Vec::with_capacity(private.len());
    for private in private {
        let (_, key) = crypto.import(&private).await?;
        keys.push(PublicJwk {
            kid: Some(kid(&private, &key)),
            algorithm: Some(algorithm),
            key,
        });
    }
    Ok(keys)
}

/// The name of a key: its own, or its RFC 7638 thumbprint.
fn kid(private: &PrivateKey, public: &PublicKey) -> String {
    let own = private.kid().map(str::to_owned);
    own.unwrap_or_else(|| public.thumbprint())
}

/// The private key that signs `algorithm` at `now`; `None` if the deployment does not sign by it. For
/// tests that sign in its place.
#[must_use]
pub fn signing_key(config: &Config, algorithm: Algorithm, now: UnixTime) -> Option<PrivateKey> {
    if !config.signing_algorithms().contains(&algorithm) {
        return None;
    }
    let mut keys = private_keys(config, algorithm, [Epoch::at(now)]).into_iter();
    keys.next()
}

/// All private keys of `algorithm` for `epochs`, the one that signs first.
fn private_keys<const N: usize>(
    config: &Config,
    algorithm: Algorithm,
    epochs: [Epoch; N],
) -> Vec<PrivateKey> {
    let supplied: Vec<_> = config.supplied_keys().of(algorithm).cloned().collect();
    if !supplied.is_empty() {
        return supplied;
    }
    config
        .secrets()
        .iter()
        .flat_map(|secret| {
            epochs.iter().filter_map(move |&epoch| {
                Derivation {
                    issuer: config.key_context(),
                    serial: config.key_serial(),
                    epoch,
                }
                .key(secret, algorithm)
            })
        })
        .collect()
}

/// A panic elsewhere leaves these caches whole: each write replaces a finished value.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
