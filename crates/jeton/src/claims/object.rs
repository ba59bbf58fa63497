//! JSON objects that everyone reads the same.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep objects and arrays may lie in each other. What is deeper, some readers refuse.
pub(crate) const DEEPEST: usize = 32;

/// Between these integers are kept as they are. Others become fractions when they are read.
const SIXTY_FOUR_BITS: (f64, f64) = (-9_223_372_036_854_775_808.0, 18_446_744_073_709_551_616.0);

/// Why a text is no JSON object that everyone reads the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidObject {
    /// No JSON at all.
    #[error("are not JSON")]
    NotJson,
    /// JSON of another type.
    #[error("are no JSON object")]
    NotAnObject,
    /// Two members of one name, at whatever depth: of such two, readers believe different ones.
    #[error("have a member twice")]
    Twice,
    /// Deeper than [`DEEPEST`].
    #[error("lie more than {DEEPEST} objects or arrays deep")]
    TooDeep,
    /// Such a number is read differently: as 0, and as the nearest that a reader has.
    #[error("have -0, or a number of more than 64 bits, which would not be kept as it is")]
    Number,
}

/// The object that `json` is.
///
/// # Errors
/// It is none, has a member twice, or is too deep.
pub fn parse_object(json: &str) -> Result<Map<String, Value>, InvalidObject> {
    let fault = Cell::new(InvalidObject::NotJson);
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let element = Element {
        depth: 0,
        fault: &fault,
    };
    let value = element.deserialize(&mut deserializer);
    match value.and_then(|value| deserializer.end().map(|()| value)) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(InvalidObject::NotAnObject),
        Err(_) => Err(fault.get()),
    }
}

/// The object that a member of a document is, for serde.
///
/// # Errors
/// As of [`parse_object`].
pub(crate) fn object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    let fault = Cell::new(InvalidObject::NotJson);
    let element = Element {
        depth: 0,
        fault: &fault,
    };
    match element.deserialize(deserializer)? {
        Value::Object(members) => Ok(members),
        _ => Err(Error::custom(InvalidObject::NotAnObject)),
    }
}

/// A value at some depth. Its fault is kept beside the error, whose text alone would tell it.
#[derive(Clone, Copy)]
struct Element<'a> {
    depth: usize,
    fault: &'a Cell<InvalidObject>,
}

impl Element<'_> {
    fn refuse<E: Error>(self, fault: InvalidObject) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }

    /// What lies in it.
    fn inner<E: Error>(self) -> Result<Self, E> {
        if self.depth >= DEEPEST {
            return Err(self.refuse(InvalidObject::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let is_negative_zero = value == 0.0 && value.is_sign_negative();
        let (least, most) = SIXTY_FOUR_BITS;
        if is_negative_zero || value <= least || value >= most {
            return Err(self.refuse(InvalidObject::Number));
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(inner)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(inner)?;
            if members.insert(name, value).is_some() {
                return Err(self.refuse(InvalidObject::Twice));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<&str, InvalidObject>) {
        let parsed = parse_object(json).map(|members| Value::Object(members).to_string());
        assert_eq!(parsed, expected.map(str::to_owned), "{json}");
    }

    #[test]
    fn objects_are_read_as_serde_json_reads_them() {
        for json in [
            "{}",
            r#"{"a":[1,-2,1.5,1e15,-1e-300,true,false,null,"x",{"b":{}}],"ä":"\u0000\n"}"#,
            r#"{"a":18446744073709551615,"b":-9223372036854775808}"#,
        ] {
            let expected = serde_json::from_str::<Value>(json).unwrap().to_string();
            check(json, Ok(&expected));
        }
    }

    #[test]
    fn what_is_none() {
        for json in [
            "",
            "{",
            "{'a':1}",
            r#"{"a":1e999}"#,
            r#"{"a":"\ud800"}"#,
            "{}x",
        ] {
            check(json, Err(InvalidObject::NotJson));
        }
        for json in ["1", "\"x\"", "[{}]", "true"] {
            check(json, Err(InvalidObject::NotAnObject));
        }
        for json in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":[{"b":{"c":1,"c":1}}]}"#,
        ] {
            check(json, Err(InvalidObject::Twice));
        }
        for number in [
            "-0",
            "-0.0",
            "[1e300]",
            "18446744073709551616",
            "-9223372036854775809",
            "12345678901234567890123",
        ] {
            let json = format!(r#"{{"a":{number}}}"#);
            check(&json, Err(InvalidObject::Number));
        }
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
            format!(r#"{{"a":{open}{close}}}"#)
        };
        assert!(parse_object(&nested(DEEPEST)).is_ok());
        check(&nested(DEEPEST + 1), Err(InvalidObject::TooDeep));
        check(&nested(20_000), Err(InvalidObject::TooDeep));
    }
}
