//! A session that eight processes share by a folder, while each third answer is lost.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::{
    path::Path,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jeton_client::{BoxFuture, Client, Clock, FileStore, Session, reqwest::TokioClock};
use serde_json::json;
use support::{Asked, answer, serve};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};
use url::{Url, form_urlencoded};

const PROCESSES: usize = 8;
const ROUNDS: u64 = 12;
const LIFETIME: u64 = 300;

/// The time, and what the test adds to it.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicU64>);

impl Clock for Ahead {
    fn now(&self) -> Duration {
        TokioClock.now() + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        TokioClock.sleep(duration)
    }
}

fn session(issuer: &str, folder: &Path, clock: &Ahead) -> Session {
    let client = Client::builder(issuer, "app")
        .clock(clock.clone())
        .build()
        .unwrap();
    let store = Arc::new(FileStore::new(folder));
    client
        .session(store, &[7; 32], "http://127.0.0.1/back", "read")
        .unwrap()
}

/// An authorization server that rotates refresh tokens, takes the one before once more, and knows of
/// any other that it was stolen.
#[derive(Default)]
struct Server {
    generation: u64,
    refreshes: u64,
    stolen: bool,
}

impl Server {
    fn answer(&mut self, asked: &Asked, issuer: &str) -> Option<String> {
        let form: Vec<_> = form_urlencoded::parse(asked.body.as_bytes())
            .into_owned()
            .collect();
        let value = |name: &str| {
            form.iter()
                .find(|(found, _)| found == name)
                .map(|(_, value)| value.as_str())
        };
        if asked.path != "/token" {
            let metadata = json!({
                "issuer": issuer,
                "token_endpoint": format!("{issuer}/token"),
                "authorization_endpoint": format!("{issuer}/authorize"),
            });
            return answer(200, "", &metadata.to_string());
        }
        if let Some(presented) = value("refresh_token") {
            self.refreshes += 1;
            let presented: u64 = presented.parse().unwrap();
            self.stolen |= presented + 1 < self.generation;
            if self.stolen {
                return answer(400, "", r#"{"error":"invalid_grant"}"#);
            }
            self.generation = self.generation.max(presented + 1);
            if self.refreshes.is_multiple_of(3) {
                return None;
            }
        }
        let tokens = json!({
            "access_token": format!("a{}", self.generation),
            "refresh_token": self.generation.to_string(),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
        });
        answer(200, "", &tokens.to_string())
    }
}

struct Process {
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Process {
    fn start(issuer: &str, folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "one_of_the_processes", "--nocapture"])
            .env("ISSUER", issuer)
            .env("FOLDER", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()).lines(),
            _child: child,
        }
    }

    async fn token(&mut self) -> String {
        while let Some(line) = self.output.next_line().await.unwrap() {
            // The harness writes into the first line.
            if let Some((_, token)) = line.split_once("token: ") {
                return token.to_owned();
            }
        }
        panic!("the process ended");
    }
}

#[tokio::test]
async fn nobody_is_logged_out() {
    let folder = tempfile::tempdir().unwrap();
    let state = Arc::new(Mutex::new((Server::default(), String::new())));
    let issuer = serve({
        let state = Arc::clone(&state);
        move |asked| {
            let mut state = state.lock().unwrap();
            let issuer = state.1.clone();
            state.0.answer(&asked, &issuer)
        }
    })
    .await;
    state.lock().unwrap().1.clone_from(&issuer);
    let here = session(&issuer, folder.path(), &Ahead::default());
    let login: Url = here.login().await.unwrap();
    let (_, value) = login
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap();
    here.callback(&format!("http://127.0.0.1/back?code=c&state={value}"))
        .await
        .unwrap();
    let mut processes: Vec<_> = (0..PROCESSES)
        .map(|_| Process::start(&issuer, folder.path()))
        .collect();
    for round in 0..ROUNDS {
        let line = format!("{}\n", round * (LIFETIME + 1));
        for process in &mut processes {
            process.input.write_all(line.as_bytes()).await.unwrap();
        }
        for process in &mut processes {
            assert_eq!(process.token().await, format!("a{round}"));
        }
    }
    let state = state.lock().unwrap();
    assert_eq!((state.0.generation, state.0.stolen), (ROUNDS - 1, false));
    // Each third was lost, and only that was asked for again.
    assert_eq!(state.0.refreshes, (ROUNDS - 1) + (ROUNDS - 2) / 2);
}

/// No test by itself: what a process of the test above does. For each line, how far the clock is ahead,
/// it gets a token.
#[tokio::test]
async fn one_of_the_processes() {
    let (Ok(issuer), Ok(folder)) = (std::env::var("ISSUER"), std::env::var("FOLDER")) else {
        return;
    };
    let clock = Ahead::default();
    let session = session(&issuer, Path::new(&folder), &clock);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        clock.0.store(line.parse().unwrap(), Ordering::Relaxed);
        let token = session.access_token().await.unwrap();
        println!("token: {}", token.access_token());
    }
}
