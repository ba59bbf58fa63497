//! The contract of [`Fetch`], tested against a server that does what each request tells it.

use core::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use jeton::{Fetch, Fetched, Loopback, Outgoing, Reach, Unreachable, get_json};
use serde_json::{Value, json};

/// The limit of the requests in this test, in bytes of body.
const LIMIT: usize = 1000;

/// A deadline that is missed where the server waits, and met where it does not.
const SHORT: Duration = Duration::from_millis(500);

/// The contract of [`Fetch`]. `server` is the http origin, on a loopback address, of a server that
/// does what the path of a request tells it: a JSON array of steps as base64url, after which it
/// closes the connection. Its answers announce that: a runtime that keeps connections might otherwise
/// send the next request into the closing one. A step is one of
///
/// | step | what it does |
/// |---|---|
/// | `["send", text]` | sends text |
/// | `["repeat", text, times, pause]` | sends text so many times, waiting `pause` milliseconds before each |
/// | `["wait", milliseconds]` | waits |
/// | `["spaces", count]` | sends so many spaces, compressed by gzip |
/// | `["echo"]` | answers with status 200 and the request as it came |
/// | `["count"]` | answers with status 200 and the number of connections so far, as JSON |
pub async fn fetch(fetch: &impl Fetch, server: &str) {
    let server = Server {
        fetch,
        origin: server,
        reach: Reach::new("https://id.example.com", Loopback::Admitted),
    };
    an_exchange(&server).await;
    no_redirect(&server).await;
    bounded_in_size(&server).await;
    bounded_in_time(&server).await;
    broken_off(&server).await;
    documents(&server).await;
    refused_without_a_connection(&server).await;
}

struct Server<'a, F> {
    fetch: &'a F,
    origin: &'a str,
    reach: Reach,
}

impl<F: Fetch> Server<'_, F> {
    fn request(&self, steps: &Value) -> Outgoing {
        let script = URL_SAFE_NO_PAD.encode(steps.to_string());
        let url = format!("{}/{script}", self.origin);
        Outgoing {
            limit: LIMIT,
            ..Outgoing::get(self.reach.url(&url).unwrap(), "*/*")
        }
    }

    async fn send(&self, steps: Value) -> Result<Fetched, Unreachable> {
        self.fetch.send(&self.request(&steps)).await
    }

    /// The number of connections that the server has seen, this one included.
    async fn connections(&self) -> u64 {
        let counted = self.send(json!([["count"]])).await.unwrap();
        serde_json::from_slice(&counted.body).unwrap()
    }

    async fn check_refused(&self, what: &str, steps: Value, expected: Unreachable) {
        assert_eq!(self.send(steps).await, Err(expected), "{what}");
    }

    async fn check_broken_off(&self, what: &str, steps: Value) {
        let got = self.send(steps).await;
        assert!(
            matches!(got, Err(Unreachable::ConnectionFailed(_))),
            "{what}: {got:?}"
        );
    }
}

/// The text of an answer with that status line; `rest` is what follows.
fn answer(status: &str, rest: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{rest}")
}

fn ok(rest: &str) -> String {
    answer("200 OK", rest)
}

