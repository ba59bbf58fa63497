//! What a mock says of itself where it could be taken for a deployment.

use std::net::SocketAddr;

use jeton::{IssuerIdentifier, Mode};

use crate::address::BaseUrl;

/// What a mock is, where it could be taken for a deployment: its issuer is https and not this machine, or
/// other machines reach it.
pub(crate) fn warning(issuer: &BaseUrl, listens: Option<SocketAddr>) -> Option<String> {
    let issuer = issuer.to_string();
    let own = IssuerIdentifier::parse(&issuer, Mode::Development);
    let poses = own.is_ok_and(|own| own.is_https() && !own.is_loopback());
    let poses = poses.then(|| format!("calls itself {issuer}"));
    let open = listens.filter(|address| !address.ip().is_loopback());
    let open = open.map(|address| format!("listens on {address}"));
    let how: Vec<_> = poses.into_iter().chain(open).collect();
    (!how.is_empty()).then(|| {
        format!(
            "this is a mock, and it {}. It signs any token for anyone who reaches it, with keys that everyone has: nothing real may trust it.",
            how.join(" and ")
        )
    })
}
