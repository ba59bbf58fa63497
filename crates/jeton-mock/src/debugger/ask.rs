//! Requests of the debugger to its issuer, as a client sends them.

use std::{fmt::Write, pin::Pin};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, Method, Request, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE},
    request::Builder,
};
use jeton::RequestId;
use jeton_http::Dropped;
use jsonwebtoken::jwk::JwkSet;
use url::form_urlencoded::{self, Serializer};

use super::{
    Debugger,
    run::{Answer, Run, Sent, Step},
};
use crate::{
    fault::FAULT_HEADER,
    layout::{advertised, path_of},
    lenient::WAIVED_HEADER,
    provider::Provider,
    spec::Endpoint,
};

/// The headers that tell the mock where it is reached; the debugger reaches it as its visitor did.
const REACHED_BY: [HeaderName; 4] = [
    HOST,
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
];

const FORM: &str = "application/x-www-form-urlencoded";

/// Who a request is of.
pub(super) enum By<'a> {
    /// The client of a run, which authenticates if it has a secret.
    Client(&'a Run),
    /// Whoever holds an access token.
    Bearer(&'a str),
}

/// The mock's answer to a request of the debugger's. The type is boxed because what answers may be
/// the debugger, which asks.
fn ask_mock(
    provider: &Provider,
    request: Request<Bytes>,
) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, Dropped>> + Send + '_>> {
    Box::pin(provider.handle(request))
}

impl Debugger<'_> {
    /// A request to an endpoint, as it was sent and answered. Without a form it is a GET.
    pub(super) async fn ask(
        &self,
        title: &str,
        words: &'static str,
        endpoint: Endpoint,
        by: By<'_>,
        form: Option<Vec<(String, String)>>,
    ) -> Step {
        let mut pairs = form.clone().unwrap_or_default();
        let mut headers = Vec::new();
        let mut curl = Curl::to(&format!(
            "{}{}",
            self.at.address.browser,
            self.path(endpoint)
        ));
        match by {
            By::Bearer(token) => {
                let value = format!("Bearer {token}");
                curl.add("-H", &format!("authorization: {value}"));
                headers.push((AUTHORIZATION, value));
            }
            By::Client(run) => match run.client_secret.as_deref() {
                Some(secret) => {
                    let pair = credentials(&run.client_id, secret);
                    curl.add("-u", &pair);
                    headers.push((AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair))));
                }
                None => pairs.push(("client_id".to_owned(), run.client_id.clone())),
            },
        }
        for (name, value) in &pairs {
            curl.parameter(name, value);
        }
        let body = Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let method = match form {
            Some(_) => Method::POST,
            None => Method::GET,
        };
        if form.is_some() {
            headers.push((CONTENT_TYPE, FORM.to_owned()));
        }
        let mut request = self.to(&method, endpoint);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let sent = Sent {
            text: self.written(&method, endpoint, &headers, &body),
            curl: curl.text,
        };
        Step {
            title: title.to_owned(),
            words,
            sent,
            answer: self.send(request.body(Bytes::from(body))).await,
        }
    }

    pub(super) fn path(&self, endpoint: Endpoint) -> &str {
        advertised(self.at.issuer, endpoint)
    }

    /// A request as it goes over the wire in HTTP/1.1.
    fn written(
        &self,
        method: &Method,
        endpoint: Endpoint,
        headers: &[(HeaderName, String)],
        body: &str,
    ) -> String {
        let browser = &self.at.address.browser;
        let path = path_of(browser);
        let origin = browser.strip_suffix(path).unwrap_or(browser);
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let mut text = format!(
            "{method} {path}{} HTTP/1.1\nhost: {host}\n",
            self.path(endpoint)
        );
        for (name, value) in headers {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name}: {value}");
        }
        if !body.is_empty() {
            let _ = write!(text, "\n{body}");
        }
        text.trim_end().to_owned()
    }

    /// A request to an endpoint of this issuer, on the way this one came.
    pub(super) fn to(&self, method: &Method, endpoint: Endpoint) -> Builder {
        let path = format!("{}{}", path_of(&self.at.address.base), endpoint.path());
        let mut builder = Request::builder().method(method).uri(path);
        for name in REACHED_BY {
            if let Some(value) = self.request.headers().get(&name) {
                builder = builder.header(name, value);
            }
        }
        if let Some(extensions) = builder.extensions_mut() {
            extensions.extend(self.request.extensions().clone());
            // It is another request than the one that caused it.
            extensions.remove::<RequestId>();
        }
        builder
    }

    async fn send(&self, request: http::Result<Request<Bytes>>) -> Answer {
        let failed = |status: String| Answer::Received {
            status,
            headers: Vec::new(),
            body: String::new(),
        };
        let request = match request {
            Ok(request) => request,
            Err(error) => return failed(error.to_string()),
        };
        match ask_mock(self.at.provider, request).await {
            Ok(response) => Answer::Received {
                status: response.status().to_string(),
                headers: shown(response.headers()),
                body: String::from_utf8_lossy(response.body()).into_owned(),
            },
            Err(Dropped) => failed("none: the connection was closed".to_owned()),
        }
    }

    /// What clients see at JWKS, past all faults: reading a token must not use one up.
    pub(super) async fn published_keys(&self) -> JwkSet {
        let request = self.to(&Method::GET, Endpoint::Jwks).body(Bytes::new());
        let mut keys = JwkSet { keys: Vec::new() };
        if let Ok(request) = request {
            let response = self.at.serve(request).await;
            keys = serde_json::from_slice(response.body()).unwrap_or(keys);
        }
        let hidden = self.at.issuer.hidden_keys().await;
        keys.keys.retain(|key| {
            let kid = key.common.key_id.as_ref();
            !kid.is_some_and(|kid| hidden.contains(kid))
        });
        keys
    }
}

/// A command of curl's, an option a line.
pub(super) struct Curl {
    pub(super) text: String,
}

impl Curl {
    pub(super) fn to(url: &str) -> Self {
        Self {
            text: format!("curl {}", quoted(url)),
        }
    }

    pub(super) fn add(&mut self, option: &str, value: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.text, " \\\n  {option} {}", quoted(value));
    }

    fn parameter(&mut self, name: &str, value: &str) {
        let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let option = if encoded == value {
            "-d"
        } else {
            "--data-urlencode"
        };
        self.add(option, &format!("{name}={value}"));
    }
}

/// A word of a shell's.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/=@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// What `Authorization: Basic` carries (RFC 6749 §2.3.1): both parts are form-encoded first.
fn credentials(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("{}:{}", encode(client_id), encode(secret))
}

/// The headers of an answer that are worth showing.
fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    [
        CONTENT_TYPE,
        LOCATION,
        WWW_AUTHENTICATE,
        RETRY_AFTER,
        FAULT_HEADER,
        WAIVED_HEADER,
    ]
    .iter()
    .filter_map(|name| {
        let value = headers.get(name)?;
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        Some((name.to_string(), value))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_shell() {
        for (text, expected) in [
            ("http://localhost:9400/token", "http://localhost:9400/token"),
            ("scope=a b", "'scope=a b'"),
            ("it's", r"'it'\''s'"),
            ("$(x)", "'$(x)'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
