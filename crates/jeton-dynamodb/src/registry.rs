//! Registered clients.

use aws_sdk_dynamodb::{Client as DynamoDb, types::AttributeValue};
use jeton::{Client, ClientId, CutOff, Registry, Unavailable, UnixTime};

use crate::explain::explain;

const KEY: &str = "pk";
const RECORD: &str = "record";

/// Clients in a DynamoDB table: one `GetItem` for each read.
#[derive(Clone, Debug)]
pub struct DynamoRegistry {
    dynamodb: DynamoDb,
    table: String,
}

impl DynamoRegistry {
    /// The clients of `table`. Nothing is read yet.
    #[must_use]
    pub fn new(dynamodb: DynamoDb, table: impl Into<String>) -> Self {
        Self {
            dynamodb,
            table: table.into(),
        }
    }
}

impl Registry for DynamoRegistry {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(&self.table)
            .key(KEY, AttributeValue::S(key(id)))
            // `record` alone would do, were it not a name that DynamoDB may reserve one day.
            .projection_expression("#record")
            .expression_attribute_names("#record", RECORD)
            .send()
            .await
            .map_err(|error| unavailable(explain(&error)))?;
        let Some(item) = answer.item else {
            return Ok(None);
        };
        let Some(AttributeValue::S(json)) = item.get(RECORD) else {
            return Err(unreadable(id, "it has no string attribute `record`"));
        };
        let client = Client::from_record(json).map_err(|error| unreadable(id, error))?;
        if client.id == *id {
            Ok(Some(client))
        } else {
            Err(unreadable(id, "its record is another client's"))
        }
    }

    async fn cut_off(&self, of: &CutOff) -> Result<Option<UnixTime>, Unavailable> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(&self.table)
            .key(KEY, AttributeValue::S(cut_off_key(of)))
            .projection_expression("#cut_off")
            .expression_attribute_names("#cut_off", CUT_OFF)
            .send()
            .await
            .map_err(|error| unavailable(explain(&error)))?;
        let Some(item) = answer.item else {
            return Ok(None);
        };
        let at = item
            .get(CUT_OFF)
            .and_then(|value| value.as_n().ok())
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| {
                unavailable(format_args!(
                    "{} has no number `{CUT_OFF}`",
                    cut_off_key(of)
                ))
            })?;
        Ok(Some(UnixTime(at)))
    }

    async fn put_cut_off(&self, of: &CutOff, at: UnixTime) -> Result<(), Unavailable> {
        self.dynamodb
            .put_item()
            .table_name(&self.table)
            .item(KEY, AttributeValue::S(cut_off_key(of)))
            .item(CUT_OFF, AttributeValue::N(at.0.to_string()))
            .send()
            .await
            .map_err(|error| unavailable(explain(&error)))?;
        Ok(())
    }
}

/// Where the time of a cut-off stands in its item.
const CUT_OFF: &str = "cut_off";

fn cut_off_key(of: &CutOff) -> String {
    format!("cut_off#{}", of.as_str())
}

fn key(id: &ClientId) -> String {
    format!("client#{id}")
}

/// Answered like a store out of reach: to say "no such client" would blame the one who asks.
fn unreadable(id: &ClientId, why: impl std::fmt::Display) -> Unavailable {
    unavailable(format_args!("item {:?}: {why}", key(id)))
}

fn unavailable(why: impl std::fmt::Display) -> Unavailable {
    Unavailable::new("dynamodb", why)
}
