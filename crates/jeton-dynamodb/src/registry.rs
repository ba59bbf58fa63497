//! Registered clients, and cut-offs.

use aws_sdk_dynamodb::{Client as DynamoDb, types::AttributeValue};
use jeton::{Client, ClientId, CutOff, Registry, Unavailable, UnixTime};

use crate::{
    request,
    table::{Table, get_number, names, time, unreadable},
};

const RECORD: &str = "record";
/// Where the time of a cut-off stands in its item.
const CUT_OFF: &str = "cut_off";

/// Clients and cut-offs in a DynamoDB table: one `GetItem` for each read, one `PutItem` for a
/// cut-off.
#[derive(Clone, Debug)]
pub struct DynamoRegistry(Table);

impl DynamoRegistry {
    /// The clients and cut-offs of `table`. Nothing is read yet.
    #[must_use]
    pub fn new(dynamodb: DynamoDb, table: impl Into<String>) -> Self {
        Self(Table {
            dynamodb,
            name: table.into(),
        })
    }
}

impl Registry for DynamoRegistry {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let key = format!("client#{id}");
        let get = self
            .0
            .get(key.clone())
            .projection_expression("#record")
            .set_expression_attribute_names(Some(names(["#record"])));
        let Some(item) = request::read(get).await? else {
            return Ok(None);
        };
        let Some(AttributeValue::S(json)) = item.get(RECORD) else {
            return Err(unreadable(&key, "it has no string attribute `record`"));
        };
        let client = Client::from_record(json).map_err(|error| unreadable(&key, error))?;
        if client.id == *id {
            Ok(Some(client))
        } else {
            Err(unreadable(&key, "its record is another client's"))
        }
    }

    async fn cut_off(&self, of: &CutOff) -> Result<Option<UnixTime>, Unavailable> {
        let key = cut_off_key(of);
        let Some(item) = request::read(self.0.get(key.clone())).await? else {
            return Ok(None);
        };
        match get_number(&item, CUT_OFF) {
            Some(at) => Ok(Some(UnixTime(at))),
            None => Err(unreadable(&key, "it has no number `cut_off`")),
        }
    }

    async fn put_cut_off(&self, of: &CutOff, at: UnixTime) -> Result<(), Unavailable> {
        request::put(self.0.put(cut_off_key(of)).item(CUT_OFF, time(at))).await
    }
}

fn cut_off_key(of: &CutOff) -> String {
    format!("cut_off#{}", of.as_str())
}
