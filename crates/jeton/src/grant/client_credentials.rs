//! `client_credentials` (RFC 6749 §4.4): a token for the client itself, or whom it stands for. Nothing is
//! stored.

use super::{GrantType, response::TokenResponse};
use crate::{
    audit::Audit, authentication::Caller, host::Host, issue, parameters::Parameters,
    refusal::Refusal, request::At, target,
};

pub(crate) async fn redeem<H: Host>(
    at: &At<'_, H>,
    caller: &Caller,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let client = &caller.client;
    // §4.4: confidential clients only.
    if !client.is_confidential() {
        return Err(Refusal::PublicClient(GrantType::ClientCredentials));
    }
    let config = at.issuer.config();
    let portion = target::portion(client, parameters, config)?;
    issue::to_client(at, caller, portion, audit).await
}
