//! The prefixes of this server's credentials, by which whoever finds one knows what it is.

use crate::{
    client::CLIENT_SECRET_PREFIX, registration_token::REGISTRATION_TOKEN_PREFIX, seal::SealKind,
    secret::SECRET_PREFIX, token::TokenKind,
};

/// The prefixes of all codes, tokens, sealed values, client secrets and a deployment's own: for a layer
/// that writes requests down and must leave credentials out.
pub fn credential_prefixes() -> impl Iterator<Item = &'static str> {
    let tokens = TokenKind::ALL.map(TokenKind::prefix);
    let sealed = SealKind::ALL.map(SealKind::prefix);
    tokens.into_iter().chain(sealed).chain([
        CLIENT_SECRET_PREFIX,
        SECRET_PREFIX,
        REGISTRATION_TOKEN_PREFIX,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let mut prefixes: Vec<_> = credential_prefixes().collect();
        assert!(prefixes.iter().all(|prefix| prefix.len() == 4));
        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!(prefixes.len(), credential_prefixes().count());
    }
}
