//! Conversion between grants and items of the table.

use aws_sdk_dynamodb::types::AttributeValue;
use jeton::{
    Grant, SLACK, UnixTime,
    json::{self, InvalidJson, Tree},
};
use serde_json::{Map, Value};

use crate::table::{Item, parse_number, text, time};

/// Attributes of an item that are not members of its grant.
const NOT_OF_THE_GRANT: [&str; 3] = ["pk", "sk", "delete_at"];

/// The value of `delete_at` for a marker, a counter or a document of a person that expires at `expires`:
/// DynamoDB deletes the item then.
pub(crate) fn delete_at(expires: UnixTime) -> AttributeValue {
    time(expires + SLACK)
}

/// The item of a grant: its members as attributes of the same name, those included that this release
/// does not know. `scope` becomes a list, so that a condition can ask for a token. `claims` stays JSON,
/// because DynamoDB would round its numbers.
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
    if !grant.claims.is_empty() {
        let claims = serde_json::to_string(&grant.claims)?;
        item.insert("claims".to_owned(), text(claims));
    }
    item.insert("delete_at".to_owned(), time(grant.kept_until()));
    Ok(item)
}

/// The grant of an item. Attributes that JSON does not have, such as sets, are left out. They stay in
/// the table, since an update names what it changes; no release writes them.
pub(crate) fn from_item(item: &Item) -> Result<Grant, InvalidJson> {
    let mut members = Map::new();
    for (name, attribute) in item {
        if NOT_OF_THE_GRANT.contains(&name.as_str()) {
            continue;
        }
        let value = match (name.as_str(), attribute) {
            ("scope", AttributeValue::L(tokens)) => {
                let tokens: Vec<_> = tokens
                    .iter()
                    .filter_map(|token| token.as_s().ok())
                    .collect();
                let tokens: Vec<_> = tokens.into_iter().map(String::as_str).collect();
                Some(Value::String(tokens.join(" ")))
            }
            ("claims", AttributeValue::S(json)) => Some(json::read(json)?),
            (_, attribute) => value(attribute),
        };
        members.extend(value.map(|value| (name.clone(), value)));
    }
    Tree::from(Value::Object(members)).read()
}

fn attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(value),
        Value::Number(value) => AttributeValue::N(value.to_string()),
        Value::String(value) => AttributeValue::S(value),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(attribute).collect()),
        Value::Object(members) => AttributeValue::M(
            members
                .into_iter()
                .map(|(name, value)| (name, attribute(value)))
                .collect(),
        ),
    }
}

fn value(attribute: &AttributeValue) -> Option<Value> {
    match attribute {
        AttributeValue::Bool(value) => Some(Value::Bool(*value)),
        AttributeValue::N(digits) => number(digits),
        AttributeValue::S(value) => Some(Value::String(value.clone())),
        AttributeValue::L(values) => Some(values.iter().filter_map(value).collect()),
        AttributeValue::M(members) => {
            let members = members
                .iter()
                .filter_map(|(name, attribute)| Some((name.clone(), value(attribute)?)));
            Some(Value::Object(members.collect()))
        }
        AttributeValue::Null(_) => Some(Value::Null),
        _ => None,
    }
}

fn number(digits: &str) -> Option<Value> {
    parse_number(digits)
        .map(Value::from)
        .or_else(|| serde_json::from_str(digits).ok())
}
