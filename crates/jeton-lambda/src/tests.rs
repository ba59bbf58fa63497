use bytes::Bytes;
use http::Request;
use jeton::{Config, UnixTime};

use super::*;

fn server() -> LambdaServer {
    let config = Config::from_lookup(|name| match name {
        "JETON_ISSUER" => Some("https://id.example".to_owned()),
        "JETON_SECRET" => Some("x".repeat(43)),
        _ => None,
    });
    Server::new(config.unwrap(), TableRegistry::none(), NativeCrypto::new())
}

/// The core's traits ask for no `Send`; here the compiler finds it.
#[test]
fn requests_may_move_between_threads() {
    fn require_send<T: Send>(_: T) {}
    let server = server();
    require_send(server.handle(Request::new(Bytes::new()), UnixTime(0)));
    require_send(respond(&server, ""));
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
        let answer = serde_json::to_value(respond(&server, event).await).unwrap();
        assert_eq!(answer["statusCode"], status, "{answer}");
    }
}
