//! Signing keys: derived per epoch from `JETON_SECRET`, or supplied as `JETON_SIGNING_JWKS`.

mod derive;
mod epoch;
mod ring;
#[cfg(test)]
mod tests;

pub use epoch::EPOCH;
pub(crate) use ring::Keyring;
pub use ring::signing_key;
