//! Keys as values (RFC 7517): private and public keys and sets of them. Nothing here knows whose a key
//! is, when it signs or how it was derived.

mod algorithm;
mod der;
mod private;
mod public;
mod set;
mod supplied;
#[cfg(test)]
mod tests;

pub(crate) use algorithm::{VERIFICATION_ALGORITHM_NAMES, verification_algorithm};
pub use private::PrivateKey;
pub use public::{InvalidRsa, Point, PublicKey, RsaPublicKey};
pub use set::{InvalidPublicJwks, PublicJwk, PublicJwks, UnusableJwk};
pub(crate) use supplied::SuppliedKeys;
pub use supplied::{InvalidJwks, MOCK_MEMBER};
