//! The kinds of registered documents.

use std::fmt;

use jeton::{Managed, path_segment};
use serde_json::Value;

use crate::members::Members;

/// A kind of registered documents, with a collection of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Client,
    Api,
    Trust,
}

/// How people name a document.
pub(crate) enum Named {
    /// By the id that its URL has.
    Id,
    /// By this member.
    Member(&'static str),
}

impl Kind {
    /// Its collection in URLs.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Client => "clients",
            Self::Api => "apis",
            Self::Trust => "trust",
        }
    }

    /// The path of one document.
    pub(crate) fn path_of(self, id: &str) -> String {
        format!("/{}/{}", self.path(), path_segment(id))
    }

    pub(crate) const fn named(self) -> Named {
        match self {
            Self::Client => Named::Id,
            Self::Api | Self::Trust => Named::Member(self.member()),
        }
    }

    /// The same kind, as the server checks its documents.
    pub(crate) const fn managed(self) -> Managed {
        match self {
            Self::Client => Managed::Client,
            Self::Api => Managed::Api,
            Self::Trust => Managed::Trust,
        }
    }

    /// The member that says which document it is.
    pub(crate) const fn member(self) -> &'static str {
        match self {
            Self::Client => "client_id",
            Self::Api => "identifier",
            Self::Trust => "issuer",
        }
    }

    /// What a document says that it is; empty where it does not say.
    pub(crate) fn name_of(self, document: &Members) -> &str {
        let name = document.get(self.member()).and_then(Value::as_str);
        name.unwrap_or_default()
    }
}

/// As it stands in a sentence.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Api => "API",
            Self::Trust => "trusted issuer",
        })
    }
}
