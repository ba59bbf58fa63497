//! Nonces that a server hands out and remembers nothing of (RFC 9449 §9).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::encoding::{base64url, from_base64url};

/// How long a nonce is handed out, in seconds. It is accepted for as long again.
const BUCKET: u64 = 120;

/// The nonces of one secret: a MAC of the time, in steps of two minutes.
pub(crate) struct Nonces(Hmac<Sha256>);

impl Nonces {
    pub(crate) fn new(secret: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// The nonce to hand out.
    pub(crate) fn current(&self, now: u64) -> String {
        base64url(self.of(now / BUCKET).finalize().into_bytes())
    }

    /// Whether `nonce` is the current or the last one.
    pub(crate) fn accept(&self, nonce: &str, now: u64) -> bool {
        let Some(nonce) = from_base64url(nonce) else {
            return false;
        };
        let current = now / BUCKET;
        [Some(current), current.checked_sub(1)]
            .into_iter()
            .flatten()
            .any(|bucket| self.of(bucket).verify_slice(&nonce).is_ok())
    }

    fn of(&self, bucket: u64) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(b"DPoP-Nonce of a resource server");
        mac.update(&bucket.to_be_bytes());
        mac
    }
}
