//! The table, its keys and attributes.

use std::{collections::HashMap, fmt::Display};

use aws_sdk_dynamodb::{
    Client as DynamoDb,
    operation::{
        delete_item::builders::DeleteItemFluentBuilder, get_item::builders::GetItemFluentBuilder,
        put_item::builders::PutItemFluentBuilder, query::builders::QueryFluentBuilder,
        update_item::builders::UpdateItemFluentBuilder,
    },
    types::AttributeValue,
};
use jeton::{Unavailable, UnixTime};

pub(crate) const PARTITION: &str = "pk";
pub(crate) const SORT: &str = "sk";

/// The sort key of grants, which their attachments lie beside, and of items that are alone in their
/// partition: documents of a person, markers and counters.
const ALONE: &str = "-";

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A DynamoDB table, and the client to reach it with.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) dynamodb: DynamoDb,
    pub(crate) name: String,
}

impl Table {
    pub(crate) fn get(&self, key: String) -> GetItemFluentBuilder {
        self.get_in(key, ALONE)
    }

    pub(crate) fn get_in(&self, partition: String, sort: &str) -> GetItemFluentBuilder {
        self.dynamodb
            .get_item()
            .table_name(&self.name)
            .key(PARTITION, AttributeValue::S(partition))
            .key(SORT, text(sort))
    }

    pub(crate) fn put(&self, key: String) -> PutItemFluentBuilder {
        self.put_in(key, ALONE)
    }

    pub(crate) fn put_in(&self, partition: String, sort: &str) -> PutItemFluentBuilder {
        self.dynamodb
            .put_item()
            .table_name(&self.name)
            .item(PARTITION, AttributeValue::S(partition))
            .item(SORT, text(sort))
    }

    pub(crate) fn delete(&self, key: String) -> DeleteItemFluentBuilder {
        self.delete_in(key, ALONE)
    }

    pub(crate) fn delete_in(&self, partition: String, sort: &str) -> DeleteItemFluentBuilder {
        self.dynamodb
            .delete_item()
            .table_name(&self.name)
            .key(PARTITION, AttributeValue::S(partition))
            .key(SORT, text(sort))
    }

    pub(crate) fn update(&self, key: String) -> UpdateItemFluentBuilder {
        self.dynamodb
            .update_item()
            .table_name(&self.name)
            .key(PARTITION, AttributeValue::S(key))
            .key(SORT, text(ALONE))
    }

    /// The items of a partition, in the order of their sort keys.
    pub(crate) fn query(&self, partition: String) -> QueryFluentBuilder {
        self.dynamodb
            .query()
            .table_name(&self.name)
            .key_condition_expression("#pk = :pk")
            .set_expression_attribute_names(Some(names(["#pk"])))
            .expression_attribute_values(":pk", AttributeValue::S(partition))
    }
}

/// The attribute names for the placeholders in `expressions`: `#name` stands for the attribute `name`.
/// Every attribute is written so, because DynamoDB reserves words such as `state` and `count`, and more
/// over time.
pub(crate) fn names<const N: usize>(expressions: [&str; N]) -> HashMap<String, String> {
    let words = expressions
        .into_iter()
        .flat_map(|text| text.split(|c: char| !(c.is_ascii_alphanumeric() || "#_".contains(c))));
    words
        .filter_map(|word| Some((word.to_owned(), word.strip_prefix('#')?.to_owned())))
        .collect()
}

pub(crate) fn text(value: impl Display) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

pub(crate) fn number(value: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

pub(crate) fn time(value: UnixTime) -> AttributeValue {
    number(value.0)
}

/// The whole number in `digits`. DynamoDB adds without limit, so one that is too large becomes the
/// largest.
pub(crate) fn parse_number(digits: &str) -> Option<u64> {
    let is_natural = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_natural.then(|| digits.parse().unwrap_or(u64::MAX))
}

pub(crate) fn get_number(item: &Item, attribute: &str) -> Option<u64> {
    parse_number(item.get(attribute)?.as_n().ok()?)
}

/// The error for an item that cannot be read. It is the same as for a store out of reach: an absent item
/// would put the blame on the client.
pub(crate) fn unreadable(key: &str, why: impl Display) -> Unavailable {
    unavailable(format_args!("item {key:?}: {why}"))
}

pub(crate) fn unavailable(why: impl Display) -> Unavailable {
    Unavailable::new("dynamodb", why)
}
