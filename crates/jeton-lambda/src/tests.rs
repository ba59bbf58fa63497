use bytes::Bytes;
use http::Request;
use jeton::{Config, SETTINGS, UnixTime};

use super::*;

fn server() -> LambdaServer {
    let config = Config::from_lookup(|name| match name {
        "JETON_ISSUER" => Some("https://id.example".to_owned()),
        "JETON_SECRET" => Some("jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj".to_owned()),
        _ => None,
    });
    LambdaServer::new(config.unwrap(), None, Stores::default().into())
}

/// The core's traits ask for no `Send`; here the compiler finds it.
#[test]
fn requests_may_move_between_threads() {
    fn require_send<T: Send>(_: T) {}
    let server = server();
    let budget = |_| std::future::pending();
    require_send(server.handle(Request::new(Bytes::new()), UnixTime(0), budget));
    require_send(respond(&server, "", None, &ToNote::default()));
}

#[tokio::test]
async fn any_event_is_answered() {
    let server = server();
    for (event, status) in [
        ("{}", 400),
        (
            r#"{"requestContext":{"http":{"method":"GET"}},"rawPath":"/health"}"#,
            200,
        ),
        (
            r#"{"requestContext":{"elb":{}},"httpMethod":"GET","path":"/nowhere"}"#,
            404,
        ),
    ] {
        let answer =
            serde_json::to_value(respond(&server, event, None, &ToNote::default()).await).unwrap();
        assert_eq!(answer["statusCode"], status, "{answer}");
        let headers = &answer["headers"];
        assert_eq!(headers["x-content-type-options"], "nosniff", "{answer}");
        let strict = "max-age=63072000";
        assert_eq!(headers["strict-transport-security"], strict, "{answer}");
    }
}

#[tokio::test]
async fn a_malformed_event_is_answered_and_logged() {
    let event = r#"{"requestContext":{"http":{"method":"POST"}},"rawPath":"/token","body":"\u00e4","isBase64Encoded":true}"#;
    let answer = respond(&server(), event, "an-id".parse().ok(), &ToNote::default()).await;
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer["statusCode"], 400, "{answer}");
    assert_eq!(
        answer["body"],
        r#"{"error":"invalid_request","error_description":"the body is not base64"}"#
    );
    let headers = &answer["headers"];
    assert_eq!(headers["cache-control"], "no-store", "{answer}");
    assert_eq!(headers["x-request-id"], "an-id", "{answer}");
    assert_eq!(headers["access-control-allow-origin"], "*", "{answer}");
}

#[test]
fn the_template_has_every_setting_of_this_host() {
    let template = include_str!("../../../template.yaml");
    let (_, variables) = template.split_once("        Variables:\n").unwrap();
    let (variables, _) = variables.split_once("      Policies:").unwrap();
    let set: Vec<_> = variables
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("JETON_"))
        .filter_map(|line| Some(line.split_once(':')?.0))
        .collect();
    let expected: Vec<_> = SETTINGS
        .iter()
        .filter(|setting| ["all", "lambda"].contains(&setting.host))
        .map(|setting| setting.name)
        .collect();
    assert_eq!(set, expected);
}
