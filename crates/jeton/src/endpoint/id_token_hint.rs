//! `id_token_hint`: an ID token of ours that a client sends to say who it is about (OpenID Connect Core
//! §3.1.2.1, RP-Initiated Logout 1.0 §2).

use serde::Deserialize;

use crate::{
    client::ClientId, crypto::CryptoError, host::Host, jose::TokenType, ledger::GrantId,
    request::At, shown_subject::ShownSubject,
};

/// What is read of the claims. The token may have expired: people stay longer than tokens.
#[derive(Deserialize)]
pub(super) struct IdTokenHint {
    iss: String,
    /// As the client knows the person.
    pub(super) sub: ShownSubject<'static>,
    /// The client it was made for.
    pub(super) aud: ClientId,
    /// The login it was made in.
    pub(super) sid: GrantId,
}

impl IdTokenHint {
    /// The hint in `text`, if that is an ID token that this issuer signed, as long ago as a grant can live.
    pub(super) async fn read<H: Host>(
        at: &At<'_, H>,
        text: &str,
    ) -> Result<Option<Self>, CryptoError> {
        let claims = at.issuer.past_claims(TokenType::IdToken, text, at.now);
        let hint: Option<Self> = claims.await?;
        Ok(hint.filter(|hint| hint.iss == at.issuer.config().issuer().as_str()))
    }
}
