//! A server on loopback that answers by a function.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What a request says, path and body.
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) body: String,
}

/// Serves until the test ends; `None` is an answer that is lost. The origin.
pub(crate) async fn serve(
    answer: impl Fn(Asked) -> Option<String> + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let asked = read(&mut stream).await;
                if let Some(text) = answer(asked) {
                    let _ = stream.write_all(text.as_bytes()).await;
                }
            });
        }
    });
    origin
}

/// An answer as it goes over the wire.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Option<String> {
    let length = body.len();
    Some(format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    ))
}

async fn read(stream: &mut TcpStream) -> Asked {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0) {
                let path = head.split(' ').nth(1).unwrap().to_owned();
                let body = body.to_owned();
                return Asked { path, body };
            }
        }
        let read = stream.read_buf(&mut bytes).await.unwrap();
        assert!(read > 0, "the request ended early");
    }
}
