//! The client that the mock's login application is to its server.

use jeton::{Client, ClientRecord, CryptoError};

use crate::random_id;

/// Its `client_id`, which no other client may have.
pub(crate) const CLIENT_ID: &str = "jeton-mock-login";

/// The login application's client at one issuer, with a secret of its own.
pub(crate) struct LoginClient {
    secret: String,
}

impl LoginClient {
    pub(crate) fn new() -> Result<Self, CryptoError> {
        Ok(Self {
            secret: random_id()?,
        })
    }

    /// The parameters it authenticates by (RFC 6749 §2.3.1).
    pub(crate) fn credentials(&self) -> [(&'static str, &str); 2] {
        [("client_id", CLIENT_ID), ("client_secret", &self.secret)]
    }

    /// As the registry has it.
    pub(crate) fn registered(&self) -> Result<(ClientRecord, Client), CryptoError> {
        let record = ClientRecord {
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(self.secret.clone()),
            grant_types: Some(Vec::new()),
            login: Some(true),
            ..ClientRecord::default()
        };
        let client = record.clone().parse();
        let client = client.map_err(|error| CryptoError::new("login", error))?;
        Ok((record, client))
    }
}
