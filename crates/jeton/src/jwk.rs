//! Keys as values (RFC 7517): what is held and handed around, knowing nothing of who holds it, when
//! it signs or how it is derived.

mod der;
mod private;
mod public;
mod set;
mod supplied;
#[cfg(test)]
mod tests;

pub use private::PrivateKey;
pub use public::{InvalidRsa, Point, PublicKey, RsaPublicKey};
pub use set::{InvalidPublicJwks, PublicJwk, PublicJwks, UnusableJwk};
pub use supplied::InvalidJwks;
pub(crate) use supplied::SuppliedKeys;
