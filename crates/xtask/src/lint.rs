//! Formatting and lints of what is not Rust. The settings lie where an editor finds them.

use anyhow::Result;

use crate::{shell, tools};

/// JavaScript and TypeScript.
pub(crate) fn javascript() -> Result<&'static str> {
    let mut biome = shell::command(tools::node_binary("biome"));
    biome.args(["check", "--error-on-warnings"]);
    shell::run(biome.args(["--config-path=tests/biome.jsonc", "."]))?;
    Ok("")
}

pub(crate) fn python() -> Result<&'static str> {
    for action in [&["format", "--check"][..], &["check"]] {
        let mut ruff = shell::command(tools::python_binary("ruff"));
        ruff.args(action).arg("--no-cache");
        shell::run(ruff.args(["--config", "packages/python/jeton-mock/pyproject.toml", "."]))?;
    }
    Ok("")
}
