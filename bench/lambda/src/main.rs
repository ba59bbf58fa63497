//! A bare `lambda_http` function that reads the body, makes one ES256 signature over a fixed claims
//! set and answers with the token. No client, no clock, no store, no log.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lambda_http::{Error, Request, Response, http::header::CONTENT_TYPE, service_fn};

const HEADER: &str =
    r#"{"typ":"at+jwt","alg":"ES256","kid":"GY-62Ft5hdgGQJ1IOqxuYpQQ3V3Ht8aQbUUKxiWYKz0"}"#;
const CLAIMS: &str = r#"{"iss":"https://issuer.example","sub":"bench","aud":"https://api.example","client_id":"bench","iat":1795254448,"exp":1795258048,"jti":"4191i7J3ykXZpH2o3QKVCQ","scope":"read write"}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let key = &key;
    lambda_http::run(service_fn(|request| async move { token(key, &request) })).await
}

fn token(key: &EcdsaKeyPair, request: &Request) -> Result<Response<String>, Error> {
    if request.body().is_empty() {
        return Err("no body".into());
    }
    let signing_input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(HEADER),
        URL_SAFE_NO_PAD.encode(CLAIMS)
    );
    let signature = key.sign(&SystemRandom::new(), signing_input.as_bytes())?;
    let signature = URL_SAFE_NO_PAD.encode(signature);
    let json = format!(
        r#"{{"access_token":"{signing_input}.{signature}","token_type":"Bearer","expires_in":3600,"scope":"read write"}}"#
    );
    Ok(Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .body(json)?)
}
