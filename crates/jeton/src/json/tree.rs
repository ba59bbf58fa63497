//! JSON as it is written, and how types are read from it.

use core::fmt;
use std::{collections::BTreeSet, vec::IntoIter};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, Expected, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, VariantAccess, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_json::{Number, Value};

use super::InvalidJson;

/// A JSON value as it is written: the members of an object in their order, two of one name as well.
#[derive(Clone, PartialEq)]
pub enum Tree {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

/// Its kind alone: what is in it may be a secret.
impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::String(text),
            Value::Array(elements) => Self::Array(elements.into_iter().map(Self::from).collect()),
            Value::Object(members) => {
                let members = members.into_iter();
                Self::Object(members.map(|(name, value)| (name, value.into())).collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyTree)
    }
}

struct AnyTree;

impl<'de> Visitor<'de> for AnyTree {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Tree, E> {
        Ok(Number::from_f64(value).map_or(Tree::Null, Tree::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Tree::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Tree::Object(members))
    }
}

impl Tree {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

/// Another kind of value than is expected.
#[cold]
fn is_none_of(expected: &dyn Expected) -> InvalidJson {
    InvalidJson::invalid_type(Unexpected::Other(""), expected)
}

impl<'de> Deserializer<'de> for Tree {
    type Error = InvalidJson;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Number(_) => self.deserialize_f64(visitor),
            Self::String(text) => visitor.visit_string(text),
            Self::Array(_) => self.deserialize_seq(visitor),
            Self::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        match self {
            Self::Bool(value) => visitor.visit_bool(value),
            _ => Err(is_none_of(&visitor)),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        let Self::Number(number) = self else {
            return Err(is_none_of(&visitor));
        };
        if let Some(number) = number.as_u64() {
            return visitor.visit_u64(number);
        }
        if let Some(number) = number.as_i64() {
            return visitor.visit_i64(number);
        }
        match number.as_f64() {
            Some(number) => visitor.visit_f64(number),
            None => Err(is_none_of(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        match self {
            Self::String(text) => visitor.visit_string(text),
            _ => Err(is_none_of(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        match self {
            Self::Null => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        match self {
            Self::Null => visitor.visit_unit(),
            _ => Err(is_none_of(&visitor)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        let Self::Array(elements) = self else {
            return Err(is_none_of(&visitor));
        };
        let mut elements = Elements {
            elements: elements.into_iter(),
            index: 0,
        };
        let value = visitor.visit_seq(&mut elements)?;
        match elements.elements.next() {
            None => Ok(value),
            Some(_) => Err(InvalidJson::invalid_length(
                elements.index,
                &"fewer elements",
            )),
        }
    }

    /// Of two members of one name a map would have the last, and nobody would see that the first is gone.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        if let Self::Object(members) = &self {
            check_once(members)?;
        }
        self.read_members(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        // It refuses two of its own itself, and passes over those that it does not know.
        self.read_members(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        // The visitor would say the name of the type in the code.
        let expected = || InvalidJson::unknown_variant("", names);
        match self {
            Self::String(name) => visitor.visit_enum(Variant { name, value: None }),
            Self::Object(members) => {
                let mut members = members.into_iter();
                match (members.next(), members.next()) {
                    (Some((name, value)), None) => visitor.visit_enum(Variant {
                        name,
                        value: Some(value),
                    }),
                    _ => Err(expected()),
                }
            }
            _ => Err(expected()),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        visitor.visit_unit()
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        self.deserialize_string(visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 char bytes byte_buf unit_struct identifier
    }
}

impl Tree {
    fn read_members<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidJson> {
        let Self::Object(members) = self else {
            return Err(is_none_of(&visitor));
        };
        visitor.visit_map(Members {
            members: members.into_iter(),
            value: None,
        })
    }
}

/// Refuses two members of one name.
fn check_once(members: &[(String, Tree)]) -> Result<(), InvalidJson> {
    let mut names = BTreeSet::new();
    let mut each = members.iter().map(|(name, _)| name.as_str());
    match each.find(|name| !names.insert(*name)) {
        Some(name) => Err(InvalidJson::twice(name)),
        None => Ok(()),
    }
}

struct Elements {
    elements: IntoIter<Tree>,
    /// Of the element that comes next.
    index: usize,
}

impl<'de> SeqAccess<'de> for &mut Elements {
    type Error = InvalidJson;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, InvalidJson> {
        let Some(element) = self.elements.next() else {
            return Ok(None);
        };
        let index = self.index;
        self.index += 1;
        match seed.deserialize(element) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.within_element(index)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len())
    }
}

struct Members {
    members: IntoIter<(String, Tree)>,
    /// The member whose name was read last.
    value: Option<(String, Tree)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = InvalidJson;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, InvalidJson> {
        self.value = self.members.next();
        match &self.value {
            None => Ok(None),
            Some((name, _)) => {
                let name: StrDeserializer<'_, InvalidJson> = name.as_str().into_deserializer();
                seed.deserialize(name).map(Some)
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, InvalidJson> {
        let Some((name, value)) = self.value.take() else {
            return Err(InvalidJson::custom("a value without a name"));
        };
        match seed.deserialize(value) {
            Ok(value) => Ok(value),
            Err(error) => Err(error.within_member(&name)),
        }
    }
}

struct Variant {
    name: String,
    value: Option<Tree>,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = InvalidJson;
    type Variant = Contents;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Contents), InvalidJson> {
        let Self { name, value } = self;
        let deserializer: StrDeserializer<'_, InvalidJson> = name.as_str().into_deserializer();
        let variant = seed.deserialize(deserializer)?;
        Ok((variant, Contents { name, value }))
    }
}

/// What a variant has.
struct Contents {
    name: String,
    value: Option<Tree>,
}

impl Contents {
    fn read<T>(self, read: impl FnOnce(Tree) -> Result<T, InvalidJson>) -> Result<T, InvalidJson> {
        read(self.value.unwrap_or(Tree::Null)).map_err(|error| error.within_member(&self.name))
    }
}

impl<'de> VariantAccess<'de> for Contents {
    type Error = InvalidJson;

    fn unit_variant(self) -> Result<(), InvalidJson> {
        match self.value {
            None | Some(Tree::Null) => Ok(()),
            Some(_) => Err(is_none_of(&"a string")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, InvalidJson> {
        self.read(|value| seed.deserialize(value))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, InvalidJson> {
        self.read(|value| value.deserialize_seq(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidJson> {
        self.read(|value| value.read_members(visitor))
    }
}