async fn an_exchange(server: &Server<'_, impl Fetch>) {
    let hello = ok("content-type: text/plain\r\nx-other: a\r\ncontent-length: 5\r\n\r\nhello");
    let fetched = server.send(json!([["send", hello]])).await.unwrap();
    assert_eq!(fetched.status, StatusCode::OK);
    assert_eq!(fetched.headers["content-type"], "text/plain");
    assert_eq!(fetched.body, "hello");

    let mut request = server.request(&json!([["echo"]]));
    request.method = Method::POST;
    request.body = Bytes::from_static(b"a=b&c=%00");
    let token = HeaderValue::from_static("Bearer a");
    request.headers.insert("authorization", token);
    let fetched = server.fetch.send(&request).await.unwrap();
    let echo = String::from_utf8(fetched.body.to_vec()).unwrap();
    let (head, body) = echo.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert_eq!(body, "a=b&c=%00");
    assert!(head.starts_with("post /"), "{head}");
    let host = server.origin.strip_prefix("http://").unwrap();
    for header in [
        format!("host: {host}"),
        "authorization: bearer a".to_owned(),
        "content-length: 9".to_owned(),
        "user-agent: jeton".to_owned(),
        "accept: */*".to_owned(),
    ] {
        let times = head.lines().filter(|line| *line == header).count();
        assert_eq!(times, 1, "{header} in {head}");
    }

    let not_found = answer("404 Not Found", "content-length: 4\r\n\r\ngone");
    let fetched = server.send(json!([["send", not_found]])).await.unwrap();
    assert_eq!(fetched.status, StatusCode::NOT_FOUND);
    assert_eq!(fetched.body, "gone");

    for (what, sent, body) in [
        ("no body", answer("204 No Content", "\r\n"), ""),
        ("until the end", ok("\r\nhello"), "hello"),
        (
            "HTTP/1.0",
            "HTTP/1.0 200 OK\r\n\r\nhello".to_owned(),
            "hello",
        ),
        (
            "in chunks",
            ok("transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
            "hello",
        ),
        (
            "with trailers",
            ok("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n"),
            "hello",
        ),
    ] {
        let fetched = server.send(json!([["send", sent]])).await;
        assert_eq!(fetched.map(|got| got.body), Ok(body.into()), "{what}");
    }
}

async fn no_redirect(server: &Server<'_, impl Fetch>) {
    let elsewhere = server.request(&json!([["count"]])).url;
    for status in [301, 302, 303, 307, 308] {
        let before = server.connections().await;
        let redirect = answer(
            &format!("{status} Elsewhere"),
            &format!("location: {elsewhere}\r\ncontent-length: 0\r\n\r\n"),
        );
        let expected = Unreachable::Redirected(StatusCode::from_u16(status).unwrap());
        server
            .check_refused("a redirect", json!([["send", redirect]]), expected)
            .await;
        let after = server.connections().await;
        assert_eq!(after - before, 2, "{status}: that one, and this question");
    }
}

async fn bounded_in_size(server: &Server<'_, impl Fetch>) {
    let whole = |length: usize| {
        json!([
            ["send", ok(&format!("content-length: {length}\r\n\r\n"))],
            ["repeat", "a", length, 0],
        ])
    };
    let fetched = server.send(whole(LIMIT)).await;
    assert_eq!(fetched.map(|got| got.body.len()), Ok(LIMIT));

    let part = "a".repeat(100);
    for (what, steps) in [
        ("one byte more", whole(LIMIT + 1)),
        (
            // Else the wait would be found too slow.
            "by its own account",
            json!([
                ["send", ok("content-length: 1001\r\n\r\n")],
                ["wait", 10_000],
            ]),
        ),
        (
            "until the end",
            json!([["send", ok("\r\n")], ["repeat", part, 100_000, 0]]),
        ),
        (
            "in chunks",
            json!([
                ["send", ok("transfer-encoding: chunked\r\n\r\n")],
                ["repeat", format!("64\r\n{part}\r\n"), 100_000, 0],
            ]),
        ),
        (
            "one long header",
            json!([
                ["send", ok("content-length: 0\r\nx-long: ")],
                ["repeat", part, 200, 0],
                ["send", "\r\n\r\n"],
            ]),
        ),
        (
            "many headers",
            json!([
                ["send", ok("content-length: 0\r\n")],
                ["repeat", format!("x-many: {part}\r\n"), 200, 0],
                ["send", "\r\n"],
            ]),
        ),
    ] {
        server
            .check_refused(what, steps, Unreachable::TooLarge)
            .await;
    }
}

async fn bounded_in_time(server: &Server<'_, impl Fetch>) {
    for (what, steps) in [
        ("no head", json!([["wait", 10_000]])),
        ("half a head", json!([["send", ok("")], ["wait", 10_000]])),
        (
            "no body",
            json!([["send", ok("content-length: 5\r\n\r\n")], ["wait", 10_000],]),
        ),
        (
            "no end",
            json!([["send", ok("\r\nhello")], ["wait", 10_000]]),
        ),
        (
            "drop by drop",
            json!([
                ["send", ok("content-length: 100\r\n\r\n")],
                ["repeat", "a", 100, 100],
            ]),
        ),
        (
            "headers drop by drop",
            json!([["send", ok("")], ["repeat", "x-a: b\r\n", 100, 100],]),
        ),
    ] {
        let mut request = server.request(&steps);
        request.deadline = SHORT;
        let got = server.fetch.send(&request).await;
        assert_eq!(got, Err(Unreachable::TooSlow), "{what}");
    }
}

async fn broken_off(server: &Server<'_, impl Fetch>) {
    for (what, sent) in [
        ("nothing", String::new()),
        ("half a head", ok("content-le")),
        ("half a body", ok("content-length: 10\r\n\r\nhello")),
        (
            "half a chunk",
            ok("transfer-encoding: chunked\r\n\r\n5\r\nhe"),
        ),
        (
            "no last chunk",
            ok("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        ),
        ("another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned()),
    ] {
        server.check_broken_off(what, json!([["send", sent]])).await;
    }
    // Nobody may listen on port 1 of this machine.
    let url = server.reach.url("http://127.0.0.1:1/").unwrap();
    let got = server.fetch.send(&Outgoing::get(url, "*/*")).await;
    assert!(
        matches!(got, Err(Unreachable::ConnectionFailed(_))),
        "{got:?}"
    );
}

async fn documents(server: &Server<'_, impl Fetch>) {
    let get = async |steps| {
        let url = server.request(&steps).url;
        get_json::<Value>(server.fetch, &url).await
    };
    let document = |content_type| {
        let head = ok(&format!("content-type: {content_type}\r\n\r\n"));
        json!([["send", head], ["send", r#"{"keys":[]}"#]])
    };
    let keys = json!({ "keys": [] });
    assert_eq!(get(document("application/json")).await, Ok(keys.clone()));
    assert_eq!(get(document("application/jwk-set+json")).await, Ok(keys));
    assert_eq!(get(document("text/html")).await, Err(Unreachable::NotJson));

    // A platform may decode what it did not ask for. What is too much decoded is not taken, and what
    // is not decoded is no JSON.
    let bomb = json!([
        [
            "send",
            ok("content-type: application/json\r\ncontent-encoding: gzip\r\n\r\n")
        ],
        ["spaces", 50_000_000],
    ]);
    let got = get(bomb).await;
    assert!(
        matches!(got, Err(Unreachable::TooLarge | Unreachable::NotJson)),
        "{got:?}"
    );
}

/// Outside of development, URLs of this machine are refused without a connection.
async fn refused_without_a_connection(server: &Server<'_, impl Fetch>) {
    let before = server.connections().await;
    let reach = Reach::new("https://id.example.com", Loopback::Refused);
    let (_, port) = server.origin.rsplit_once(':').unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0",
        "localhost",
        "a.localhost",
        "localhost.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
    ] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            if let Ok(url) = reach.url(&url) {
                let got = server.fetch.send(&Outgoing::get(url, "*/*")).await;
                panic!("{scheme}://{host} was asked: {got:?}");
            }
        }
    }
    let after = server.connections().await;
    assert_eq!(after - before, 1, "this question");
}
