//! Whether what was granted still holds: met with the client, the subject and the cut-offs as they are
//! now. `ARCHITECTURE.md`, "Rights", has the rule.

use std::sync::Arc;

use crate::{
    access_token::{AccessToken, Audience, revoked_marker},
    client::{Client, ClientId},
    disclosure::{Disclosure, Place},
    grant::GrantType,
    host::Host,
    ledger::{Grant, GrantId, Ledger},
    refusal::{GrantFault, Refusal},
    registry::CutOff,
    request::At,
    target::Portion,
    time::{Seconds, UnixTime},
    unavailable::Unavailable,
};

/// An access token that is good now.
pub(crate) struct LiveToken<'a> {
    /// The token with the part of its scope, audiences and claims that its client is still registered for.
    pub(crate) token: AccessToken<'a>,
    /// Its client.
    pub(crate) client: Arc<Client>,
    /// The client of the token that the first exchange began with; its own where none was exchanged.
    pub(crate) root: Arc<Client>,
    /// The grant it stems from; none where no person granted anything.
    pub(crate) grant: Option<Grant>,
}

/// The access token, if it is good now: its client and the one of its first exchange are still registered
/// for such tokens, and neither it nor what it stems from has ended.
pub(crate) async fn find_live<'a, H: Host>(
    at: &At<'_, H>,
    token: AccessToken<'a>,
) -> Result<Option<LiveToken<'a>>, Refusal> {
    let Some(client) = at.issuer.clients().find(&token.client_id, at.now).await? else {
        return Ok(None);
    };
    let portion = Portion {
        scope: token.scope.clone(),
        audiences: token.aud.clone().into_vec(),
    };
    let Ok(portion) = portion.registered(&client, at.issuer.config().issuer()) else {
        return Ok(None);
    };
    let Some(root) = find_root(at, &token, &client).await? else {
        return Ok(None);
    };
    let scope = portion.scope.within(&root.scope);
    if scope.is_empty() && !token.scope.is_empty() {
        return Ok(None);
    }
    let grant = match token.sid {
        Some(id) => {
            let grant = find_grant(at, id).await?;
            let grant = grant.filter(|grant| grant.client_id == root.id && has_grants(&root));
            if grant.is_none() {
                return Ok(None);
            }
            grant
        }
        None if stands_alone(at, &token, &root).await? => None,
        None => return Ok(None),
    };
    if token.is_revoked_alone() && is_revoked(at, &token.jti).await? {
        return Ok(None);
    }
    let mut claims = token.claims;
    match &grant {
        Some(grant) => {
            let (place, requested) = (Place::AccessToken, &grant.requested_claims);
            claims = Disclosure::new(place, &client, &scope, requested).part_of(&claims);
            if !token.exchanged_from.is_empty() {
                claims = Disclosure::new(place, &root, &scope, requested).part_of(&claims);
            }
        }
        None => claims.retain(|name, value| root.gives_claim(name, value)),
    }
    let token = AccessToken {
        scope,
        aud: Audience::new(portion.audiences),
        claims,
        ..token
    };
    Ok(Some(LiveToken {
        token,
        client,
        root,
        grant,
    }))
}

/// The client of the token that the first exchange began with: that of the token itself where none was
/// exchanged. `None` where that is gone, or a token that was exchanged on the way has ended.
async fn find_root<H: Host>(
    at: &At<'_, H>,
    token: &AccessToken<'_>,
    client: &Arc<Client>,
) -> Result<Option<Arc<Client>>, Refusal> {
    let mut holder = Arc::clone(client);
    let mut issued_at = token.iat;
    for (left, from) in token.exchanged_from.iter().enumerate() {
        // Whose token came of an exchange, exchanged.
        let may = holder.may_use(GrantType::TokenExchange) && holder.is_confidential();
        if !may || issued_at < cut_off_of_client(at, &holder.id).await? {
            return Ok(None);
        }
        let Some(next) = at.issuer.clients().find(&from.client_id, at.now).await? else {
            return Ok(None);
        };
        // What a person granted ends with the grant.
        let is_root = left + 1 == token.exchanged_from.len();
        let ends_alone = token.sid.is_none() || !is_root;
        if let Some(jti) = from.jti.as_deref().filter(|_| ends_alone)
            && is_revoked(at, jti).await?
        {
            return Ok(None);
        }
        holder = next;
        issued_at = from.iat;
    }
    Ok(Some(holder))
}

/// Whether a token that stems from no grant stands: `root` is still registered for such, and no cut-off has
/// ended what it began with, of that client or of a subject that is another.
async fn stands_alone<H: Host>(
    at: &At<'_, H>,
    token: &AccessToken<'_>,
    root: &Client,
) -> Result<bool, Unavailable> {
    let from = token.exchanged_from.last();
    let begun_at = from.map_or(token.iat, |from| from.iat);
    let may = root.may_use(GrantType::ClientCredentials)
        || root.may_use(GrantType::JwtBearer)
        // By which of these the first token of a chain came is not kept.
        || (from.is_some() && root.may_use(GrantType::TokenExchange));
    if !may || !root.is_confidential() || begun_at < cut_off_of_client(at, &root.id).await? {
        return Ok(false);
    }
    if token.sub.as_str() == root.id.as_str() {
        return Ok(true);
    }
    let standing = require_standing(at, None, Some(token.sub.as_str()), begun_at).await?;
    Ok(standing.is_ok())
}

