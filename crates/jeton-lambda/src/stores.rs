//! The stores of this host: a DynamoDB table, if one is configured.

use std::env;

use jeton::Capabilities;
use jeton_dynamodb::{DynamoLedger, DynamoRegistry};
use jeton_fetch::HttpsFetch;
use jeton_native::NativeCrypto;

use crate::Lambda;

/// Registry and ledger in the table `JETON_TABLE`. Without that variable there are only the clients of
/// `JETON_CLIENTS`, which the core knows itself, and they get only machine-to-machine tokens.
#[derive(Default)]
pub(crate) struct Stores {
    pub(crate) registry: Option<DynamoRegistry>,
    pub(crate) ledger: Option<DynamoLedger>,
}

impl Stores {
    pub(crate) async fn from_env() -> Result<Self, lambda_http::Error> {
        let table = env::var("JETON_TABLE").unwrap_or_default();
        let table = table.trim();
        if table.is_empty() {
            return Ok(Self::default());
        }
        let dynamodb = jeton_dynamodb::connect().await?;
        Ok(Self {
            registry: Some(DynamoRegistry::new(dynamodb.clone(), table)),
            ledger: Some(DynamoLedger::new(dynamodb, table)),
        })
    }
}

impl From<Stores> for Capabilities<Lambda> {
    fn from(stores: Stores) -> Self {
        Self {
            registry: stores.registry,
            ledger: stores.ledger,
            crypto: NativeCrypto::new(),
            fetch: HttpsFetch::default(),
            people: (),
        }
    }
}
