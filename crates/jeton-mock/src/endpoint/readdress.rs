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

impl Address {
    /// What the addresses lie beneath that are followed so.
    pub(super) fn of(&self, follower: Option<Follower>) -> &str {
        match follower {
            Some(Follower::Browser) => &self.browser,
            Some(Follower::Backend) => &self.backend,
            None => &self.base,
        }
    }
}

/// Puts the addresses of an answer where those reach them who follow them; `follower` says who that
/// is of a member, if it is an address at all.
pub(super) fn readdress(
    response: &mut Response<Bytes>,
    address: &Address,
    follower: impl Fn(&str) -> Option<Follower>,
) {
    let of_server = address.of_server();
    if address.browser == of_server && address.backend == of_server {
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
            if let Some(rest) = own.and_then(|it| it.strip_prefix(of_server)) {
                *value = Value::String(format!("{base}{rest}"));
            }
        }
    });
}