/// Whether an access token was revoked by itself. Without a ledger it cannot have been.
async fn is_revoked<H: Host>(at: &At<'_, H>, jti: &str) -> Result<bool, Refusal> {
    let Ok(ledger) = at.issuer.ledger() else {
        return Ok(false);
    };
    let marker = revoked_marker(jti);
    Ok(ledger.holder(&marker, at.now).await?.is_some())
}

/// Whether the client is still registered for a grant type that gives it tokens of people's grants. By
/// which of them a grant's tokens came is not kept.
fn has_grants(client: &Client) -> bool {
    [
        GrantType::AuthorizationCode,
        GrantType::DeviceCode,
        GrantType::RefreshToken,
    ]
    .into_iter()
    .any(|grant_type| client.may_use(grant_type))
}

/// The grant of that id, if it is live, no cut-off has ended it, and its subject is no client's id.
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
    let subject = grant.subject.as_deref();
    let fault = require_standing(at, Some(&grant.client_id), subject, grant.created_at).await?;
    Ok(fault.is_ok().then_some(grant))
}

/// The earliest `created_at` of grants that neither the deployment's cut-off nor the client's has
/// ended.
pub(crate) async fn created_from<H: Host>(
    at: &At<'_, H>,
    client: &ClientId,
) -> Result<UnixTime, Unavailable> {
    let cut_off = cut_off_of_client(at, client).await?;
    Ok(cut_off.max(at.issuer.config().grants_not_before()))
}

/// Refuses a grant whose subject has been logged out everywhere or is the id of a client now. The
/// subject is known only from the record, so this comes after the step: the record has moved then, and
/// yields no tokens.
pub(crate) async fn require_subject<H: Host>(at: &At<'_, H>, grant: &Grant) -> Result<(), Refusal> {
    // Of the client alone, the step has seen to it.
    let from = at.issuer.config().grants_not_before();
    let subject = grant.subject.as_deref();
    Ok(require_person(at, Some(&grant.client_id), subject, grant.created_at, from).await??)
}

/// Checks that no cut-off of the client, of the subject or of the subject there has ended what a person gave at
/// that time, and that the subject is not the id of a client, which may have been registered since.
pub(crate) async fn require_standing<H: Host>(
    at: &At<'_, H>,
    client: Option<&ClientId>,
    subject: Option<&str>,
    given_at: UnixTime,
) -> Result<Result<(), GrantFault>, Unavailable> {
    let from = match client {
        Some(client) => created_from(at, client).await?,
        None => at.issuer.config().grants_not_before(),
    };
    require_person(at, client, subject, given_at, from).await
}

/// The same, where what was given before `from` has ended already.
async fn require_person<H: Host>(
    at: &At<'_, H>,
    client: Option<&ClientId>,
    subject: Option<&str>,
    given_at: UnixTime,
    mut from: UnixTime,
) -> Result<Result<(), GrantFault>, Unavailable> {
    if let Some(subject) = subject {
        from = from.max(cut_off_of_subject(at, subject, client).await?);
        if at.issuer.clients().is_client(subject, at.now).await? {
            return Ok(Err(GrantFault::Subject));
        }
    }
    Ok(if given_at < from {
        Err(GrantFault::CutOff)
    } else {
        Ok(())
    })
}

/// The time at which a person who is accepted now counts as accepted: now or, where a cut-off was set in
/// this very second, the end of that.
///
/// Times are whole seconds, so a cut-off ends everything of its second, before it and after it: of two
/// that cannot be told apart the revocation wins. Who is known here to be accepted after it is dated past
/// it, so that a person who ends all sessions and logs in again at once has a session. Another process may
/// not know of it yet: the login it lets in has ended then, and the person logs in once more.
pub(crate) async fn accepted_at<H: Host>(
    at: &At<'_, H>,
    client: Option<&ClientId>,
    subject: &str,
) -> Result<UnixTime, Unavailable> {
    let mut cut_off = cut_off_of_subject(at, subject, client).await?;
    if let Some(client) = client {
        cut_off = cut_off.max(cut_off_of_client(at, client).await?);
    }
    let next = at.now + Seconds(1);
    Ok(if cut_off == next { next } else { at.now })
}

/// The cut-off of a client: every grant opened and every token issued to it before that time has
/// ended.
async fn cut_off_of_client<H: Host>(
    at: &At<'_, H>,
    client: &ClientId,
) -> Result<UnixTime, Unavailable> {
    let clients = at.issuer.clients();
    clients.cut_off(&CutOff::client(client), at.now).await
}

/// The cut-off of a subject: at any client or, if one is named, at that one.
async fn cut_off_of_subject<H: Host>(
    at: &At<'_, H>,
    subject: &str,
    client: Option<&ClientId>,
) -> Result<UnixTime, Unavailable> {
    let of = match client {
        Some(client) => CutOff::subject_at(subject, client),
        None => CutOff::subject(subject),
    };
    at.issuer.clients().cut_off(&of, at.now).await
}
