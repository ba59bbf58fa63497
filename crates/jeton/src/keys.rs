//! The keys of the moment: which key signs and which are published. Keys are derived from
//! `JETON_SECRET` for each epoch, or supplied as `JETON_SIGNING_JWKS`.

mod derive;
mod epoch;
mod ring;
#[cfg(test)]
mod tests;

pub use epoch::EPOCH;
pub use ring::signing_key;
pub(crate) use ring::{Keyring, past_keys};
