//! `/end_session` (OpenID Connect RP-Initiated Logout 1.0 §2), also as `/endsession`.

use bytes::Bytes;
use http::{Request, Response};

use crate::{address::without_alias, departures::Departures, visit::Visit};

pub(super) async fn respond(
    visit: &Visit<'_>,
    mut request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let waived = visit.waive(&request, departures);
    without_alias(request.uri_mut(), "/endsession", visit.asked.endpoint);
    visit.serve_waived(waived, request).await
}
