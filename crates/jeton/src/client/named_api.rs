//! The APIs that a client names in its record.

use serde::{Deserialize, Serialize};

use crate::scope::{InvalidScope, Scope};

/// An API in a [`ClientRecord`](super::ClientRecord): an element of `apis` (ours).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedApiRecord {
    /// The API's identifier.
    pub identifier: String,
    /// What the client may have of its scopes, separated by spaces.
    #[serde(default)]
    pub scope: String,
}

/// An API that a client names, and what it may have of its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedApi {
    /// The API's identifier.
    pub identifier: String,
    /// The most scope. What of it is granted, the API's document says as well.
    pub scope: Scope,
}

/// The most APIs of a client: their documents are read with it.
pub(crate) const MOST_APIS: usize = 20;

/// Why `apis` is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNamedApi {
    /// An identifier that is empty.
    #[error("apis: an identifier must not be empty")]
    Identifier,
    /// Too many.
    #[error("apis: more than {MOST_APIS}")]
    TooMany,
    /// An API that is named twice.
    #[error("apis: {0:?} is named twice")]
    Twice(String),
    /// A scope.
    #[error("apis: scope: {0}")]
    Scope(#[from] InvalidScope),
}

/// The APIs of a record.
pub(super) fn named(records: Vec<NamedApiRecord>) -> Result<Vec<NamedApi>, InvalidNamedApi> {
    if records.len() > MOST_APIS {
        return Err(InvalidNamedApi::TooMany);
    }
    let mut apis = Vec::<NamedApi>::with_capacity(records.len());
    for NamedApiRecord { identifier, scope } in records {
        if identifier.is_empty() {
            return Err(InvalidNamedApi::Identifier);
        }
        if apis.iter().any(|known| known.identifier == identifier) {
            return Err(InvalidNamedApi::Twice(identifier));
        }
        let scope = scope.parse()?;
        apis.push(NamedApi { identifier, scope });
    }
    Ok(apis)
}
