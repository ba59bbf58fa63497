//! Claims that are too long for a ticket and for the record of a grant: they are kept beside the grant,
//! written once, and read where a token or `/userinfo` may have one of them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{
    claims::{self, AUTHENTICATION_CLAIMS},
    host::Host,
    ledger::{Attachment, Claims, GrantId, Ledger},
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
    if claims::length(&claims) <= LONGEST_INLINE {
        return Ok(claims.into());
    }
    let is_inline = |name: &String| AUTHENTICATION_CLAIMS.contains(&name.as_str());
    let (inline, others): (Map<_, _>, Map<_, _>) =
        claims.into_iter().partition(|(name, _)| is_inline(name));
    let attachment = Attachment::new(grant, Value::Object(others).to_string());
    let ledger = at.issuer.ledger()?;
    ledger.keep(&attachment, until, at.now).await?;
    Ok(Claims {
        inline,
        attached: Some(attachment.id().clone()),
    })
}

/// All the claims. Where the store has lost those that are attached, or has others, there are none to be
/// had: a token without them would say less than was decided by.
pub(crate) async fn all<'a, H: Host>(
    at: &At<'_, H>,
    claims: &'a Claims,
) -> Result<Cow<'a, Map<String, Value>>, Refusal> {
    let Some(id) = &claims.attached else {
        return Ok(Cow::Borrowed(&claims.inline));
    };
    let damaged = |what: &str| Unavailable::new("ledger", format_args!("attachment {id}: {what}"));
    let text = at.issuer.ledger()?.kept(id).await?;
    let text = text.ok_or_else(|| damaged("it is gone"))?;
    if !id.names(&text) {
        return Err(damaged("it is another text").into());
    }
    let mut all: Map<String, Value> =
        serde_json::from_str(&text).map_err(|_| damaged("it is no JSON object"))?;
    all.extend(claims.inline.clone());
    Ok(Cow::Owned(all))
}
