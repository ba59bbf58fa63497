//! Whether a grant is still live: its record, and every cut-off that may have ended it.

use crate::{
    client::{Client, ClientId},
    host::Host,
    ledger::{Grant, GrantId, Ledger},
    refusal::{GrantFault, Refusal},
    registry::CutOff,
    request::At,
    time::UnixTime,
    unavailable::Unavailable,
};

/// The grant of that id, if it is live and was opened before no cut-off.
pub(crate) async fn find_grant<H: Host>(
    at: &At<'_, H>,
    id: GrantId,
) -> Result<Option<Grant>, Refusal> {
    let Some(grant) = at.issuer.ledger()?.read(id).await? else {
        return Ok(None);
    };
    if !grant.is_live(at.now) {
        return Ok(None);
    }
    let of_client = cut_off_of_client(at, &grant.client_id).await?;
    let of_subject = cut_off_of_subject(at, &grant).await?;
    let cut_off = of_client
        .max(of_subject)
        .max(at.issuer.config().grants_not_before());
    Ok((grant.created_at >= cut_off).then_some(grant))
}

/// The earliest `created_at` of grants that neither the deployment's cut-off nor the client's has
/// ended.
pub(crate) async fn created_from<H: Host>(
    at: &At<'_, H>,
    client: &Client,
) -> Result<UnixTime, Unavailable> {
    let cut_off = cut_off_of_client(at, &client.id).await?;
    Ok(cut_off.max(at.issuer.config().grants_not_before()))
}

/// Refuses a grant whose subject has been logged out everywhere. The subject is known only from the
/// record, so this comes after the step: the record has moved then, and yields no tokens.
pub(crate) async fn require_subject_not_cut_off<H: Host>(
    at: &At<'_, H>,
    grant: &Grant,
) -> Result<(), Refusal> {
    if grant.created_at < cut_off_of_subject(at, grant).await? {
        return Err(GrantFault::CutOff.into());
    }
    Ok(())
}

/// The cut-off of a client: every grant opened and every token issued to it before that time has
/// ended.
pub(crate) async fn cut_off_of_client<H: Host>(
    at: &At<'_, H>,
    client: &ClientId,
) -> Result<UnixTime, Unavailable> {
    let clients = at.issuer.clients();
    clients.cut_off(&CutOff::client(client), at.now).await
}

/// The cut-off of the grant's subject; 0 while it has none.
async fn cut_off_of_subject<H: Host>(
    at: &At<'_, H>,
    grant: &Grant,
) -> Result<UnixTime, Unavailable> {
    match &grant.subject {
        None => Ok(UnixTime(0)),
        Some(subject) => {
            let clients = at.issuer.clients();
            clients.cut_off(&CutOff::subject(subject), at.now).await
        }
    }
}
