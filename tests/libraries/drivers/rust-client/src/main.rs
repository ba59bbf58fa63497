//! `jeton-client` as the suite of the libraries drives it: a JSON object a line, in and out.
//! `tests/libraries/README.md` has the protocol.

mod call;
mod driver;
mod protocol;

use std::{io::Write, sync::Arc};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    task::JoinSet,
};

use crate::{driver::Driver, protocol::Request};

#[tokio::main]
async fn main() -> Result<()> {
    let driver = Arc::new(Driver::default());
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut running = JoinSet::new();
    while let Some(line) = lines.next_line().await? {
        let driver = Arc::clone(&driver);
        running.spawn(async move { answer(&driver, &line).await });
        while running.try_join_next().is_some() {}
    }
    // The input may end before what it asked for is answered.
    while running.join_next().await.is_some() {}
    Ok(())
}

async fn answer(driver: &Driver, line: &str) {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    let id = line.get("id").cloned().unwrap_or_default();
    let answer = match serde_json::from_value::<Request>(line) {
        Ok(request) => driver.answer(request).await,
        Err(error) => Err(json!({
            "fault": "driver", "code": "unsupported", "message": error.to_string(),
        })),
    };
    let answer = match answer {
        Ok(ok) => json!({"id": id, "ok": ok}),
        Err(error) => json!({"id": id, "error": error}),
    };
    // Whoever does not listen any more needs no answer.
    let _ = writeln!(std::io::stdout().lock(), "{answer}");
}
