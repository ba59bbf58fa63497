//! Basic credentials without the colon that ends the client's id (RFC 7617 §2), as a vendor's library has
//! public clients send theirs. A lenient issuer takes them for those of a client with an empty secret.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Request, header::AUTHORIZATION};

/// Ends the id of the client that a request names.
pub(crate) fn end_id(request: &mut Request<Bytes>) {
    let credentials = request.headers().get(AUTHORIZATION);
    if let Some(ended) = credentials.and_then(|it| ended(it.to_str().ok()?)) {
        request.headers_mut().insert(AUTHORIZATION, ended);
    }
}

fn ended(credentials: &str) -> Option<HeaderValue> {
    let (scheme, encoded) = credentials.split_once(' ')?;
    let mut id = STANDARD.decode(encoded.trim()).ok()?;
    if !scheme.eq_ignore_ascii_case("Basic") || id.contains(&b':') {
        return None;
    }
    id.push(b':');
    HeaderValue::try_from(format!("Basic {}", STANDARD.encode(id))).ok()
}

#[cfg(test)]
mod tests {
    use super::ended;

    #[test]
    fn ids_end_with_a_colon() {
        for (credentials, expected) in [
            ("Basic c3Bh", Some("Basic c3BhOg==")),
            ("basic c3Bh", Some("Basic c3BhOg==")),
            ("Basic c3BhOg==", None),
            ("Basic !", None),
            ("Bearer c3Bh", None),
            ("Basic", None),
        ] {
            let ended = ended(credentials);
            let text = ended.as_ref().map(|it| it.to_str().unwrap());
            assert_eq!(text, expected, "{credentials}");
        }
    }
}
