//! `/manage/tokens/{jti}`: ends one access token that stems from no person's grant, as an initial access token
//! does, which lives for weeks. Whoever holds one cannot authenticate as its client to revoke it.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::Manager;
use crate::{
    access_token::revoked_marker,
    audit::Audit,
    host::Host,
    ledger::Ledger,
    management_scope::GRANTS,
    refusal::{ManagementFault, Refusal},
    request::At,
    response::empty_response,
    time::LONGEST_TOKEN_LIFETIME,
};

/// The longest `jti` that is taken, in bytes. Ours are shorter.
const LONGEST_JTI: usize = 64;

pub(crate) async fn revoke<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    Manager::of(at, &[GRANTS], audit).await?;
    let jti = at.request.first_segment();
    let jti = jti.filter(|jti| jti.len() <= LONGEST_JTI);
    let jti = jti.ok_or(ManagementFault::NotFound)?;
    let until = at.now + LONGEST_TOKEN_LIFETIME;
    let attempt = at.issuer.random_id()?;
    let marker = revoked_marker(&jti);
    at.issuer
        .ledger()?
        .claim(&marker, attempt, until, at.now)
        .await?;
    Ok(empty_response(StatusCode::NO_CONTENT))
}
