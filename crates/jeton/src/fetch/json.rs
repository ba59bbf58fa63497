//! JSON documents of others.

use crate::json;
use core::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde::de::DeserializeOwned;

use super::{
    exchange::{Fetch, Fetched, Outgoing},
    reach::ForeignUrl,
    unreachable::Unreachable,
};

/// The JSON document at `url`, fetched within [`Outgoing::LIMIT`] and [`Outgoing::DEADLINE`].
///
/// # Errors
/// The document could not be fetched, its status is not 200, its type or text is not JSON, or the
/// JSON is not a `T`.
pub async fn get_json<T: DeserializeOwned>(
    fetch: &impl Fetch,
    url: &ForeignUrl,
) -> Result<T, Unreachable> {
    parse(&get_json_text(fetch, url, Outgoing::DEADLINE).await?)
}

/// The text of the document at `url`, whose media type is JSON. It is not parsed yet.
pub(super) async fn get_json_text(
    fetch: &impl Fetch,
    url: &ForeignUrl,
    deadline: Duration,
) -> Result<Bytes, Unreachable> {
    let request = Outgoing {
        deadline,
        ..Outgoing::get(url.clone(), "application/json")
    };
    let answer = fetch.send(&request).await?;
    if answer.status != StatusCode::OK {
        return Err(Unreachable::Status(answer.status));
    }
    if !is_json(&answer.headers) {
        return Err(Unreachable::NotJson);
    }
    Ok(answer.body)
}

impl Fetched {
    /// The body as JSON, whatever the status: answers of an OAuth endpoint say in it what is wrong.
    ///
    /// # Errors
    /// The type or the text is not JSON, or the JSON is not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Unreachable> {
        if !is_json(&self.headers) {
            return Err(Unreachable::NotJson);
        }
        parse(&self.body)
    }
}

pub(super) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Unreachable> {
    let text = std::str::from_utf8(text).map_err(|_| Unreachable::NotJson)?;
    json::read(text).map_err(|error| {
        if error.is_json() {
            Unreachable::NotUsable("a member is missing, there twice or of another type")
        } else {
            Unreachable::NotJson
        }
    })
}

/// Whether the media type is `application/json`, or one with the suffix `+json` (RFC 6839 §3.1), as
/// JWK Sets have.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return false;
    };
    let text = value.to_str().unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    media_type
        .strip_prefix("application/")
        .is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::{
        super::{MemoryFetch, now_or_never},
        *,
    };
    use crate::fetch::{Loopback, Reach};

    const URL: &str = "https://login.example.org/jwks";

    fn url() -> ForeignUrl {
        Reach::new("", Loopback::Refused).url(URL).unwrap()
    }

    fn answer(status: u16, content_type: &str, body: &'static str) -> Fetched {
        let content_type = HeaderValue::from_str(content_type).unwrap();
        Fetched {
            status: StatusCode::from_u16(status).unwrap(),
            headers: [(CONTENT_TYPE, content_type)].into_iter().collect(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn check(answer: Fetched, expected: Result<Value, Unreachable>) {
        let fetch = MemoryFetch::default();
        let text = format!("{answer:?} {:?}", answer.headers);
        fetch.answer(URL, Ok(answer));
        let got = now_or_never(get_json::<Value>(&fetch, &url()));
        assert_eq!(got, Some(expected), "{text}");
    }

    #[test]
    fn a_document_is_of_status_200_and_json() {
        let document = json!({ "keys": [] });
        const TEXT: &str = r#"{ "keys": [] }"#;
        for content_type in [
            "application/json",
            "APPLICATION/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=utf-8",
            "application/jwk-set+json",
        ] {
            check(answer(200, content_type, TEXT), Ok(document.clone()));
        }
        for content_type in [
            "text/plain",
            "text/html; application/json",
            "application/jsonp",
            "application/octet-stream",
            "",
        ] {
            check(answer(200, content_type, TEXT), Err(Unreachable::NotJson));
        }
        for status in [201, 204, 400, 404, 500] {
            let expected = Unreachable::Status(StatusCode::from_u16(status).unwrap());
            check(answer(status, "application/json", TEXT), Err(expected));
        }
        for status in [300, 301, 302, 303, 304, 307, 308] {
            let expected = Unreachable::Redirected(StatusCode::from_u16(status).unwrap());
            check(answer(status, "application/json", TEXT), Err(expected));
        }
        for body in ["", "{", "{} {}", "<html>", "\u{feff}{}"] {
            check(
                answer(200, "application/json", body),
                Err(Unreachable::NotJson),
            );
        }
    }

    #[test]
    fn what_is_asked_and_how_much_is_taken() {
        let fetch = MemoryFetch::default();
        let long = Bytes::from(vec![b' '; Outgoing::LIMIT + 1]);
        let mut longest = answer(200, "application/json", "");
        longest.body = long.slice(1..);
        let mut too_long = longest.clone();
        too_long.body = long;
        fetch.answer(URL, Ok(longest));
        assert_eq!(
            now_or_never(get_json::<Value>(&fetch, &url())),
            Some(Err(Unreachable::NotJson)),
        );
        fetch.answer(URL, Ok(too_long));
        assert_eq!(
            now_or_never(get_json::<Value>(&fetch, &url())),
            Some(Err(Unreachable::TooLarge)),
        );
        let sent = fetch.sent();
        assert_eq!(sent[0].method, http::Method::GET);
        assert_eq!(sent[0].headers["accept"], "application/json");
        assert_eq!(sent[0].headers["user-agent"], "jeton");
    }

    #[test]
    fn a_type_may_be_asked_for() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Metadata {
            issuer: String,
        }
        let fetch = MemoryFetch::default();
        fetch.answer_json(URL, &json!({ "issuer": "https://login.example.org" }));
        let issuer = "https://login.example.org".to_owned();
        assert_eq!(
            now_or_never(get_json(&fetch, &url())),
            Some(Ok(Metadata { issuer })),
        );
        fetch.answer_json(URL, &json!({ "issuer": 1 }));
        assert!(matches!(
            now_or_never(get_json::<Metadata>(&fetch, &url())),
            Some(Err(Unreachable::NotUsable(_))),
        ));
        assert_eq!(
            now_or_never(get_json::<Metadata>(&(), &url())),
            Some(Err(Unreachable::Nobody)),
        );
    }

    #[test]
    fn an_answer_may_say_in_json_what_is_wrong() {
        let body = r#"{"error":"invalid_grant"}"#;
        for status in [200, 400, 500] {
            let answered = answer(status, "application/json", body).json();
            assert_eq!(answered, Ok(json!({ "error": "invalid_grant" })));
        }
        let html: Result<Value, _> = answer(400, "text/html", body).json();
        assert_eq!(html, Err(Unreachable::NotJson));
        let text: Result<Value, _> = answer(400, "application/json", "{").json();
        assert_eq!(text, Err(Unreachable::NotJson));
    }
}
