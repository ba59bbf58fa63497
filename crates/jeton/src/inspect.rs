//! What a token request says, before any of it is checked: for a layer in front of the server,
//! such as the mock's, that wants to know what it is about to pass on.

use http::HeaderMap;

use crate::{authentication::credentials, parameters::Parameters};

/// The claims of a token request. Nothing here has been verified.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// `client_id`, from the `Authorization` header or the body.
    pub client_id: String,
    /// `client_secret`, likewise.
    pub client_secret: Option<String>,
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
        let credentials = credentials(headers, &parameters).ok()?;
        Some(Self {
            client_id: credentials.client_id,
            client_secret: credentials.secret.map(|(_, secret)| secret),
            scope: parameters.get("scope").map(str::to_owned),
            audiences: parameters
                .all("resource")
                .chain(parameters.all("audience"))
                .map(str::to_owned)
                .collect(),
        })
    }
}

impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRequest")
            .field("client_id", &self.client_id)
            .field(
                "client_secret",
                &self.client_secret.as_ref().map(|_| "[redacted]"),
            )
            .field("scope", &self.scope)
            .field("audiences", &self.audiences)
            .finish()
    }
}
