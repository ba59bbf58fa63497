//! `/manage/grants`: what people have granted. Listed by subject; ended one by one or, by a cut-off, all of a
//! subject, of a client, or of a subject at a client.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde::Serialize;

use super::Manager;
use crate::{
    audit::Audit,
    client::ClientId,
    grant::live,
    host::Host,
    ledger::{Grant, GrantId, INDEX_PAGE, Ledger, SubjectKey},
    management_scope::GRANTS,
    parameters::Parameters,
    refusal::{ManagementFault, Refusal, RequestFault},
    registry::CutOff,
    request::{At, Sender},
    response::{empty_response, no_store_json},
    scope::Scope,
    time::UnixTime,
};

/// One page of a subject's grants.
#[derive(Serialize)]
struct PageBody {
    items: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<GrantId>,
}

/// A grant in the list.
#[derive(Serialize)]
struct Item {
    grant_id: GrantId,
    client_id: ClientId,
    /// What was granted, whatever the client is registered for by now.
    scope: Scope,
    audiences: Vec<String>,
    created_at: UnixTime,
    /// When its code or a refresh token of it was redeemed last. Where the client's refresh tokens do not
    /// rotate, that is the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<UnixTime>,
    /// When its refresh token expires unless it is used.
    idle_expires_at: UnixTime,
    /// When it ends with all its tokens.
    expires_at: UnixTime,
}

/// Refuses who may not see and end grants.
async fn require_manager<H: Host>(at: &At<'_, H>, audit: &mut Audit) -> Result<(), Refusal> {
    if at.request.sender == Sender::Stranger {
        Manager::of(at, &[GRANTS], audit).await?;
    }
    Ok(())
}

/// `/manage/grants`: lists, or ends many.
pub(crate) async fn collection<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    require_manager(at, audit).await?;
    let parameters = Parameters::parse(at.request.query.as_bytes())?;
    if *at.request.method == Method::DELETE {
        return end_all(at, &parameters, audit).await;
    }
    let subject = parameters.get("subject");
    let subject = subject.ok_or(RequestFault::MissingParameter("subject"))?;
    let after = parameters.get("after").map(str::parse).transpose();
    let after = after.map_err(|_| ManagementFault::Parameter("after"))?;
    let ids = at
        .issuer
        .ledger()?
        .indexed(&SubjectKey::of(subject), after)
        .await?;
    let next = ids.last().filter(|_| ids.len() == INDEX_PAGE).copied();
    let mut items = Vec::new();
    for id in ids {
        if let Some(grant) = live::find_grant(at, id).await?
            // A login that was used before, by somebody else, is in both indexes.
            && grant.subject.as_deref() == Some(subject)
            && may_have_tokens(&grant, at.now)
            // One that is disabled may come back, and the grant with it; one that was removed does not.
            && at.issuer.clients().find_also_disabled(&grant.client_id, at.now).await?.is_some()
        {
            items.push(item(grant));
        }
    }
    Ok(no_store_json(StatusCode::OK, &PageBody { items, next }))
}

/// Whether there may be a token of it. Of a code that nobody redeemed in time there is none.
fn may_have_tokens(grant: &Grant, now: UnixTime) -> bool {
    grant.generation > 0 || now < grant.idle_expires_at
}

fn item(grant: Grant) -> Item {
    Item {
        last_used_at: grant.redeemed_at.map(|_| grant.advanced_at),
        grant_id: grant.id,
        client_id: grant.client_id,
        scope: grant.scope,
        audiences: grant.audiences,
        created_at: grant.created_at,
        idle_expires_at: grant.idle_expires_at.min(grant.expires_at),
        expires_at: grant.expires_at,
    }
}

/// Ends all that a subject granted, or what of it a client has; or all that a client was granted, and the tokens
/// that it got for itself.
async fn end_all<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let client = parameters.get("client_id").map(str::parse::<ClientId>);
    let client = client.transpose();
    let client = client.map_err(|_| ManagementFault::Parameter("client_id"))?;
    let cut_off = match (parameters.get("subject"), &client) {
        (Some(subject), Some(client)) => CutOff::subject_at(subject, client),
        (Some(subject), None) => CutOff::subject(subject),
        (None, Some(client)) => CutOff::client(client),
        (None, None) => return Err(RequestFault::MissingParameter("subject").into()),
    };
    let clients = at.issuer.clients();
    clients.end_all_of(&cut_off, at.now).await?;
    let at_client = client.filter(|_| parameters.get("subject").is_some());
    let at_client = at_client.map_or_else(String::new, |id| format!(" at {:?}", id.as_str()));
    audit.managed = Some(format!("grants {:?}{at_client}", cut_off.as_str()));
    Ok(empty_response(StatusCode::NO_CONTENT))
}

/// `/manage/grants/{grant_id}`: ends one. One that has ended has ended.
pub(crate) async fn one<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    require_manager(at, audit).await?;
    let id = at.request.first_segment();
    let id = id.and_then(|id| id.parse::<GrantId>().ok());
    let id = id.ok_or(ManagementFault::NotFound)?;
    let ledger = at.issuer.ledger()?;
    ledger.read(id).await?.ok_or(ManagementFault::NotFound)?;
    ledger.revoke(id).await?;
    audit.grant = Some(id);
    audit.managed = Some(format!("grant {:?}", id.to_string()));
    Ok(empty_response(StatusCode::NO_CONTENT))
}
