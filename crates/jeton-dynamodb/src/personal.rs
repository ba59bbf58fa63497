//! Documents of a person as items: each is alone in its partition, with its version beside it, so that a
//! condition can ask for it.

use aws_sdk_dynamodb::{
    operation::delete_item::builders::DeleteItemFluentBuilder, types::AttributeValue,
};
use jeton::{Document, Expected, PersonalKey, PersonalRecord, Put, Unavailable, UnixTime};

use crate::{
    grant::delete_at,
    request::{self, ANYTHING, Outcome},
    table::{Item, Table, get_number, text, time, unreadable},
};

/// Nothing stands: there is no item, or its time has come.
const ABSENT: &str = "(attribute_not_exists(#pk) OR #expires_at <= :now)";

/// The document that is to be written stands already.
const SAME: &str = "(#version = :next AND #expires_at > :now)";

pub(crate) async fn read(
    table: &Table,
    key: &PersonalKey,
    now: UnixTime,
) -> Result<Option<Document>, Unavailable> {
    let key = item_key(key);
    match request::read(table.get(key.clone()).consistent_read(true)).await? {
        Some(item) => standing(&key, &item, now),
        None => Ok(None),
    }
}

/// Takes one request: `jeton::transition::replace` as a condition.
pub(crate) async fn put(
    table: &Table,
    key: &PersonalKey,
    next: Option<&Document>,
    expected: &Expected,
    until: UnixTime,
    now: UnixTime,
) -> Result<Put, Unavailable> {
    let key = item_key(key);
    let outcome = match next {
        Some(next) => write(table, &key, next, expected, until, now).await?,
        None => remove(table, &key, expected, now).await?,
    };
    let Outcome::Refused(item) = outcome else {
        return Ok(Put::Done);
    };
    let standing = match item {
        Some(item) => standing(&key, &item, now)?,
        None => None,
    };
    // It stands as it should, for as long or longer. Or the condition failed on what this very call wrote, if
    // its first answer was lost.
    if standing.as_ref() == next {
        return Ok(Put::Done);
    }
    Ok(Put::Conflict(standing))
}

async fn write(
    table: &Table,
    key: &str,
    next: &Document,
    expected: &Expected,
    until: UnixTime,
    now: UnixTime,
) -> Result<Outcome<()>, Unavailable> {
    let put = table
        .put(key.to_owned())
        .item("record", text(next.as_str()))
        .item("version", text(next.version().as_str()))
        .item("expires_at", time(until))
        .item("delete_at", delete_at(until))
        .expression_attribute_values(":next", text(next.version().as_str()))
        .expression_attribute_values(":until", time(until))
        .expression_attribute_values(":now", time(now));
    let longer = format!("{SAME} AND #expires_at < :until");
    let (replaces, put) = match expected {
        Expected::Absent => (ABSENT.to_owned(), put),
        Expected::Anything => (format!("{ABSENT} OR NOT {SAME}"), put),
        Expected::Version(version) => (
            format!("#version = :expected AND #expires_at > :now AND NOT {SAME}"),
            put.expression_attribute_values(":expected", text(version.as_str())),
        ),
    };
    request::put_if(put, &format!("{replaces} OR {longer}")).await
}

async fn remove(
    table: &Table,
    key: &str,
    expected: &Expected,
    now: UnixTime,
) -> Result<Outcome<()>, Unavailable> {
    let delete = table.delete(key.to_owned());
    let by_now =
        |delete: DeleteItemFluentBuilder| delete.expression_attribute_values(":now", time(now));
    let (condition, delete) = match expected {
        Expected::Anything => (ANYTHING.to_owned(), delete),
        Expected::Absent => (ABSENT.to_owned(), by_now(delete)),
        Expected::Version(version) => (
            format!("{ABSENT} OR #version = :expected"),
            by_now(delete).expression_attribute_values(":expected", text(version.as_str())),
        ),
    };
    request::delete_if(delete, &condition).await
}

fn item_key(key: &PersonalKey) -> String {
    format!("personal#{key}")
}

/// The document of that item, if its time has not come at `now`.
fn standing(key: &str, item: &Item, now: UnixTime) -> Result<Option<Document>, Unavailable> {
    let Some(AttributeValue::S(text)) = item.get("record") else {
        return Err(unreadable(key, "it has no string `record`"));
    };
    let until = get_number(item, "expires_at")
        .ok_or_else(|| unreadable(key, "it has no number `expires_at`"))?;
    let record = PersonalRecord {
        document: Document::new(text),
        until: UnixTime(until),
    };
    Ok(Some(record)
        .filter(|record| record.stands(now))
        .map(|record| record.document))
}
