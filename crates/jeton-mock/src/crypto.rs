//! The mock's cryptography.

use jeton::{Crypto, CryptoError, PrivateKey, PublicKey};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;

use crate::keys::Seed;

/// [`Crypto`] by aws-lc, which makes a key of the seed when the core first imports it.
pub(crate) struct MockCrypto {
    native: NativeCrypto,
    seed: Seed,
}

impl MockCrypto {
    pub(crate) fn new(seed: Seed) -> Self {
        Self {
            native: NativeCrypto::new(),
            seed,
        }
    }
}

impl Crypto for MockCrypto {
    type Key = <NativeCrypto as Crypto>::Key;

    fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        self.native.fill(bytes)
    }

    async fn import(&self, key: &PrivateKey) -> Result<(Self::Key, PublicKey), CryptoError> {
        match self.seed.followed(key).await {
            None => self.native.import(key).await,
            Some(made) => self.native.import(&made?).await,
        }
    }

    async fn sign(&self, key: &Self::Key, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.native.sign(key, message).await
    }

    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, CryptoError> {
        self.native.verify(algorithm, key, message, signature).await
    }
}
