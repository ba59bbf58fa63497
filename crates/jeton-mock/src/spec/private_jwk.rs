use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A private key as a JWK (RFC 7517 §4, RFC 7518 §6): EC P-256, OKP Ed25519 or RSA. JWKS shows it by its
/// `kid`, with its `x5c`, `x5t` and `x5t#S256`, if it has them.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrivateJwk(pub Map<String, Value>);

/// Only its name: the rest is secret, or as good as that.
impl fmt::Debug for PrivateJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateJwk")
            .field("kid", &self.0.get("kid"))
            .finish_non_exhaustive()
    }
}
