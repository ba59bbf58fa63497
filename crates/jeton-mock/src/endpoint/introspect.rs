//! `/introspect` (RFC 7662 §2).

use bytes::Bytes;
use http::{Request, Response};

use super::presented_token::retype;
use crate::{departures::Departures, lenient, visit::Visit};

pub(super) async fn respond(
    visit: &Visit<'_>,
    mut request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let waived = visit.waive(&request, departures);
    if let Some(owner) = &waived.owner {
        lenient::ask_as(owner, &mut request);
    }
    retype(&visit.at, &mut request).await;
    visit.serve_waived(waived, request).await
}
