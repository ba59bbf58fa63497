//! `/.well-known/jwks.json` (RFC 7517 §5): the keys that verify our tokens.

use bytes::Bytes;
use http::Response;

use crate::{host::Host, refusal::Refusal, request::At};

pub(crate) async fn respond<H: Host>(at: &At<'_, H>) -> Result<Response<Bytes>, Refusal> {
    let published = at.issuer.published_keys(at.now).await?;
    Ok(published.document.respond(at.request.headers))
}
