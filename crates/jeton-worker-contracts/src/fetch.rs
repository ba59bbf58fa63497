//! The contract of [`jeton::Fetch`].

use jeton_cloudflare::WorkerFetch;
use worker::{Error, Request, Result};

/// Runs the contract against the server whose origin is the query.
pub(crate) async fn contract(request: &Request) -> Result<()> {
    let url = request.url()?;
    let server = url
        .query()
        .ok_or_else(|| Error::from("expected the origin of the server as query"))?;
    jeton_contracts::fetch(&WorkerFetch, server).await;
    Ok(())
}
