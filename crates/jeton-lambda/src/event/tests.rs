use http::Method;
use serde_json::{Value, json};

use super::*;

/// An HTTP API's event, as AWS documents it, with `changes` laid over.
fn http_api(changes: Value) -> Value {
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/token",
        "rawQueryString": "",
        "headers": { "host": "id.example.com", "content-type": "application/x-www-form-urlencoded" },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "id",
            "http": { "method": "POST", "path": "/token", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "agent" },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390_u64
        },
        "body": "YT1i",
        "isBase64Encoded": true
    });
    laid_over(event, changes)
}

/// A load balancer's event, as AWS documents it, with `changes` laid over.
fn load_balancer(changes: Value) -> Value {
    let event = json!({
        "requestContext": { "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:region:123456789012:targetgroup/my-target-group/6d0ecf831eec9f09" } },
        "httpMethod": "GET",
        "path": "/",
        "queryStringParameters": {},
        "headers": { "host": "lambda-846800462-us-east-2.elb.amazonaws.com" },
        "body": "",
        "isBase64Encoded": false
    });
    laid_over(event, changes)
}

fn laid_over(mut event: Value, changes: Value) -> Value {
    let changes = changes.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(changes);
    event
}

/// Method, target, body.
fn check(event: &Value, gateway: Gateway, expected: Result<(&str, &str, &str), Malformed>) {
    let (from, parsed) = Event::parse(&event.to_string());
    assert_eq!(from, gateway, "{event}");
    let parsed = parsed.map(|request| {
        let (head, body) = request.into_parts();
        let body = String::from_utf8(body.into()).unwrap();
        (head.method.to_string(), head.uri.to_string(), body)
    });
    let expected = expected.map(|(m, u, b)| (m.to_owned(), u.to_owned(), b.to_owned()));
    assert_eq!(parsed, expected, "{event}");
}

#[test]
fn reads_payload_format_2() {
    let check = |changes, expected| check(&http_api(changes), Gateway::Version2, expected);
    check(json!({}), Ok(("POST", "/token", "a=b")));
    check(
        json!({ "isBase64Encoded": false }),
        Ok(("POST", "/token", "YT1i")),
    );
    check(json!({ "body": null }), Ok(("POST", "/token", "")));
    check(
        json!({ "rawQueryString": "a=%20b&a=c%26d&e" }),
        Ok(("POST", "/token?a=%20b&a=c%26d&e", "a=b")),
    );
    check(json!({ "rawPath": "" }), Ok(("POST", "/", "a=b")));
    check(
        json!({ "rawPath": "//evil.example/token" }),
        Ok(("POST", "//evil.example/token", "a=b")),
    );
    // Some gateways decode the path.
    check(
        json!({ "rawPath": "/a b?c#d/ü%41" }),
        Ok(("POST", "/a%20b%3Fc%23d/%C3%BC%41", "a=b")),
    );
    check(
        json!({ "rawPath": "/a\u{0}\n\"<>`{}" }),
        Ok(("POST", "/a%00%0A%22%3C%3E%60%7B%7D", "a=b")),
    );
    check(
        json!({ "rawQueryString": "a= <\n\"ü#b" }),
        Ok(("POST", "/token?a=%20%3C%0A%22%C3%BC%23b", "a=b")),
    );
}

#[test]
fn reads_a_load_balancer() {
    let check = |changes, expected| check(&load_balancer(changes), Gateway::Alb, expected);
    check(json!({}), Ok(("GET", "/", "")));
    check(
        json!({ "queryStringParameters": { "a": "%2526" } }),
        Ok(("GET", "/?a=%2526", "")),
    );
    check(
        json!({ "queryStringParameters": { "a%20b": "c+d" } }),
        Ok(("GET", "/?a%20b=c+d", "")),
    );
    check(
        json!({ "queryStringParameters": {}, "multiValueQueryStringParameters": { "a": ["1", "%202"] } }),
        Ok(("GET", "/?a=1&a=%202", "")),
    );
    check(
        json!({ "httpMethod": "POST", "body": "YT1i", "isBase64Encoded": true }),
        Ok(("POST", "/", "a=b")),
    );
}

