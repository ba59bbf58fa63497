//! The secrets of new clients: printed this once, or written to a file.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{members::Members, output};

/// Where secrets go.
pub(super) enum Secrets {
    Printed,
    /// A JSON object of secrets by `client_id`, which is written anew with each: what was made is there
    /// also where the next step fails.
    Written {
        file: PathBuf,
        all: Members,
    },
}

impl Secrets {
    /// Secrets that go to `file`, beside those that are there.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub(super) fn to(file: Option<&str>) -> Result<Self> {
        let Some(file) = file else {
            return Ok(Self::Printed);
        };
        let all = match fs::read_to_string(file) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{file}: expected a JSON object of secrets"))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Members::new(),
            Err(error) => return Err(error).with_context(|| file.to_owned()),
        };
        let is_link = fs::symlink_metadata(file).is_ok_and(|it| it.file_type().is_symlink());
        ensure!(
            !is_link,
            "{file}: a link, which may lead anywhere; name the file itself"
        );
        let file = PathBuf::from(file);
        // Before anything is made whose secret could not be written.
        let text = output::json(&Value::Object(all.clone()));
        write_private(&file, &text).with_context(|| file.display().to_string())?;
        Ok(Self::Written { file, all })
    }

    /// Tells the secret of a new client.
    pub(super) fn tell(&mut self, client_id: &str, secret: &str) -> Result<()> {
        match self {
            Self::Printed => {
                output::say(&format!("    client_secret: {secret}    (shown this once)"))
            }
            Self::Written { file, all } => {
                all.insert(client_id.to_owned(), json!(secret));
                let text = output::json(&Value::Object(all.clone()));
                write_private(file, &text).with_context(|| {
                    format!("{}: the secret of {client_id} is lost; `jeton client rotate` makes another", file.display())
                })
            }
        }
    }
}

/// Writes a file that nobody else reads, whole or not at all: beside it, and then in its place.
fn write_private(file: &Path, text: &str) -> Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(&beside)?;
    let written = open
        .write_all(text.as_bytes())
        .and_then(|()| open.sync_all());
    let placed = written.and_then(|()| fs::rename(&beside, file));
    if placed.is_err() {
        // What could not be written is of no use.
        let _ = fs::remove_file(&beside);
    }
    Ok(placed?)
}
