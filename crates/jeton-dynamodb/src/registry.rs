//! The registry: documents as items of the table.

use aws_sdk_dynamodb::{
    Client as DynamoDb, operation::get_item::builders::GetItemFluentBuilder, types::AttributeValue,
};
use jeton::{Collection, Cursor, Document, Expected, Key, PAGE, Page, Put, Registry, Unavailable};

use crate::{
    request::{self, ANYTHING, Outcome},
    table::{Item, PARTITION, SORT, Table, names, text, time, unavailable},
};

const RECORD: &str = "record";

/// The registry in a DynamoDB table, with one request for each call. Only a write that expects a version
/// reads the standing document first, because a condition can compare text and not hash it.
#[derive(Clone, Debug)]
pub struct DynamoRegistry(Table);

impl DynamoRegistry {
    /// The registry in `table`. Nothing is read yet.
    #[must_use]
    pub fn new(dynamodb: DynamoDb, table: impl Into<String>) -> Self {
        Self(Table {
            dynamodb,
            name: table.into(),
        })
    }

    fn get_item(&self, key: &Key) -> GetItemFluentBuilder {
        self.0
            .get_in(partition(&key.collection), &key.name)
            .projection_expression("#record")
            .set_expression_attribute_names(Some(names(["#record"])))
    }

    /// Writes `next`, or deletes the document if that is `None`.
    async fn change(
        &self,
        key: &Key,
        next: Option<&Document>,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        let (condition, standing) = match expected {
            Expected::Anything => (ANYTHING, None),
            Expected::Absent => ("attribute_not_exists(#pk)", None),
            Expected::Version(_) => {
                let standing = self.standing(key).await?;
                if !expected.allows(standing.as_ref(), next) {
                    return Ok(Put::Conflict(standing));
                }
                match standing {
                    Some(standing) => ("#record = :standing", Some(standing)),
                    // There is no document, and it was to be deleted.
                    None => return Ok(Put::Done),
                }
            }
        };
        let values = standing.map(|standing| {
            let standing = text(standing.as_str());
            [(":standing".to_owned(), standing)].into()
        });
        let partition = partition(&key.collection);
        let outcome = match next {
            Some(document) => {
                let mut put = self
                    .0
                    .put_in(partition, &key.name)
                    .item(RECORD, text(document.as_str()))
                    .set_expression_attribute_values(values);
                if let Some(end) = key.kept_until(document) {
                    put = put.item("delete_at", time(end));
                }
                request::put_if(put, condition).await?
            }
            None => {
                let delete = self
                    .0
                    .delete_in(partition, &key.name)
                    .set_expression_attribute_values(values);
                request::delete_if(delete, condition).await?
            }
        };
        let Outcome::Refused(item) = outcome else {
            return Ok(Put::Done);
        };
        let standing = match item {
            Some(item) => Some(document(key, &item)?),
            None => None,
        };
        // The condition may have failed on what this very call wrote, if its first answer was lost.
        if standing.as_ref() == next {
            return Ok(Put::Done);
        }
        Ok(Put::Conflict(standing))
    }
}

impl Registry for DynamoRegistry {
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        read_document(key, self.get_item(key)).await
    }

    async fn standing(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        read_document(key, self.get_item(key).consistent_read(true)).await
    }

    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        self.change(key, Some(document), expected).await
    }

    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable> {
        self.change(key, None, expected).await
    }

    /// A page of a collection. Its cursor is the last name of the page before. It has fewer documents
    /// than it could if they are larger than a megabyte together.
    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        let begin = after.map(|cursor| {
            let sort = text(&cursor.0);
            [
                (PARTITION.to_owned(), text(partition(collection))),
                (SORT.to_owned(), sort),
            ]
            .into()
        });
        let query = self
            .0
            .query(partition(collection))
            .consistent_read(true)
            .limit(PAGE as i32)
            .set_exclusive_start_key(begin);
        let answer = request::query(query).await?;
        let mut page = Page::default();
        for item in answer.items() {
            let Some(AttributeValue::S(name)) = item.get(SORT) else {
                continue;
            };
            let key = Key {
                collection: collection.clone(),
                name: name.clone(),
            };
            let document = document(&key, item)?;
            page.documents.push((key.name, document));
        }
        let last = answer
            .last_evaluated_key
            .and_then(|mut key| key.remove(SORT));
        page.next = match last {
            Some(AttributeValue::S(name)) => Some(Cursor(name)),
            _ => None,
        };
        Ok(page)
    }
}

/// The partition key of a collection: `client`, or `client#<realm>`. The kind comes first, because an
/// IAM policy allows or denies by the beginning of the key.
fn partition(collection: &Collection) -> String {
    let Collection { realm, kind } = collection;
    match realm.as_str() {
        "" => kind.as_str().to_owned(),
        realm => format!("{}#{realm}", kind.as_str()),
    }
}

async fn read_document(
    key: &Key,
    get: GetItemFluentBuilder,
) -> Result<Option<Document>, Unavailable> {
    match request::read(get).await? {
        Some(item) => document(key, &item).map(Some),
        None => Ok(None),
    }
}

fn document(key: &Key, item: &Item) -> Result<Document, Unavailable> {
    match item.get(RECORD) {
        Some(AttributeValue::S(json)) => Ok(Document::new(json)),
        _ => Err(unavailable(format_args!(
            "item {key}: it has no string attribute `record`"
        ))),
    }
}
