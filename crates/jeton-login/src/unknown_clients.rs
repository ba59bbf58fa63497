//! Clients that `JETON_LOGIN` has lists for, and that are not there: a list under a mistyped id is nobody's, and
//! the client that was meant is open to all who may log in. Clients are registered later too, so this is said and
//! not refused.

use jeton::{ClientId, Host, Inside, Unavailable, UnixTime};

use crate::settings::LoginSettings;

/// The most clients that are looked for, each of which may cost a read of a store.
const MOST: usize = 20;

/// What is said of the clients that are not there; `None`: all are.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn warning<H: Host>(
    server: Inside<'_, H>,
    settings: &LoginSettings,
    now: UnixTime,
) -> Result<Option<String>, Unavailable> {
    let mut unknown = Vec::new();
    for id in settings.clients.keys().filter(|id| !is_url(id)).take(MOST) {
        if server.client(id, now).await?.is_none() {
            unknown.push(id.as_str());
        }
    }
    Ok((!unknown.is_empty()).then(|| {
        let ids = unknown.join(", ");
        format!(
            "JETON_LOGIN has an allow for clients that are not registered: {ids}. \
             If one is mistyped, everybody who may log in may log in to the one that is meant"
        )
    }))
}

/// Whether the client publishes what it is at this address: it is not registered, and would be asked.
fn is_url(id: &ClientId) -> bool {
    id.as_str().contains("://")
}
