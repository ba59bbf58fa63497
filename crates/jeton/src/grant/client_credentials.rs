//! `client_credentials` (RFC 6749 §4.4): a token for the client itself, or whom it stands for. Nothing is stored.

use super::{GrantType, response::TokenResponse};
use crate::{
    audit::Audit,
    authentication::Caller,
    host::Host,
    issue,
    parameters::Parameters,
    refusal::Refusal,
    request::At,
    target::{self, Portion},
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
    let scope = target::scope(client, parameters, config.unregistered_scopes())?;
    let audiences = target::audiences(client, parameters, &scope, config.issuer())?;
    let portion = Portion { scope, audiences };
    issue::to_client(at, caller, portion, audit).await
}
