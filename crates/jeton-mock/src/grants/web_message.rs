//! Answers to pages of scripts, which a page of the mock's posts to the window that waits for them: the way
//! in which libraries of vendors renew a login in a hidden frame, and log in in a popup.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderValue, Response,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::Url;

/// What the client's window is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebMessage {
    /// `web_message` (OAuth 2.0 Web Message Response Mode, draft 0, §4.1), as auth0-spa-js reads it: the
    /// parameters are its member `response`.
    Response,
    /// `okta_post_message`: the parameters themselves.
    Parameters,
}

/// Posts what stands beside it to whoever opened the window, or framed it.
const POST: &str = "const { message, origin } = JSON.parse(document.querySelector('[type$=json]').textContent);\n\
    (window.opener ?? window.parent).postMessage(message, origin);";

impl WebMessage {
    pub(crate) fn parse(response_mode: &str) -> Option<Self> {
        match response_mode {
            "web_message" => Some(Self::Response),
            "okta_post_message" => Some(Self::Parameters),
            _ => None,
        }
    }

    /// The page that posts `parameters`: to windows of the origin of `redirect_uri`, which alone may frame
    /// it.
    pub(crate) fn respond(
        self,
        redirect_uri: &str,
        parameters: &[(&str, &str)],
    ) -> Response<Bytes> {
        let origin = Url::parse(redirect_uri).map(|uri| uri.origin().ascii_serialization());
        let origin = origin.unwrap_or_else(|_| "null".to_owned());
        let members = parameters.iter();
        let members: Map<_, _> = members
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        let message = match self {
            Self::Response => json!({"type": "authorization_response", "response": members}),
            Self::Parameters => Value::Object(members),
        };
        // A text with `</script>` in it would end the element.
        let data = json!({"message": message, "origin": origin})
            .to_string()
            .replace('<', "\\u003c");
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>One moment</title>\
             <script type=\"application/json\">{data}</script><script>{POST}</script></html>\n"
        );
        let hash = STANDARD.encode(Sha256::digest(POST));
        let policy =
            format!("default-src 'none'; script-src 'sha256-{hash}'; frame-ancestors {origin}");
        let mut response = Response::new(Bytes::from(page));
        let headers = response.headers_mut();
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(CONTENT_TYPE, html);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}
