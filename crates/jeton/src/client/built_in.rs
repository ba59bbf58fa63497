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
        // As text: a record has so many members that to leave them out is code, too.
        let scope = MANAGEMENT_SCOPES.join(" ");
        let record = format!(
            r#"{{"client_id":"{BUILT_IN}","client_name":"The jeton command","scope":"{scope}",
            "token_endpoint_auth_method":"federated_jwt","grant_types":["client_credentials"]}}"#
        );
        let record = ClientRecord::from_stored(&record).ok()?;
        let mut client = record.parse_any().ok()?;
        client.authentication = ClientAuthentication::BuiltIn;
        Some(client)
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
