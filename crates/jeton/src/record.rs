//! How records are read: more strictly than serde reads what is derived.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::{claims, inserted::inserted};

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
