//! How records are read: more strictly than serde reads what is derived.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Visitor, forward_to_deserialize_any};
use serde_json::{Map, Value};

use crate::{claims, inserted::inserted};

/// Has these records, whose serde is `remote = "Self"`, read from JSON objects alone: serde takes an array
/// for a struct too, by the order of its fields.
macro_rules! objects_alone {
    ($($record:ident),+) => {$(
        impl<'de> serde::Deserialize<'de> for $record {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $record::deserialize(crate::record::ObjectAlone(deserializer))
            }
        }

        impl serde::Serialize for $record {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $record::serialize(self, serializer)
            }
        }
    )+};
}

pub(crate) use objects_alone;

/// A deserializer that has nothing but an object.
pub(crate) struct ObjectAlone<D>(pub(crate) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectAlone<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A member that is absent or has a value, for serde's `with`: null is no value, though serde has it
/// mean that a member is absent.
pub(crate) mod given {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        T::deserialize(deserializer).map(Some)
    }

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }
}

/// An object without a member that stands there twice.
#[derive(Deserialize)]
#[serde(transparent)]
struct Members(#[serde(deserialize_with = "claims::object")] Map<String, Value>);

/// Such an object, for serde's `deserialize_with`.
pub(crate) fn given_object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    let Members(members) = Members::deserialize(deserializer)?;
    Ok(Some(Value::Object(members)))
}

/// The same where null means that the member is absent, as in client metadata.
pub(crate) fn object_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    let members = Option::<Members>::deserialize(deserializer)?;
    Ok(members.map(|Members(members)| Value::Object(members)))
}

/// All other members of a record, for serde's `flatten`.
pub(crate) fn other_members<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Value>, D::Error> {
    let Members(members) = Members::deserialize(deserializer)?;
    Ok(inserted(members))
}
