//! What the record of a grant holds of claims.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::attachment::AttachmentId;

/// Claims about a person, as the login application gave them: a few in the record, many beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// All of them or, where the others are attached, `acr` and `amr`, which every token has.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub inline: Map<String, Value>,
    /// The others, as one JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attached: Option<AttachmentId>,
}

/// Names of the claims that an authorization request asked for by its `claims` parameter (OpenID Connect
/// Core §5.5), beside those of its scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestedClaims {
    /// For ID tokens.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub id_token: BTreeSet<String>,
    /// For `/userinfo`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub userinfo: BTreeSet<String>,
}

impl Claims {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inline.is_empty() && self.attached.is_none()
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(inline: Map<String, Value>) -> Self {
        Self {
            inline,
            attached: None,
        }
    }
}

impl RequestedClaims {
    /// Whether none was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.id_token.is_empty() && self.userinfo.is_empty()
    }
}
