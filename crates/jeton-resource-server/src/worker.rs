//! Requests and responses of `workers-rs`.

use worker::{Headers, Request, Response};

use crate::{
    claims::Claims, credentials::Credentials, error::Error, need::Need, server::ResourceServer,
};

impl ResourceServer {
    /// [`authorize`](Self::authorize) of a Worker's request: its headers, its method, its URL, and the
    /// certificate of its client where Cloudflare has verified it.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    pub async fn authorize_request(&self, request: &Request, need: &Need) -> Result<Claims, Error> {
        let header = |name| request.headers().get(name).ok().flatten();
        // Several of one name come joined by commas, which is refused as several are.
        let (authorization, proof) = (header("authorization"), header("dpop"));
        let method = request.method();
        let url = request.url().map(String::from).unwrap_or_default();
        let mut credentials = Credentials::new().request(method.as_ref(), &url);
        if let Some(value) = &authorization {
            credentials = credentials.authorization(value);
        }
        if let Some(value) = &proof {
            credentials = credentials.dpop(value);
        }
        if let Some(digest) = certificate(request) {
            credentials = credentials.certificate_sha256(digest);
        }
        self.authorize(&credentials, need).await
    }
}

/// The SHA-256 of the certificate of the client.
fn certificate(request: &Request) -> Option<[u8; 32]> {
    let client = request.cf()?.tls_client_auth()?;
    if client.cert_verified() != "SUCCESS" {
        return None;
    }
    let hex = client.cert_fingerprint_sha256();
    let mut digest = [0; 32];
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != digest.len() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

impl TryFrom<&Error> for Response {
    type Error = worker::Error;

    /// The answer to a request that is refused.
    fn try_from(error: &Error) -> worker::Result<Self> {
        let headers = Headers::new();
        for (name, value) in error.headers() {
            let value = value.to_str().map_err(|error| error.to_string())?;
            headers.append(name.as_str(), value)?;
        }
        let response = Self::from_bytes(error.body().into_bytes())?;
        Ok(response
            .with_headers(headers)
            .with_status(error.status().as_u16()))
    }
}
