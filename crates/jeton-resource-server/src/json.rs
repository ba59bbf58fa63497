//! JSON in which a name stands once.
//!
//! RFC 7519 §4 lets a parser take the last of several members with one name. Then two parsers read
//! two tokens out of one, and whoever checked it has checked the other. `serde`'s derived types
//! refuse such a document; maps do not, so here is one.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// A JSON value without a name twice in any of its objects. As deep as `serde_json` goes: 128.
pub(crate) struct Unique(pub(crate) Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Unique(value))) = members.next_entry()? {
            insert(&mut map, name, value)?;
        }
        Ok(Value::Object(map))
    }
}

/// Puts a member into `map`, where none of its name is.
pub(crate) fn insert<E: Error>(
    map: &mut Map<String, Value>,
    name: String,
    value: Value,
) -> Result<(), E> {
    match map.insert(name, value) {
        None => Ok(()),
        // Not which: the name is a token's.
        Some(_) => Err(E::custom("a name stands twice")),
    }
}

/// A `NumericDate` (RFC 7519 §2): seconds, of which only whole ones count.
pub(crate) struct NumericDate(pub(crate) u64);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        if !(0.0..1e15).contains(&number) {
            return Err(D::Error::custom("no time"));
        }
        // Within 2⁵⁰, so exact.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let seconds = number as u64;
        Ok(Self(seconds))
    }
}
