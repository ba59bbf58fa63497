//! The vendors' own SDKs against the mock that plays their vendor: `tests/vendors`.

use anyhow::Result;

use crate::node::Run;
use crate::report::Tally;
use crate::{binaries, mock, shell, tools};

const FOLDER: &str = "tests/vendors";

/// The SDKs as their registries have them, and no other package: they shall not decide versions of ours.
pub(crate) fn install() -> Result<&'static str> {
    tools::npm_packages(FOLDER)?;
    tools::python_packages(
        "target/tools/vendors",
        &format!("{FOLDER}/requirements.txt"),
    )?;
    Ok("")
}

/// Every step of every SDK, in Node, Python and a browser.
pub(crate) fn run() -> Result<Tally> {
    let file = shell::path(FOLDER).join("vendors.test.mjs");
    let mut run = Run::of_files("vendors", &[file])?;
    binaries::named(&mut run.command)
        .env("PYTHON", shell::path("target/tools/vendors/bin/python"))
        .env("CHROMIUM", mock::browser()?);
    run.finish()?.tally()
}

/// The table of all that ran, printed and in `target/vendors-table.md`.
pub(crate) fn table() -> Result<&'static str> {
    let table = shell::path(FOLDER).join("table.mjs");
    shell::run(shell::command("node").arg(table))?;
    Ok("target/vendors-table.md")
}
