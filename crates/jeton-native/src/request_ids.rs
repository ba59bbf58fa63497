//! Ids of requests, where no platform gives them.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
};

use jeton::{Crypto, CryptoError, RequestId};

use crate::NativeCrypto;

/// The ids of a process's requests: 64 random bits that name the process, and a number. They are names,
/// not secrets, and a random one for each would cost more than all else that is logged.
#[derive(Debug)]
pub struct RequestIds {
    process: String,
    next: AtomicU64,
}

impl RequestIds {
    /// The ids of this process.
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub fn new(crypto: &NativeCrypto) -> Result<Self, CryptoError> {
        let mut random = [0; 8];
        crypto.fill(&mut random)?;
        let mut process = String::with_capacity(16);
        for byte in random {
            // Writing to a string cannot fail.
            let _ = write!(process, "{byte:02x}");
        }
        Ok(Self {
            process,
            next: AtomicU64::new(1),
        })
    }

    /// The id of the next request.
    pub fn next_id(&self) -> Option<RequestId> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number}", self.process).parse().ok()
    }
}
