//! A bare axum handler that reads the body, makes one ES256 signature over a fixed claims set and
//! answers with the token. No client, no clock, no log.

use std::sync::Arc;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

const HEADER: &str =
    r#"{"typ":"at+jwt","alg":"ES256","kid":"GY-62Ft5hdgGQJ1IOqxuYpQQ3V3Ht8aQbUUKxiWYKz0"}"#;
const CLAIMS: &str = r#"{"iss":"https://issuer.example","sub":"bench","aud":"https://api.example","client_id":"bench","iat":1795254448,"exp":1795258048,"jti":"4191i7J3ykXZpH2o3QKVCQ","scope":"read write"}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).ok_or("usage: bench-native PORT")?;
    let key = Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?);
    let signing_input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(HEADER),
        URL_SAFE_NO_PAD.encode(CLAIMS)
    );
    let app = Router::new().fallback(move |body: Bytes| {
        let (key, signing_input) = (Arc::clone(&key), signing_input.clone());
        async move { token(&key, &signing_input, &body) }
    });
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(async {
            let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
            axum::serve(listener, app).await
        })?;
    Ok(())
}

fn token(key: &EcdsaKeyPair, signing_input: &str, body: &[u8]) -> axum::response::Response {
    if body.is_empty() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let Ok(signature) = key.sign(&SystemRandom::new(), signing_input.as_bytes()) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let signature = URL_SAFE_NO_PAD.encode(signature);
    let json = format!(
        r#"{{"access_token":"{signing_input}.{signature}","token_type":"Bearer","expires_in":3600,"scope":"read write"}}"#
    );
    ([(CONTENT_TYPE, "application/json")], json).into_response()
}
