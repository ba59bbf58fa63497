//! The ways to log in: one file each.

use jeton::{Documents, Host, PublicJwks, Seconds, Server, UnixTime};
use serde::Deserialize;
use url::Url;

use crate::{
    allow::Allow, person::Person, settings::InvalidLogin, trouble::Trouble,
};

mod github;
mod openid;

/// A way to log in, as it is configured.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// Its name in addresses: of `a-z`, `0-9` and `-`.
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) name: String,
    /// Who of those that come this way may log in.
    pub(crate) allow: Allow,
    pub(crate) kind: Kind,
}

/// What is spoken with the upstream.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// OpenID Connect.
    Openid(openid::Provider),
    /// GitHub's OAuth 2.0.
    Github(github::Github),
}
