//! A service that gets its tokens by jeton-client, which keeps one until it is time for the next.
//!
//! Run with:
//!
//! ```sh
//! ISSUER=https://tokens.example.com CLIENT_ID=… CLIENT_SECRET=… API=https://orders.example.com cargo run
//! ```
//!
//! Instead of `CLIENT_SECRET`: `CLIENT_KEY`, a file with the private JWK of the client, or
//! `TOKEN_FILE`, the file in which Kubernetes or another platform keeps its token.

use std::{env, error::Error, fs};

use jeton_client::{
    Authentication, Authorizer, Client, PlatformToken, SigningKey, TokenRequest,
    middleware::TokenMiddleware,
};
use reqwest_middleware::ClientBuilder;

fn proof() -> Result<Authentication, Box<dyn Error>> {
    if let Ok(path) = env::var("TOKEN_FILE") {
        return Ok(Authentication::platform_token(PlatformToken::file(path)));
    }
    if let Ok(path) = env::var("CLIENT_KEY") {
        let key = SigningKey::from_jwk(&fs::read_to_string(path)?)?;
        return Ok(Authentication::private_key_jwt(key));
    }
    Ok(Authentication::client_secret(env::var("CLIENT_SECRET")?))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = env::var("API")?;
    // One for the process: it has the tokens.
    let client = Client::builder(env::var("ISSUER")?, env::var("CLIENT_ID")?)
        .authentication(proof()?)
        .build()?;
    let wanted = TokenRequest::new().scope("orders:read").resource(&api);
    // For this API alone: whatever it asks gets the token.
    let orders = ClientBuilder::new(reqwest::Client::new())
        .with(TokenMiddleware::new(Authorizer::new(client, wanted)))
        .build();

    let response = orders.get(format!("{api}/orders")).send().await?;
    if !response.status().is_success() {
        let challenge = response.headers().get("www-authenticate");
        return Err(format!("{}: {challenge:?}", response.status()).into());
    }
    println!("{}", response.text().await?);
    Ok(())
}
