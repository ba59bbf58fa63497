use serde_json::json;

use super::*;

/// Whether `test` of the claim at `path` is met by `claims`.
fn check(path: &[&str], test: &Test, claims: Value, expected: bool) {
    let names = path.iter().map(|name| (*name).to_owned()).collect();
    let condition = Condition {
        claim: ClaimPath::new(names).unwrap(),
        test: test.clone(),
    };
    let Value::Object(map) = &claims else {
        panic!("{claims}");
    };
    let met = condition.is_met(map);
    assert_eq!(met, expected, "{path:?} {test:?} {claims}");
}

fn scalar(value: Value) -> Scalar {
    Scalar::from_value(&value).unwrap()
}

/// Each test, which `"a/b"` (or an array of it) meets.
fn tests_of_a_b() -> [Test; 4] {
    let value = || scalar(json!("a/b"));
    [
        Test::Equals(value()),
        Test::OneOf(vec![scalar(json!(1)), value()]),
        Test::Prefix("a/".to_owned()),
        Test::Contains(value()),
    ]
}

#[test]
fn a_missing_claim_meets_no_test() {
    for test in tests_of_a_b() {
        check(&["x"], &test, json!({}), false);
        check(&["x"], &test, json!({ "y": "a/b" }), false);
        check(&["x"], &test, json!({ "X": "a/b" }), false);
        check(&["x"], &test, json!({ "x": null }), false);
        check(&["x", "y"], &test, json!({ "x": {} }), false);
        check(&["x", "y"], &test, json!({ "x": "a/b" }), false);
        check(&["x", "y"], &test, json!({ "y": "a/b" }), false);
    }
}

#[test]
fn no_type_is_taken_for_another() {
    let same = |wanted: Value, found: Value, expected| {
        let wanted = scalar(wanted);
        let claims = json!({ "x": found });
        check(
            &["x"],
            &Test::Equals(wanted.clone()),
            claims.clone(),
            expected,
        );
        check(&["x"], &Test::OneOf(vec![wanted.clone()]), claims, expected);
        check(
            &["x"],
            &Test::Contains(wanted),
            json!({ "x": [found] }),
            expected,
        );
    };
    same(json!("1"), json!("1"), true);
    same(json!("1"), json!(1), false);
    same(json!(1), json!("1"), false);
    same(json!(1), json!(1), true);
    same(json!(1), json!(true), false);
    same(json!(1), json!(1.0), false);
    same(
        json!(9_007_199_254_740_993_u64),
        json!(9_007_199_254_740_992_u64),
        false,
    );
    same(json!(true), json!(true), true);
    same(json!(true), json!("true"), false);
    same(json!("true"), json!(true), false);
    same(json!("a"), json!(["a"]), false);
    same(json!("a"), json!({ "a": "a" }), false);
    same(json!("a"), json!("A"), false);
    same(json!("a"), json!("a "), false);
    same(json!("ä"), json!("a\u{308}"), false);
}

#[test]
fn only_an_array_contains() {
    let [equals, one_of, prefix, contains] = tests_of_a_b();
    for claims in [json!({ "x": ["a/b"] }), json!({ "x": ["c", "a/b"] })] {
        check(&["x"], &contains, claims.clone(), true);
        for test in [&equals, &one_of, &prefix] {
            check(&["x"], test, claims.clone(), false);
        }
    }
    for claims in [
        json!({ "x": "a/b" }),
        json!({ "x": [] }),
        json!({ "x": [["a/b"]] }),
    ] {
        check(&["x"], &contains, claims, false);
    }
}

#[test]
fn a_prefix_ends_at_a_border_and_goes_on() {
    let check = |prefix: &str, found: Value, expected| {
        let test = Test::Prefix(prefix.to_owned());
        check(&["x"], &test, json!({ "x": found }), expected);
    };
    check("a/b/", json!("a/b/c"), true);
    check("a/b/", json!("a/bc"), false);
    check("a/b/", json!("a/b"), false);
    check("a/b/", json!("a/b/"), false);
    check("a/b/", json!("x/a/b/c"), false);
    check("repo:o/r:", json!("repo:o/r:ref"), true);
    check("repo:o/r:", json!("repo:o/r2:ref"), false);
    check("a/", json!(["a/b"]), false);
    check("1/", json!(1), false);
}

#[test]
fn names_have_dots_and_slashes() {
    let test = Test::Equals(scalar(json!("a")));
    check(&["a.b"], &test, json!({ "a.b": "a" }), true);
    check(&["a.b"], &test, json!({ "a": { "b": "a" } }), false);
    check(&["a", "b"], &test, json!({ "a": { "b": "a" } }), true);
    check(&["a", "b"], &test, json!({ "a.b": "a" }), false);
    let claims = json!({ "kubernetes.io": { "serviceaccount": { "uid": "a" } } });
    check(
        &["kubernetes.io", "serviceaccount", "uid"],
        &test,
        claims,
        true,
    );
    check(
        &["oidc.circleci.com/project-id"],
        &test,
        json!({ "oidc.circleci.com/project-id": "a" }),
        true,
    );
}

#[test]
fn which_names_are_a_path() {
    let path = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        ClaimPath::new(names).map(|path| path.to_string())
    };
    assert_eq!(path(&["a"]).as_deref(), Some("a"));
    assert_eq!(path(&["a.b", "c"]).as_deref(), Some("a.b › c"));
    for names in [
        &[][..],
        &[""],
        &["a", ""],
        &["a\nb"],
        &["a", "\u{1b}[2J"],
        &["\u{9b}"],
    ] {
        assert_eq!(path(names), None, "{names:?}");
    }
    assert!(path(&["a".repeat(255).as_str()]).is_some());
    assert!(path(&["a".repeat(255).as_str(), "b"]).is_none());
}

#[test]
fn the_audit_has_no_values() {
    for test in tests_of_a_b() {
        let name = test.name();
        let claim = ClaimPath::new(vec!["x".to_owned()]).unwrap();
        let condition = Condition { claim, test };
        assert_eq!(condition.to_string(), format!("x {name}"));
    }
}
