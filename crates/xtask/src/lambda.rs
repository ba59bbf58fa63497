//! The Lambda: the arm64 binary that is deployed, and its template.

use anyhow::{Context, Result, bail};

use crate::{shell, tools};

const BOOTSTRAP: &str = "target/lambda/jeton-lambda/bootstrap";

/// Builds what `template.yaml` deploys and returns its size.
pub(crate) fn build_arm64() -> Result<String> {
    build_by("release")
}

/// Builds it by the profile of the tests: the same program for the same processor, in two thirds of the time.
/// Nobody here can run it; that it builds is what is asked, and how large it is, optimized less.
pub(crate) fn test_arm64() -> Result<String> {
    Ok(format!("{}, by the profile `suite`", build_by("suite")?))
}

fn build_by(profile: &str) -> Result<String> {
    let bootstrap = shell::path(BOOTSTRAP);
    if bootstrap.exists() {
        std::fs::remove_file(&bootstrap).context(BOOTSTRAP)?;
    }
    let mut build = shell::command(tools::python_binary("cargo-lambda"));
    build.args([
        "lambda",
        "build",
        "--profile",
        profile,
        "--arm64",
        "-p",
        "jeton-lambda",
    ]);
    build.env("PATH", shell::search_path(&[tools::zig_folder()])?);
    // A `target-cpu=native` meant for this machine must not reach a function built for others.
    build
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    shell::run(&mut build)?;
    let binary = std::fs::read(&bootstrap).context(BOOTSTRAP)?;
    if !is_arm64(&binary) {
        bail!("{BOOTSTRAP} is not an arm64 Linux binary");
    }
    Ok(format!("{:.1} MB", binary.len() as f64 / 1e6))
}

pub(crate) fn lint_template() -> Result<&'static str> {
    shell::run(shell::command(tools::python_binary("cfn-lint")).arg("template.yaml"))?;
    Ok("")
}

/// ELF, little-endian, machine 183 (AArch64).
fn is_arm64(binary: &[u8]) -> bool {
    binary.starts_with(b"\x7fELF") && binary.get(18..20) == Some(&[183, 0])
}
