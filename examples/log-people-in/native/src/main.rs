//! A native application that logs a person in with their own browser, which comes back to an address
//! of this machine (RFC 8252), and keeps them logged in.
//!
//! Run with:
//!
//! ```sh
//! ISSUER=https://tokens.example.com CLIENT_ID=… API=https://orders.example.com SESSION_KEY=… cargo run
//! ```
//!
//! `SESSION_KEY` are 16 random bytes at least. An application that is shipped has them in the keychain
//! of the system.

use std::{env, error::Error, sync::Arc};

use jeton_client::{Client, Code, FileStore, Session, middleware::TokenMiddleware};
use reqwest_middleware::ClientBuilder;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

const DONE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
                    You may close this window.\n";

/// Sends the person to their browser, and waits until that comes back.
async fn log_in(session: &Session, listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    // The system's way to open a browser goes here: `open`, `xdg-open`, or the crate `webbrowser`.
    println!("Log in at {}", session.login().await?);
    let origin = format!("http://{}", listener.local_addr()?);
    loop {
        let (mut connection, _) = listener.accept().await?;
        let mut line = String::new();
        BufReader::new(&mut connection).read_line(&mut line).await?;
        connection.write_all(DONE.as_bytes()).await?;
        // Browsers ask for other things as well, such as an icon.
        let target = line.split(' ').nth(1).unwrap_or_default();
        if target.starts_with("/callback?") {
            session.callback(&format!("{origin}{target}")).await?;
            return Ok(());
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = env::var("API")?;
    // Any port that is free: the server does not compare it on a loopback address (RFC 8252 §7.3).
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let redirect_uri = format!("http://{}/callback", listener.local_addr()?);
    let store = Arc::new(FileStore::new(
        env::var("SESSIONS").unwrap_or_else(|_| "sessions".to_owned()),
    ));
    let key = env::var("SESSION_KEY")?;
    let session = Client::builder(env::var("ISSUER")?, env::var("CLIENT_ID")?)
        .build()?
        .session(
            store,
            key.as_bytes(),
            &redirect_uri,
            "openid profile offline_access orders:read",
        )?
        .resource(&api);

    match session.access_token().await {
        Err(error) if error.code() == Code::NotLoggedIn => log_in(&session, &listener).await?,
        other => drop(other?),
    }

    let orders = ClientBuilder::new(reqwest::Client::new())
        .with(TokenMiddleware::new(session))
        .build();
    let response = orders.get(format!("{api}/orders")).send().await?;
    println!("{}", response.error_for_status()?.text().await?);
    Ok(())
}
