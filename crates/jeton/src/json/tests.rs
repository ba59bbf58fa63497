use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;
use crate::{client::Client, config::Config};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Record {
    name: Option<String>,
    count: u32,
    below: i64,
    part: f64,
    on: bool,
    words: Vec<String>,
    pair: (u8, String),
    inner: Option<Box<Record>>,
    by_name: BTreeMap<String, Option<Record>>,
    kind: Option<Kind>,
    any: Value,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Unit,
    Text(String),
    Pair(u8, u8),
    Members { a: u8 },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Tagged {
    One {
        a: u8,
        #[serde(flatten)]
        other: BTreeMap<String, Value>,
    },
}

fn check(text: &str, expected: Result<Record, &str>) {
    let got = read::<Record>(text).map_err(|invalid| invalid.to_string());
    assert_eq!(got, expected.map_err(str::to_owned), "{text}");
}

#[test]
fn a_type_is_read_as_serde_json_reads_it() {
    for json in [
        json!({}),
        json!({ "name": null, "count": 4_294_967_295_u32, "below": -1, "part": 1.5, "on": true }),
        json!({ "part": 2, "words": ["ä", "\u{0}"], "pair": [1, "x"] }),
        json!({ "inner": { "by_name": { "a b": null, "c": { "count": 1 } } } }),
        json!({ "kind": "unit" }),
        json!({ "kind": { "unit": null } }),
        json!({ "kind": { "text": "x" } }),
        json!({ "kind": { "pair": [1, 2] } }),
        json!({ "kind": { "members": { "a": 1 } } }),
        json!({ "any": { "b": [1, -2, 1e300, u64::MAX, i64::MIN, null, false] } }),
    ] {
        let text = json.to_string();
        check(&text, Ok(serde_json::from_str(&text).unwrap()));
        let read: Record = Tree::from(json).read().unwrap();
        check(&text, Ok(read));
    }
    let other = BTreeMap::from([("b".to_owned(), json!([{}]))]);
    let tagged = r#"{"a":1,"b":[{}],"type":"one"}"#;
    assert_eq!(read(tagged), Ok(Tagged::One { a: 1, other }));
}

#[test]
fn an_array_is_no_object() {
    check("[]", Err("expected an object"));
    check(r#"["x",1]"#, Err("expected an object"));
    check(r#"{"inner":["x",1]}"#, Err("inner: expected an object"));
    check(
        r#"{"kind":{"members":[1]}}"#,
        Err("kind.members: expected an object"),
    );
}

#[test]
fn what_is_wrong_is_told_by_its_place() {
    let whole = "expected a whole number that is not negative";
    check("", Err("line 1, column 0: no JSON"));
    check("{\n  \"words\": [,]}", Err("line 2, column 13: no JSON"));
    check("{} {}", Err("line 1, column 4: no JSON"));
    check(r#"{"count":"1"}"#, Err(&format!("count: {whole}")));
    check(r#"{"count":-1}"#, Err(&format!("count: {whole}")));
    check(r#"{"count":1.0}"#, Err(&format!("count: {whole}")));
    check(r#"{"count":4294967296}"#, Err(&format!("count: {whole}")));
    check(
        r#"{"words":["a",true]}"#,
        Err("words[1]: expected a string"),
    );
    check(r#"{"words":{}}"#, Err("words: expected an array"));
    check(r#"{"on":null}"#, Err("on: expected a boolean"));
    check(
        r#"{"pair":[1,"a",2]}"#,
        Err("pair: expected fewer elements"),
    );
    check(
        r#"{"by_name":{"a":{"inner":{"pair":["x"]}}}}"#,
        Err(&format!("by_name.a.inner.pair[0]: {whole}")),
    );
    check(
        r#"{"on":true,"on":true}"#,
        Err("on: expected one value, not two"),
    );
    check(
        r#"{"kind":"other"}"#,
        Err("kind: expected one of unit, text, pair, members"),
    );
    check(
        r#"{"kind":{"members":{}}}"#,
        Err("kind.members.a: expected a value, but there is none"),
    );
    check(r#"{"kind":{"unit":1}}"#, Err("kind: expected a string"));
    for other in ["true", "1", "[]", r#"{"a":1,"b":1}"#] {
        let text = format!(r#"{{"kind":{other}}}"#);
        check(
            &text,
            Err("kind: expected one of unit, text, pair, members"),
        );
    }
    let unknown = read::<Kind>(r#"{"members":{"a":1,"b":2}}"#);
    assert_eq!(unknown, Ok(Kind::Members { a: 1 }));
    let members = "name, count, below, part, on, words, pair, inner, by_name, kind, any";
    check(
        r#"{"inner":{"colour":1}}"#,
        Err(&format!(
            "inner.colour: no such member; there are {members}"
        )),
    );
}

#[test]
fn nothing_that_may_be_a_secret_is_said() {
    const SECRET: &str = "hunter2 hunter2";
    const LONG: &str = "Kq3vX9mB2nL7pR4tY8wZ1cD6fG5hJ0sA9uE3iO7kM2x";
    const GOOGLE: &str = "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";
    const GITHUB: &str = "0123456789abcdef0123456789abcdef01234567";
    for secret in [SECRET, LONG, GOOGLE, GITHUB] {
        for text in [
            format!(r#"["{secret}"]"#),
            format!(r#"{{"{secret}":1}}"#),
            format!(r#"{{"count":"{secret}"}}"#),
            format!(r#"{{"kind":"{secret}"}}"#),
            format!(r#"{{"inner":{{"by_name":{{"{secret}":1}}}}}}"#),
            format!(r#"{{"name":{secret}"#),
        ] {
            let invalid = read::<Record>(&text).unwrap_err();
            let said = format!("{invalid} {invalid:?}");
            assert!(!said.contains(secret), "{text}: {said}");
        }
    }
    let tree = read::<Tree>(&format!(r#"{{"a":"{SECRET}"}}"#)).unwrap();
    assert_eq!(format!("{tree:?}"), "object");

    let record = r#"{"client_id":"a","client_secrets":"hunter2"}"#;
    let invalid = Client::from_record(record).unwrap_err();
    assert_eq!(invalid.to_string(), "client_secrets: expected an array");
    let clients = format!("[{record}]");
    let config = Config::from_lookup(|name| match name {
        "JETON_ISSUER" => Some("https://id.example".to_owned()),
        "JETON_SECRET" => Some(LONG.to_owned()),
        "JETON_CLIENTS" => Some(clients.clone()),
        _ => None,
    });
    let said = config.unwrap_err().to_string();
    let place = "[0].client_secrets: expected an array";
    assert!(said.contains(place) && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_member_that_is_there_twice_is_refused_in_a_map_too() {
    let check = |text: &str, place: &str| {
        let expected = format!("{place}: expected one value, not two");
        check(text, Err(&expected));
    };
    check(r#"{"by_name":{"a":null,"b":null,"a":{}}}"#, "by_name.a");
    check(r#"{"any":[{"b":{"c":1,"\u0063":2}}]}"#, "any[0].b.c");
    let twice = r#"{"type":"one","a":1,"b":2,"b":3}"#;
    assert_eq!(read::<Tagged>(twice).unwrap_err().place(), "b");
    let map = read::<serde_json::Map<String, Value>>(r#"{"sub":"a","sub":"b"}"#);
    assert_eq!(map.unwrap_err().place(), "sub");
    // What a struct does not know it passes over.
    let passed_over = read::<Kind>(r#"{"members":{"a":1,"b":2,"b":2}}"#);
    assert_eq!(passed_over, Ok(Kind::Members { a: 1 }));
}

#[test]
fn what_lies_too_deep_is_refused() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let invalid = read::<Tree>(&deep).unwrap_err();
    assert!(!invalid.is_json(), "{invalid}");
}
