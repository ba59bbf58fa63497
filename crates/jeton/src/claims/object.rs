//! JSON objects that everyone reads the same.

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected},
};
use serde_json::{Map, Number, Value};

use crate::json::{self, Tree};

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
    let tree = json::parse(json).map_err(|invalid| {
        if invalid.is_too_deep() {
            InvalidObject::TooDeep
        } else {
            InvalidObject::NotJson
        }
    })?;
    checked_object(tree)
}

/// The object that a member of a document is, for serde.
///
/// # Errors
/// As of [`parse_object`].
pub(crate) fn object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    checked_object(Tree::deserialize(deserializer)?)
        .map_err(|fault| Error::invalid_value(Unexpected::Other("JSON"), &fault.expected()))
}

impl InvalidObject {
    fn expected(self) -> &'static str {
        match self {
            Self::NotJson | Self::NotAnObject => "an object",
            Self::Twice => "an object with each member once",
            Self::TooDeep => "an object that is less deep",
            Self::Number => "an object whose numbers have at most 64 bits, and none is -0",
        }
    }
}

fn checked_object(tree: Tree) -> Result<Map<String, Value>, InvalidObject> {
    match checked(tree, 0)? {
        Value::Object(members) => Ok(members),
        _ => Err(InvalidObject::NotAnObject),
    }
}

/// The value, which lies in `depth` others.
fn checked(tree: Tree, depth: usize) -> Result<Value, InvalidObject> {
    let inner = match &tree {
        Tree::Array(_) | Tree::Object(_) if depth >= DEEPEST => {
            return Err(InvalidObject::TooDeep);
        }
        _ => depth + 1,
    };
    Ok(match tree {
        Tree::Null => Value::Null,
        Tree::Bool(value) => Value::Bool(value),
        Tree::Number(number) if is_kept(&number) => Value::Number(number),
        Tree::Number(_) => return Err(InvalidObject::Number),
        Tree::String(text) => Value::String(text),
        Tree::Array(elements) => {
            let mut values = Vec::with_capacity(elements.len());
            for element in elements {
                values.push(checked(element, inner)?);
            }
            Value::Array(values)
        }
        Tree::Object(members) => {
            let mut values = Map::new();
            for (name, value) in members {
                if values.insert(name, checked(value, inner)?).is_some() {
                    return Err(InvalidObject::Twice);
                }
            }
            Value::Object(values)
        }
    })
}

/// Whether everyone reads the value the same, as a member of an object: as [`parse_object`] has it.
pub(super) fn is_read_alike(value: &Value) -> bool {
    is_alike(value, 1)
}

/// The same of a value that lies in `depth` others.
fn is_alike(value: &Value, depth: usize) -> bool {
    let within = |value| depth < DEEPEST && is_alike(value, depth + 1);
    match value {
        Value::Number(number) => is_kept(number),
        Value::Array(values) => depth < DEEPEST && values.iter().all(within),
        Value::Object(members) => depth < DEEPEST && members.values().all(within),
        _ => true,
    }
}

/// Whether the number is kept as it is written.
fn is_kept(number: &Number) -> bool {
    let Some(fraction) = number.as_f64().filter(|_| number.is_f64()) else {
        return true;
    };
    let is_negative_zero = fraction == 0.0 && fraction.is_sign_negative();
    let (least, most) = SIXTY_FOUR_BITS;
    !is_negative_zero && fraction > least && fraction < most
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
            let value: Value = serde_json::from_str(number).unwrap();
            assert!(!is_read_alike(&value), "{number}");
        }
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
            format!(r#"{{"a":{open}{close}}}"#)
        };
        assert!(parse_object(&nested(DEEPEST)).is_ok());
        check(&nested(DEEPEST + 1), Err(InvalidObject::TooDeep));
        for (depth, expected) in [(DEEPEST, true), (DEEPEST + 1, false)] {
            let object: Value = serde_json::from_str(&nested(depth)).unwrap();
            assert_eq!(is_read_alike(&object["a"]), expected, "{depth}");
        }
        assert!(is_read_alike(
            &serde_json::json!({ "a": [1, -2, 1.5, u64::MAX, null, "-0"] })
        ));
        check(&nested(100), Err(InvalidObject::TooDeep));
        check(&nested(20_000), Err(InvalidObject::TooDeep));
    }
}
