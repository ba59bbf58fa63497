//! Keys as values (RFC 7517): what is held and handed around, knowing nothing of who holds it, when
//! it signs or how it is derived.

mod der;
mod private;
mod supplied;

pub use private::PrivateKey;
pub use supplied::InvalidJwks;
pub(crate) use supplied::SuppliedKeys;
