//! JSON Web Tokens (RFC 7519) as signed objects in compact serialization (RFC 7515 §7.1): made,
//! verified, and the keys published to verify them with. Everything here is given keys; whose they
//! are and when they sign is decided above.

mod jwks;
mod sign;
mod verify;

pub(crate) use jwks::Published;
pub(crate) use sign::{SigningKey, TokenType, sign, token_id};
pub(crate) use verify::own_claims;
pub use verify::{JwtFault, LONGEST_JWT, UnverifiedJwt, VerifiedJwt};
