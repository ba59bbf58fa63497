//! Members of a JSON object, such as claims, of which several rules speak.

use serde_json::{Map, Value};

/// Members of `additions` take the place of those in `into`; null takes them away.
pub fn merge(into: &mut Map<String, Value>, additions: &Map<String, Value>) {
    for (name, value) in additions {
        if value.is_null() {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_later_wins_and_null_takes_away() {
        let object = |value| serde_json::from_value::<Map<_, _>>(value).unwrap();
        let mut said = object(json!({ "email": "m@x.example", "groups": ["a"], "tenant": "x" }));
        for later in [
            json!({ "groups": ["b"], "level": 3, "phone_number": null }),
            json!({ "email": null, "level": 4 }),
        ] {
            merge(&mut said, &object(later));
        }
        let expected = json!({ "groups": ["b"], "tenant": "x", "level": 4 });
        assert_eq!(Value::Object(said), expected);
    }
}
