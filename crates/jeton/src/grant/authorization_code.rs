//! `authorization_code` (RFC 6749 §4.1.3) with PKCE (RFC 7636): from generation 0 to 1.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::generation::{read_attached, step_from, take_step, token_response, verified_token};
use crate::{
    audit::Audit,
    client::Client,
    grant::response::TokenResponse,
    host::Host,
    parameters::Parameters,
    refusal::{GrantFault, Refusal, RequestFault},
    request::At,
    scope::Scope,
    token::TokenKind,
};

pub(crate) async fn redeem<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let code = parameters
        .get("code")
        .ok_or(RequestFault::MissingParameter("code"))?;
    let challenge = match parameters.get("code_verifier") {
        None => None,
        Some(verifier) if is_verifier(verifier) => Some(challenge_of(verifier)),
        Some(_) => return Err(GrantFault::Verifier.into()),
    };
    let kind = TokenKind::AuthorizationCode;
    let code = verified_token(at, client, kind, code, challenge.as_deref(), audit)?;
    let redirect_uri = parameters.get("redirect_uri");
    if !code.redirect.is_some_and(|own| own.permits(redirect_uri)) {
        return Err(GrantFault::RedirectUri.into());
    }
    let step = step_from(at, client, &code, Scope::default(), parameters).await?;
    let attached = read_attached(at, client, &code).await?;
    let grant = take_step(at, &step, audit).await??;
    token_response(at, client, &grant, attached.as_ref(), step, audit).await
}

/// Whether `text` has the form of a `code_verifier` (RFC 7636 §4.1).
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// The `code_challenge` of a verifier by the method S256 (RFC 7636 §4.2).
fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}
