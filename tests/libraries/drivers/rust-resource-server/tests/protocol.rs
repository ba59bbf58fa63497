//! That the driver answers, and ends with its input. Because a package with such a test has its binaries built with
//! all tests, the suite of the libraries finds it there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::Write as _;
use std::process::{Command, Stdio};

#[test]
fn an_operation_of_nobody_is_answered() {
    let mut driver = Command::new(env!("CARGO_BIN_EXE_jeton-resource-server-driver"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = driver.stdin.take().unwrap();
    input
        .write_all(b"{\"id\":1,\"op\":\"of nobody\"}\n")
        .unwrap();
    drop(input);
    let output = driver.wait_with_output().unwrap();
    assert!(output.status.success());
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["id"], 1);
    assert_eq!(answer["error"]["code"], "unsupported");
}
