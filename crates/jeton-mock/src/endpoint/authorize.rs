//! `/authorize` (RFC 6749 §3.1): an OAuth error goes back through the browser.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::LOCATION};
use url::Url;

use super::front_channel::Asking;
use crate::{departures::Departures, fault, lenient::Wanted, login, visit::Visit};

pub(super) async fn respond(
    visit: &Visit<'_>,
    request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let mut response = match Asking::read(visit) {
        Some(asking) => asking.respond(visit, request, departures).await,
        None => {
            let wanted = Wanted::authorization(&visit.asked);
            visit.serve_wanted(wanted, request, departures).await
        }
    };
    visit.remember_beginning(&response);
    let due = departures.due.iter().map(|due| &due.effect);
    let mut errors = due.filter_map(|effect| Some((effect, fault::sent_back(effect)?)));
    if let Some((effect, (error, description))) = errors.next()
        && let Some(location) = send_back(visit, &response, error, description).await
    {
        // The server's own answer carries the cookie that the way back is bound to.
        response.headers_mut().insert(LOCATION, location);
        let effect = effect.clone();
        departures.note(effect);
    }
    response
}

/// Where an authorization request goes that the server found good, rejected in the login
/// application's stead: so the error goes back exactly as in production. `None` where the server
/// has refused the request itself.
async fn send_back(
    visit: &Visit<'_>,
    response: &Response<Bytes>,
    error: &str,
    description: &str,
) -> Option<HeaderValue> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let location = Url::parse(location).ok()?;
    let (_, sealed) = location.query_pairs().find(|(name, _)| name == "request")?;
    let rejected = login::reject(&visit.at, &sealed, error, description).await;
    rejected.headers().get(LOCATION).cloned()
}
