//! The ids of clients that this deployment makes. They carry a MAC, so that made-up ones cost no read, and
//! one that a store does not show yet is known to be worth asking its authority.
//!
//! ```text
//! jc_ base64url(random ‖ key id ‖ MAC)      16 + 4 + 10 bytes
//! MAC over the random bytes; keys: HKDF with part("jeton/v1") part("client id") part(key context),
//! and part("client id key id") for the key id
//! ```
//!
//! An id is no secret, and a MAC here proves nothing about who sends it. Ids that carry a key id of a secret
//! that is gone, and all others, are looked up as any.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{client::ClientId, config::Config, secret::Secret};

const PREFIX: &str = "jc_";
const RANDOM_LENGTH: usize = 16;
const KEY_ID_LENGTH: usize = 4;
const MAC_LENGTH: usize = 10;

/// The keys of a deployment's client ids.
pub(crate) struct ClientIds(Vec<Key>);

struct Key {
    id: [u8; KEY_ID_LENGTH],
    mac: Zeroizing<[u8; 32]>,
}

/// Who has made a client id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadeBy {
    /// This deployment.
    Us,
    /// Somebody who wanted it to look so: no client has it.
    Forger,
    /// Anybody: whoever registered the client by hand, or we, with a secret of before.
    Anybody,
}

impl ClientIds {
    pub(crate) fn new(config: &Config) -> Self {
        let context = config.key_context().as_bytes();
        let secrets = config.secrets().iter();
        Self(secrets.map(|secret| Key::of(secret, context)).collect())
    }

    /// A new id, of random bytes; without a MAC where there is no secret to make one with.
    pub(crate) fn make(&self, random: &[u8; RANDOM_LENGTH]) -> String {
        let mut bytes = random.to_vec();
        if let Some(key) = self.0.first() {
            bytes.extend_from_slice(&key.id);
            bytes.extend_from_slice(&key.code_of(random));
        }
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Who has made `id`. Not in constant time: a right MAC may be had by asking for a new client.
    pub(crate) fn made_by(&self, id: &ClientId) -> MadeBy {
        self.read(id.as_str()).unwrap_or(MadeBy::Anybody)
    }

    fn read(&self, id: &str) -> Option<MadeBy> {
        let bytes = URL_SAFE_NO_PAD.decode(id.strip_prefix(PREFIX)?).ok()?;
        let (random, rest) = bytes.split_first_chunk::<RANDOM_LENGTH>()?;
        let (key_id, code) = rest.split_first_chunk::<KEY_ID_LENGTH>()?;
        let code: &[u8; MAC_LENGTH] = code.try_into().ok()?;
        let key = self.0.iter().find(|key| key.id == *key_id)?;
        Some(if key.code_of(random) == *code {
            MadeBy::Us
        } else {
            MadeBy::Forger
        })
    }
}

impl Key {
    fn of(secret: &Secret, context: &[u8]) -> Self {
        Self {
            id: *secret.derive(&[b"jeton/v1", b"client id key id", context]),
            mac: secret.derive(&[b"jeton/v1", b"client id", context]),
        }
    }

    fn code_of(&self, random: &[u8; RANDOM_LENGTH]) -> [u8; MAC_LENGTH] {
        // HMAC takes keys of any length; the error type is there for other MACs.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.mac.as_ref()) else {
            return [0; MAC_LENGTH];
        };
        mac.update(random);
        let code: [u8; 32] = mac.finalize().into_bytes().into();
        let (code, _) = code.split_first_chunk().unwrap_or((&[0; MAC_LENGTH], &[]));
        *code
    }
}

#[cfg(test)]
mod tests;
