//! JSON Web Tokens (RFC 7519) as signed objects in compact serialization (RFC 7515 §7.1): signing,
//! verifying, and the JWK Set that is published. Everything here is given keys; the callers decide
//! whose keys these are and when they sign.

mod jwks;
mod sign;
mod verify;

pub(crate) use jwks::PublishedKeys;
pub(crate) use sign::{SigningKey, TokenType, sign, token_id};
pub use verify::{JwtFault, LONGEST_JWT, UnverifiedJwt, VerifiedJwt};
pub(crate) use verify::{own_claims, parse_own};
