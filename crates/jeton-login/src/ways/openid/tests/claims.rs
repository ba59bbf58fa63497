use sha2::{Digest, Sha256};

use super::*;

const PERSON: Result<&str, &str> = Ok("248289761001");

/// Who comes back with an ID token whose claim `name` is `value`; `null`: that has none.
fn with(name: &str, value: Value, expected: Result<&str, &str>) {
    let set = |login: &mut Login| {
        if value.is_null() {
            login.claims.as_object_mut().unwrap().remove(name);
        } else {
            login.claims[name] = value;
        }
    };
    check(set, expected);
}

#[test]
fn a_token_of_another_issuer() {
    let other = Err("the ID token is of another issuer");
    with("iss", json!("https://login.example.com"), other);
    with("iss", json!("https://login.example.org/"), other);
    with("iss", json!("HTTPS://login.example.org"), other);
    with("iss", json!([ISSUER]), other);
    with("iss", Value::Null, other);
}

#[test]
fn a_token_for_another_client() {
    let other = Err("the ID token is for another client");
    with("aud", json!("them"), other);
    with("aud", json!("us too"), other);
    with("aud", json!(["them"]), other);
    with("aud", json!([]), other);
    with("aud", json!({ "us": true }), other);
    with("aud", Value::Null, other);
    with("aud", json!(["us"]), PERSON);
}

#[test]
fn a_token_for_several_says_that_it_was_issued_to_us() {
    let unsaid = Err("does not say that it was issued to us");
    with("aud", json!(["us", "them"]), unsaid);
    with("aud", json!(["us", 1]), unsaid);
    let another = Err("issued to another client");
    for (aud, azp, expected) in [
        (json!(["us", "them"]), json!("us"), PERSON),
        (json!("us"), json!("us"), PERSON),
        (json!("us"), json!("them"), another),
        (json!(["us", "them"]), json!("them"), another),
        (json!("us"), json!(["us"]), another),
    ] {
        let set = |login: &mut Login| {
            login.claims["aud"] = aud;
            login.claims["azp"] = azp;
        };
        check(set, expected);
    }
}

#[test]
fn a_token_of_another_login() {
    let other = Err("the ID token is of another login");
    with("nonce", json!("n-0S7"), other);
    with("nonce", json!("n-0S"), other);
    with("nonce", json!(""), other);
    with("nonce", json!(["n-0S6"]), other);
    with("nonce", Value::Null, other);
}

#[test]
fn a_token_that_has_expired_or_is_of_a_time_to_come() {
    let expired = Err("the ID token has expired");
    with("exp", json!(NOW.0 - 10), expired);
    let by_seconds = "expired: 3600 s off; is this machine's clock right? 10 s are allowed";
    with("exp", json!(NOW.0 - 3600), Err(by_seconds));
    with("exp", json!(NOW.0 - 9), PERSON);
    with("exp", json!(1_800_000_000.5), PERSON);
    let no_time = Err("a time in the ID token is no time");
    with("exp", json!("tomorrow"), no_time);
    with("exp", json!(-1), no_time);
    with("exp", Value::Null, Err("the ID token has no exp"));
    let to_come = Err("the ID token is of a time to come");
    with("iat", json!(NOW.0 + 11), to_come);
    let by_seconds = "time to come: 11 s off; is this machine's clock right? 10 s are allowed";
    with("iat", json!(NOW.0 + 11), Err(by_seconds));
    with("iat", json!(NOW.0 + 10), PERSON);
    with("iat", Value::Null, Err("the ID token has no iat"));
    with("nbf", json!(NOW.0 + 11), to_come);
    let issued_later = |login: &mut Login| {
        login.claims["iat"] = (NOW.0 + 11).into();
        login.claims["nbf"] = NOW.0.into();
    };
    check(issued_later, to_come);
    // Microsoft's are of five minutes ago.
    with("iat", json!(NOW.0 - 300), PERSON);
}

#[test]
fn a_person_without_a_name_or_with_an_endless_one() {
    with("sub", json!(""), Err("has no sub"));
    with("sub", json!(248), Err("has no sub"));
    with("sub", Value::Null, Err("has no sub"));
    let longest = "s".repeat(255);
    with("sub", json!(longest), Ok(&longest));
    let longer = json!("s".repeat(256));
    with("sub", longer, Err("the sub of the ID token is too long"));
}

#[test]
fn how_long_ago_the_person_logged_in_is_judged_where_it_was_asked_for() {
    let judged = |max_age: Option<u64>, auth_time: Value, expected: Result<&str, &str>| {
        let set = |login: &mut Login| {
            login.max_age = max_age.map(Seconds);
            if !auth_time.is_null() {
                login.claims["auth_time"] = auth_time;
            }
        };
        check(set, expected);
    };
    judged(None, Value::Null, PERSON);
    judged(None, json!(NOW.0 - 100_000), PERSON);
    judged(Some(60), json!(NOW.0 - 70), PERSON);
    let longer = Err("longer ago than was asked for");
    judged(Some(60), json!(NOW.0 - 71), longer);
    judged(Some(0), json!(NOW.0 - 11), longer);
    let unsaid = Err("does not say when the person logged in");
    judged(Some(60), Value::Null, unsaid);
    judged(None, json!(NOW.0 + 11), Err("at a time to come: 11 s off"));
    let no_time = Err("a time in the ID token is no time");
    judged(Some(60), json!("now"), no_time);
}

#[test]
fn an_access_token_of_another_login() {
    let half = |token: &str| encode(&Sha256::digest(token)[..16]);
    with("at_hash", json!(half("opens")), PERSON);
    let other = Err("the access token is of another login");
    with("at_hash", json!(half("other")), other);
    with("at_hash", json!(encode(&Sha256::digest("opens"))), other);
    with("at_hash", json!(""), other);
    with("at_hash", json!(1), other);
}
