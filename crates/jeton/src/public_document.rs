//! Public documents, such as JWKS: made once, served with an `ETag` and a lifetime, and with status
//! 304 to who has the current one already.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// How long caches may keep a document. Far below an epoch, so that a key is in every cache long
/// before it signs; short enough for `JETON_KEY_SERIAL` to retire keys within minutes.
const CACHEABLE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Whether `If-None-Match` says that the caller has what has this entity tag (RFC 9110 §13.1.2).
pub(crate) fn is_held(headers: &HeaderMap, etag: &[u8]) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .map(|tag| tag.strip_prefix(b"W/").unwrap_or(tag))
        .any(|tag| tag == b"*" || tag == etag)
}

/// A JSON document for everybody, and its entity tag.
pub(crate) struct PublicDocument {
    body: Bytes,
    etag: HeaderValue,
}

impl PublicDocument {
    pub(crate) fn json(value: &impl Serialize) -> Self {
        // The documents are structs of strings and lists: serialization has no failing case.
        Self::of(serde_json::to_vec(value).unwrap_or_default())
    }

    /// The document whose JSON that is.
    pub(crate) fn of(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(&body));
        let etag = HeaderValue::try_from(format!("\"{digest}\""));
        Self {
            body,
            etag: etag.unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }

    /// The response: 200 with the document, or 304 if `If-None-Match` names it (RFC 9110 §13.1.2).
    pub(crate) fn respond(&self, headers: &HeaderMap) -> Response<Bytes> {
        let held = is_held(headers, self.etag.as_bytes());
        let mut response = Response::new(if held {
            Bytes::new()
        } else {
            self.body.clone()
        });
        if held {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        if !held {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(ETAG, self.etag.clone());
        headers.insert(CACHE_CONTROL, CACHEABLE);
        response
    }
}
