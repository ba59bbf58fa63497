//! Files that are named on the command line.

use std::io::{Read, stdin};

use anyhow::{Context, Result};

/// The text of a file; of `-`, standard input.
pub(crate) fn read(source: &str) -> Result<String> {
    if source != "-" {
        return std::fs::read_to_string(source).with_context(|| source.to_owned());
    }
    let mut text = String::new();
    stdin()
        .read_to_string(&mut text)
        .context("standard input")?;
    Ok(text)
}