#[test]
fn refuses_what_is_no_request() {
    let version2 = |changes, expected| check(&http_api(changes), Gateway::Version2, Err(expected));
    version2(json!({ "body": "YT1" }), Malformed::Body);
    version2(json!({ "body": "\u{fffd}" }), Malformed::Body);
    version2(json!({ "rawPath": "token" }), Malformed::Target);
    version2(
        json!({ "rawPath": "http://evil.example/" }),
        Malformed::Target,
    );
    version2(
        json!({ "rawPath": format!("/{}", "a".repeat(70_000)) }),
        Malformed::Target,
    );
    version2(json!({ "cookies": ["a=1", "b=\n"] }), Malformed::Cookies);
    version2(json!({ "headers": { "a b": "c" } }), Malformed::Event);
    version2(json!({ "headers": { "a": "b\r\nc: d" } }), Malformed::Event);
    version2(json!({ "requestContext": {} }), Malformed::Event);
    version2(
        json!({ "requestContext": { "http": { "method": "GET POST" } } }),
        Malformed::Event,
    );
    let alb = |changes, expected| check(&load_balancer(changes), Gateway::Alb, Err(expected));
    alb(json!({ "path": "token" }), Malformed::Target);
    alb(
        json!({ "body": "%", "isBase64Encoded": true }),
        Malformed::Body,
    );
    for event in [
        json!({}),
        json!(null),
        json!([]),
        json!("GET /"),
        json!({ "source": "aws.events" }),
    ] {
        check(&event, Gateway::Version2, Err(Malformed::Event));
    }
    assert_eq!(Event::parse("{").1.unwrap_err(), Malformed::Event);
}

/// `lambda_http` makes a URL of these and panics when it cannot.
#[test]
fn leaves_host_and_scheme_alone() {
    for headers in [
        json!({ "host": "" }),
        json!({ "host": "a b" }),
        json!({ "host": "[::1" }),
        json!({ "host": "a:99999" }),
        json!({ "host": "a", "x-forwarded-proto": "" }),
        json!({ "host": "a", "x-forwarded-proto": "1:/" }),
        json!({ "host": "ü" }),
        json!({}),
        json!(null),
    ] {
        check(
            &http_api(json!({ "headers": headers })),
            Gateway::Version2,
            Ok(("POST", "/token", "a=b")),
        );
        check(
            &load_balancer(json!({ "headers": headers })),
            Gateway::Alb,
            Ok(("GET", "/", "")),
        );
    }
}

#[test]
fn keeps_every_header() {
    let read = |event: Value| {
        let headers = Event::parse(&event.to_string())
            .1
            .unwrap()
            .headers()
            .clone();
        let mut pairs: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        pairs.sort();
        pairs
    };
    assert_eq!(
        read(http_api(
            json!({ "headers": { "Accept": "a,b" }, "cookies": ["c=1", "d=2"] })
        )),
        ["accept: a,b", "cookie: c=1; d=2"]
    );
    assert_eq!(
        read(load_balancer(
            json!({ "headers": { "accept": "a", "cookie": "c=1; d=2" } })
        )),
        ["accept: a", "cookie: c=1; d=2"]
    );
    assert_eq!(
        read(load_balancer(
            json!({ "headers": null, "multiValueHeaders": { "authorization": ["Basic a", "Basic b"], "accept": ["a"] } })
        )),
        [
            "accept: a",
            "authorization: Basic a",
            "authorization: Basic b"
        ]
    );
}

#[test]
fn the_gateway_says_who_calls() {
    let check = |event: Value, address: Option<&str>, id: Option<&str>| {
        let (_, request) = Event::parse(&event.to_string());
        let expected = Caller {
            address: address.map(|address| address.parse().unwrap()),
            request_id: id.map(|id| id.parse().unwrap()),
        };
        let caller = request.unwrap().extensions_mut().remove::<Caller>();
        assert_eq!(caller, Some(expected), "{event}");
    };
    check(http_api(json!({})), Some("192.0.2.1"), Some("id"));
    let forged = json!({ "headers": { "x-forwarded-for": "203.0.113.9" } });
    check(http_api(forged), Some("192.0.2.1"), Some("id"));
    check(load_balancer(json!({})), None, None);
    for (headers, expected) in [
        (
            json!({ "x-forwarded-for": "203.0.113.9, 192.0.2.1" }),
            "192.0.2.1",
        ),
        (
            json!({ "x-forwarded-for": "203.0.113.9,192.0.2.1:4711" }),
            "192.0.2.1",
        ),
        (json!({ "x-forwarded-for": "2001:db8::1" }), "2001:db8::1"),
    ] {
        check(
            load_balancer(json!({ "headers": headers })),
            Some(expected),
            None,
        );
    }
    let several = json!({ "headers": null, "multiValueHeaders": { "x-forwarded-for": ["203.0.113.9", "192.0.2.1"] } });
    check(load_balancer(several), Some("192.0.2.1"), None);
    let nonsense = json!({ "headers": { "x-forwarded-for": "203.0.113.9, unknown" } });
    check(load_balancer(nonsense), None, None);
}

#[test]
fn methods_need_not_be_known() {
    let event = load_balancer(json!({ "httpMethod": "PURGE" }));
    let request = Event::parse(&event.to_string()).1.unwrap();
    assert_eq!(request.method(), Method::from_bytes(b"PURGE").unwrap());
}
