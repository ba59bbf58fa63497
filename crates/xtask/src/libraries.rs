//! The libraries of three languages, which one suite judges: `tests/libraries`.

use anyhow::Result;

use crate::node::Run;
use crate::report::Tally;
use crate::{binaries, shell, tools};

/// As `JETON_LIBRARY` names them.
pub(crate) const LANGUAGES: [&str; 3] = ["rust", "js", "python"];

/// What is no host of ours and is asked like one.
pub(crate) const STRANGER: &str = "oidc-provider";

/// What speaks the suite's protocol for the crates, and their examples; the other languages' are programs as
/// they are. With the tests, which are built already: alone they would have other features, and half of what
/// lies beneath them would compile once more.
pub(crate) fn build() -> Result<&'static str> {
    shell::run(&mut shell::cargo(
        "build --workspace --exclude jeton-worker --bins --tests",
    ))?;
    Ok("")
}

/// Every promise of both roles, asked of one language against servers that are scripted.
pub(crate) fn of_language(language: &str) -> Result<Tally> {
    let files = ["client.test.mjs", "resource-server.test.mjs"];
    judged(
        &format!("libraries-{language}"),
        &files,
        &[("JETON_LIBRARY", language)],
    )
}

/// The main ones, asked of all languages against a real server: a host by its name, or [`STRANGER`].
pub(crate) fn on_server(server: &str) -> Result<Tally> {
    let name = format!("libraries-on-{server}");
    judged(&name, &["servers.test.mjs"], &[("JETON_TARGET", server)])
}

/// MCP's conformance suite, with the client of JavaScript.
pub(crate) fn mcp() -> Result<Tally> {
    judged("libraries-mcp", &["mcp.test.mjs"], &[])
}

/// Packed, installed into empty projects, and run by the lines of their READMEs.
pub(crate) fn packed() -> Result<Tally> {
    judged("libraries-packed", &["packed.test.mjs"], &[])
}

/// The table of all that ran, printed and in `target/libraries-table.md`.
pub(crate) fn table() -> Result<&'static str> {
    shell::run(shell::command("node").arg(shell::path("tests/libraries/table.mjs")))?;
    Ok("target/libraries-table.md")
}

fn judged(name: &str, files: &[&str], environment: &[(&str, &str)]) -> Result<Tally> {
    let files: Vec<_> = files
        .iter()
        .map(|file| shell::path("tests/libraries").join(file))
        .collect();
    let mut run = Run::of_files(name, &files)?;
    binaries::both_named(&mut run.command)
        .env("PYTHON", tools::python_binary("python"))
        .envs(environment.iter().copied());
    run.finish()?.tally()
}
