//! The addresses in an answer, where browsers or backends reach the issuer by another origin than
//! its own.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use crate::{address::Address, json};

/// Who follows an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follower {
    Browser,
    Backend,
}

/// Puts the addresses of an answer where those reach them who follow them; `follower` says who that
/// is of a member, if it is an address at all.
pub(super) fn readdress(
    response: &mut Response<Bytes>,
    address: &Address,
    follower: impl Fn(&str) -> Option<Follower>,
) {
    if address.browser == address.issuer && address.backend == address.issuer {
        return;
    }
    json::edit(response, |document| {
        for (name, value) in document {
            let base = match follower(name) {
                Some(Follower::Browser) => &address.browser,
                Some(Follower::Backend) => &address.backend,
                None => continue,
            };
            let own = value.as_str();
            if let Some(rest) = own.and_then(|it| it.strip_prefix(&address.issuer)) {
                *value = Value::String(format!("{base}{rest}"));
            }
        }
    });
}
