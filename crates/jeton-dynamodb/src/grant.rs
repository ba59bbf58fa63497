//! A grant as an item and back.

use aws_sdk_dynamodb::types::AttributeValue;
use jeton::{Grant, Seconds, UnixTime};
use serde_json::{Map, Value};

use crate::table::{Item, parse_number, text, time};

/// How far beyond its expiry an item is kept: more than clocks differ.
const KEPT: Seconds = Seconds(60 * 60);

/// The attribute by which DynamoDB collects an item that expires then.
pub(crate) fn delete_at(expires: UnixTime) -> AttributeValue {
    time(expires + KEPT)
}

/// The grant's members as attributes of the same name. `scope` becomes a list, so that a condition
/// can ask for a token; `claims` stays JSON, whose numbers DynamoDB would round.
pub(crate) fn to_item(grant: &Grant) -> serde_json::Result<Item> {
    let mut item = Item::new();
    if let Value::Object(members) = serde_json::to_value(grant)? {
        item.extend(
            members
                .into_iter()
                .map(|(name, value)| (name, attribute(value))),
        );
    }
    let scope = grant.scope.iter().map(text).collect();
    item.insert("scope".to_owned(), AttributeValue::L(scope));
    item.insert("delete_at".to_owned(), delete_at(grant.expires_at));
    Ok(item)
}

/// The grant that `item` stands for. Attributes that this release does not know are ignored; they
/// stay where they are, since an update names what it changes.
pub(crate) fn from_item(item: &Item) -> serde_json::Result<Grant> {
    let mut members = Map::new();
    for (name, attribute) in item {
        let value = match (name.as_str(), attribute) {
            ("scope", AttributeValue::L(tokens)) => {
                let tokens: Vec<_> = tokens
                    .iter()
                    .filter_map(|token| token.as_s().ok())
                    .collect();
                let tokens: Vec<_> = tokens.into_iter().map(String::as_str).collect();
                Some(Value::String(tokens.join(" ")))
            }
            ("claims", AttributeValue::S(json)) => Some(serde_json::from_str(json)?),
            (_, attribute) => value(attribute),
        };
        members.extend(value.map(|value| (name.clone(), value)));
    }
    serde_json::from_value(Value::Object(members))
}

fn attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(value),
        Value::Number(value) => AttributeValue::N(value.to_string()),
        Value::String(value) => AttributeValue::S(value),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(attribute).collect()),
        Value::Object(_) => text(value),
    }
}

fn value(attribute: &AttributeValue) -> Option<Value> {
    match attribute {
        AttributeValue::Bool(value) => Some(Value::Bool(*value)),
        AttributeValue::N(digits) => parse_number(digits).map(Value::from),
        AttributeValue::S(value) => Some(Value::String(value.clone())),
        AttributeValue::L(values) => Some(values.iter().filter_map(value).collect()),
        _ => None,
    }
}
