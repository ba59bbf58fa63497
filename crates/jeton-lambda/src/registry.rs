//! The registry of this host: a DynamoDB table, if one is configured.

use std::env;

use jeton::{Client, ClientId, Registry, Unavailable};
use jeton_dynamodb::DynamoRegistry;

/// The clients of `JETON_TABLE`. Without the variable nobody is registered, and the clients of
/// `JETON_CLIENTS`, which the core knows itself, are all there are.
pub(crate) struct TableRegistry(Option<DynamoRegistry>);

impl TableRegistry {
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) async fn from_env() -> Self {
        match env::var("JETON_TABLE") {
            Ok(table) if !table.trim().is_empty() => {
                let dynamodb = jeton_dynamodb::connect().await;
                Self(Some(DynamoRegistry::new(dynamodb, table.trim())))
            }
            _ => Self(None),
        }
    }
}

impl Registry for TableRegistry {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        match &self.0 {
            Some(table) => table.client(id).await,
            None => Ok(None),
        }
    }
}
