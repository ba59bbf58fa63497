//! Claims that are too long for a ticket and for the record of a grant: they are kept beside the grant,
//! and read where a token or `/userinfo` may have one of them. Like a grant's record they are kept for a
//! short time until its code is redeemed, and then as long as it has tokens.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{
    claims::{self, AUTHENTICATION_CLAIMS},
    client::Client,
    disclosure::{Disclosure, Place},
    host::Host,
    json,
    ledger::{Attachment, AttachmentId, Claims, Grant, GrantId, Ledger},
    refusal::Refusal,
    request::At,
    time::UnixTime,
    unavailable::Unavailable,
};

/// The longest claims that tickets and records hold themselves, in bytes of JSON. A ticket travels in an
/// address, and a record is written with each refresh.
pub(crate) const LONGEST_INLINE: usize = 1500;

/// The claims as a ticket or record holds them: where they are long, all but `acr` and `amr` are kept
/// beside `grant` until `until`.
pub(crate) async fn attach<H: Host>(
    at: &At<'_, H>,
    claims: Map<String, Value>,
    grant: GrantId,
    until: UnixTime,
) -> Result<Claims, Refusal> {
    let (claims, attachment) = divided(claims, grant);
    if let Some(attachment) = attachment {
        let ledger = at.issuer.ledger()?;
        ledger.keep(&attachment, until, at.now).await?;
    }
    Ok(claims)
}

/// The claims as a record holds them, and where they are long, what is to be kept beside `grant`.
pub(crate) fn divided(claims: Map<String, Value>, grant: GrantId) -> (Claims, Option<Attachment>) {
    if claims::length(&claims) <= LONGEST_INLINE {
        return (claims.into(), None);
    }
    let is_inline = |name: &String| AUTHENTICATION_CLAIMS.contains(&name.as_str());
    let (inline, others): (Map<_, _>, Map<_, _>) =
        claims.into_iter().partition(|(name, _)| is_inline(name));
    let attachment = Attachment::new(grant, Value::Object(others).to_string());
    let claims = Claims {
        inline,
        attached: Some(attachment.id().clone()),
    };
    (claims, Some(attachment))
}

/// What is attached to a grant that is about to move, where a token may need it. It is read before the step,
/// which is not undone where a store fails afterwards: whoever tried again then would have a code that is
/// used up, or a refresh token that is superseded.
///
/// Where the code is about to be redeemed, it is kept on for as long as the grant has tokens.
pub(crate) async fn read_before_step<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    grant: &Grant,
) -> Result<Option<Attachment>, Refusal> {
    let Some(id) = &grant.claims.attached else {
        return Ok(None);
    };
    // One that waited too long moves no more: its claims are not kept on for whoever presents it.
    let may_move = grant.is_live(at.now) && at.now < grant.idle_expires_at;
    let is_first = grant.generation == 0;
    if !may_move || !(is_first || tokens_need_others(client, grant)) {
        return Ok(None);
    }
    let attachment = read(at, id).await?;
    if is_first {
        let ledger = at.issuer.ledger()?;
        ledger.keep(&attachment, grant.expires_at, at.now).await?;
    }
    Ok(Some(attachment))
}

/// Whether a token of the grant may have a claim that is not in its record.
fn tokens_need_others(client: &Client, grant: &Grant) -> bool {
    let scope = grant.scope.within(&client.scope);
    [Place::AccessToken, Place::IdToken]
        .into_iter()
        .any(|place| Disclosure::new(place, client, &scope, &grant.requested_claims).needs_others())
}

/// All the claims; `read` is what is attached, if that was read already.
pub(crate) async fn all<'a, H: Host>(
    at: &At<'_, H>,
    claims: &'a Claims,
    read: Option<&Attachment>,
) -> Result<Cow<'a, Map<String, Value>>, Refusal> {
    let Some(id) = &claims.attached else {
        return Ok(Cow::Borrowed(&claims.inline));
    };
    let found;
    let attachment = match read {
        Some(read) if read.id() == id => read,
        _ => {
            found = self::read(at, id).await?;
            &found
        }
    };
    let mut all: Map<String, Value> =
        json::read(attachment.text()).map_err(|_| damaged(id, "it is no JSON object"))?;
    all.extend(claims.inline.clone());
    Ok(Cow::Owned(all))
}

/// The attachment of that name. Where the store has lost it, or has another text, there is none to be had:
/// a token without these claims would say less than was decided by.
async fn read<H: Host>(at: &At<'_, H>, id: &AttachmentId) -> Result<Attachment, Refusal> {
    let text = at.issuer.ledger()?.kept(id).await?;
    let text = text.ok_or_else(|| damaged(id, "it is gone"))?;
    let attachment = Attachment::new(id.grant(), text);
    if attachment.id() != id {
        return Err(damaged(id, "it is another text").into());
    }
    Ok(attachment)
}

fn damaged(id: &AttachmentId, what: &str) -> Unavailable {
    Unavailable::new("ledger", format_args!("attachment {id}: {what}"))
}
