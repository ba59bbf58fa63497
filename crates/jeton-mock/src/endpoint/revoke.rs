//! `/revoke` (RFC 7009 §2).

use bytes::Bytes;
use http::{Request, Response};

use super::presented_token::retype;
use crate::{departures::Departures, lenient::Wanted, visit::Visit};

pub(super) async fn respond(
    visit: &Visit<'_>,
    mut request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    retype(visit, &mut request).await;
    let presented = visit.asked.presented.as_ref();
    let wanted = presented.and_then(Wanted::authentication);
    visit.serve_wanted(wanted, request, departures).await
}
