//! `/revoke` (RFC 7009 §2).

use bytes::Bytes;
use http::{Request, Response};

use super::presented_token::retype;
use crate::{departures::Departures, visit::Visit};

pub(super) async fn respond(
    visit: &Visit<'_>,
    mut request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let waived = visit.waive(&request, departures);
    retype(&visit.at, &mut request).await;
    visit.serve_waived(waived, request).await
}
