//! `/device_authorization` (RFC 8628 §3.1): the page is where browsers reach it.

use bytes::Bytes;
use http::{Request, Response};

use super::readdress::{Follower, readdress};
use crate::{departures::Departures, lenient::Wanted, visit::Visit};

pub(super) async fn respond(
    visit: &Visit<'_>,
    request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let presented = visit.asked.presented.as_ref();
    let wanted = presented.and_then(Wanted::authentication);
    let wanted = wanted.map(|wanted| wanted.beginning_grant(&visit.asked));
    let mut response = visit.serve_wanted(wanted, request, departures).await;
    visit.remember_beginning(&response);
    readdress(&mut response, visit.at.address, |member| {
        let is_page = member.starts_with("verification_uri");
        is_page.then_some(Follower::Browser)
    });
    response
}
