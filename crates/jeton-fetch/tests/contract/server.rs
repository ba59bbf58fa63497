//! The server of the contract: it does what the path of a request tells it.

use std::{
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::sleep,
};

pub(crate) struct Server {
    port: u16,
    hung_up: mpsc::UnboundedReceiver<String>,
}

impl Server {
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The next request whose client hangs up before its answer is whole.
    pub(crate) async fn hung_up(&mut self) -> String {
        self.hung_up.recv().await.unwrap()
    }
}

pub(crate) async fn start() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, hung_up) = mpsc::unbounded_channel();
    let connections = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (connections, sender) = (Arc::clone(&connections), sender.clone());
            connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let Ok(request) = read(&mut stream).await else {
                    return;
                };
                let (mut reader, mut writer) = stream.split();
                tokio::select! {
                    _ = follow(&request, &mut writer, &connections) => {
                        let _ = writer.shutdown().await;
                    }
                    // Nothing more is to come but the end.
                    _ = reader.read_u8() => {
                        let _ = sender.send(request);
                    }
                }
            });
        }
    });
    Server { port, hung_up }
}

async fn read(stream: &mut TcpStream) -> io::Result<String> {
    let mut request = String::new();
    loop {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        request.push_str(std::str::from_utf8(&part[..length]).unwrap());
        let Some((head, body)) = request.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let announced = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= announced.map_or(0, |length| length.parse().unwrap()) {
            return Ok(request);
        }
    }
}

async fn follow(
    request: &str,
    writer: &mut (impl tokio::io::AsyncWrite + Unpin),
    connections: &AtomicUsize,
) -> io::Result<()> {
    let (_, script) = request.split_once(" /").unwrap();
    let (script, _) = script.split_once(' ').unwrap();
    let script = URL_SAFE_NO_PAD.decode(script).unwrap();
    let steps: Vec<Vec<Value>> = serde_json::from_slice(&script).unwrap();
    for step in steps {
        let text = |at: usize| step[at].as_str().unwrap();
        let number = |at: usize| step[at].as_u64().unwrap();
        match text(0) {
            "send" => writer.write_all(text(1).as_bytes()).await?,
            "repeat" => {
                for _ in 0..number(2) {
                    pause(number(3)).await;
                    writer.write_all(text(1).as_bytes()).await?;
                }
            }
            "wait" => pause(number(1)).await,
            "spaces" => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                let spaces = [b' '; 10_000];
                for _ in 0..number(1) / 10_000 {
                    encoder.write_all(&spaces)?;
                }
                writer.write_all(&encoder.finish()?).await?;
            }
            "echo" => answer(writer, request).await?,
            "count" => {
                let count = connections.load(Ordering::SeqCst);
                answer(writer, &count.to_string()).await?;
            }
            other => panic!("no step: {other}"),
        }
    }
    Ok(())
}

async fn pause(milliseconds: u64) {
    if milliseconds > 0 {
        sleep(Duration::from_millis(milliseconds)).await;
    }
}

async fn answer(writer: &mut (impl tokio::io::AsyncWrite + Unpin), body: &str) -> io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}");
    writer
        .write_all(format!("{head}\r\n\r\n{body}").as_bytes())
        .await
}
