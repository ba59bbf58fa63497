//! What a token request says, before any of it is checked: for a layer in front of the server,
//! such as the mock's, that wants to know what it is about to pass on.

use http::HeaderMap;

use crate::{authentication::Presented, parameters::Parameters};

/// The claims of a token request. Nothing here has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// Which client sends it, and its proof.
    pub presented: Presented,
    /// `scope`.
    pub scope: Option<String>,
    /// Every `resource` and `audience`.
    pub audiences: Vec<String>,
}

impl TokenRequest {
    /// Reads a request as the token endpoint would; `None` where the endpoint refuses it unread.
    #[must_use]
    pub fn inspect(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let parameters = Parameters::parse(body).ok()?;
        Some(Self {
            presented: Presented::read(headers, &parameters).ok()?,
            scope: parameters.get("scope").map(str::to_owned),
            audiences: parameters
                .all("resource")
                .chain(parameters.all("audience"))
                .map(str::to_owned)
                .collect(),
        })
    }
}
