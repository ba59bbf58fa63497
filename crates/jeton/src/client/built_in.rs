//! The client that is built in: the command line, where it has the configuration of the deployment.

use super::{Client, ClientAuthentication, ClientId, ClientRecord};
use crate::management_scope::MANAGEMENT_SCOPES;

/// The id of the client that is built in. No other client may have it.
pub(crate) const BUILT_IN: &str = "jeton-cli";

impl ClientId {
    /// Whether the id is that of the client that is built in, in whatever letters.
    pub(crate) fn is_built_in(&self) -> bool {
        self.as_str().eq_ignore_ascii_case(BUILT_IN)
    }
}

impl Client {
    /// The client that is built in. Its tokens are made by whoever has the keys of the deployment; nothing
    /// authenticates it here, and no rule stands for it.
    pub(crate) fn built_in() -> Option<Self> {
        let record = ClientRecord {
            client_id: BUILT_IN.to_owned(),
            client_name: Some("The jeton command".to_owned()),
            token_endpoint_auth_method: Some("federated_jwt".to_owned()),
            grant_types: Some(vec!["client_credentials".to_owned()]),
            scope: Some(MANAGEMENT_SCOPES.join(" ")),
            ..ClientRecord::default()
        };
        let client = record.parse_any().ok()?;
        Some(Self {
            authentication: ClientAuthentication::BuiltIn,
            ..client
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_and_has_its_id_alone() {
        let client = Client::built_in().unwrap();
        assert_eq!(client.id.as_str(), BUILT_IN);
        let taken = Client::from_record(r#"{"client_id":"jeton-cli"}"#);
        assert!(taken.unwrap_err().to_string().starts_with("client_id: "));
    }
}
