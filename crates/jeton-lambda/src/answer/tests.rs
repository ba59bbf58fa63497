use serde_json::{Value, json};

use super::*;

fn response(headers: &[(&'static str, &'static str)], body: &'static [u8]) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    for (name, value) in headers {
        response
            .headers_mut()
            .append(*name, HeaderValue::from_static(value));
    }
    response
}

fn check(gateway: Gateway, response: Response<Bytes>, expected: Value) {
    let answer = serde_json::to_value(Answer::new(gateway, response)).unwrap();
    assert_eq!(answer, expected);
}

const HEADERS: &[(&str, &str)] = &[
    ("content-type", "application/json"),
    ("vary", "a"),
    ("vary", "b"),
    ("vary", "c"),
    ("set-cookie", "x=1"),
    ("set-cookie", "y=2"),
];

#[test]
fn answers_payload_format_2() {
    check(
        Gateway::Version2,
        response(HEADERS, b"{}"),
        json!({
            "statusCode": 401,
            "headers": { "content-type": "application/json", "vary": "a, b, c" },
            "multiValueHeaders": {},
            "cookies": ["x=1", "y=2"],
            "body": "{}",
            "isBase64Encoded": false
        }),
    );
}

#[test]
fn answers_a_load_balancer() {
    check(
        Gateway::Alb,
        response(HEADERS, "ü".as_bytes()),
        json!({
            "statusCode": 401,
            "statusDescription": "401 Unauthorized",
            "headers": { "content-type": "application/json", "vary": "a, b, c", "set-cookie": "x=1" },
            "multiValueHeaders": { "content-type": ["application/json"], "vary": ["a", "b", "c"], "set-cookie": ["x=1", "y=2"] },
            "body": "ü",
            "isBase64Encoded": false
        }),
    );
}

#[test]
fn only_what_is_no_text_is_encoded() {
    let body = |bytes: &'static [u8]| {
        let answer = Answer::new(Gateway::Version2, response(&[], bytes));
        let answer = serde_json::to_value(answer).unwrap();
        (answer["body"].clone(), answer["isBase64Encoded"].clone())
    };
    assert_eq!(body(b""), (json!(""), json!(false)));
    assert_eq!(body(b"a"), (json!("a"), json!(false)));
    assert_eq!(body(b"\xff"), (json!("/w=="), json!(true)));
}
