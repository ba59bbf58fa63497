//! `/manage` and what lies beneath it: a lenient issuer lets any client manage it whose token says so.

use bytes::Bytes;
use http::{Request, Response};

use crate::{departures::Departures, lenient::Wanted, visit::Visit};

pub(super) async fn respond(
    visit: &Visit<'_>,
    request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let wanted = Wanted::of_token(&visit.asked.bearer);
    visit.serve_wanted(wanted, request, departures).await
}
