//! The examples of the guides, each run as its reader would, and the commands of the guides.

use anyhow::{Context, Result};

use crate::node::{self, Run};
use crate::report::Tally;
use crate::{binaries, mock, shell, tools};

/// Every service against every API, every login, every block of the guides.
pub(crate) fn run() -> Result<Tally> {
    go()?;
    for package in ["jeton-client", "jeton-resource-server"] {
        tools::npm_packages(&format!("packages/js/{package}"))?;
    }
    let mut run = Run::of_files("examples", &node::files("tests/examples", ".test.mjs")?)?;
    binaries::named(&mut run.command)
        .env("PYTHON", tools::python_binary("python"))
        .env("CHROMIUM", mock::browser()?);
    run.finish()?.tally()
}

/// Go, and the two libraries that its examples stand on, as Debian has them.
fn go() -> Result<()> {
    let packages = [
        "golang-go",
        "golang-golang-x-oauth2-dev",
        "golang-github-coreos-go-oidc-dev",
    ];
    let libraries = ["golang.org/x/oauth2", "github.com/coreos/go-oidc"].map(|library| {
        std::path::Path::new("/usr/share/gocode/src")
            .join(library)
            .is_dir()
    });
    let version = || shell::read(shell::command("go").arg("version"));
    if version().is_err() || libraries.contains(&false) {
        tools::debian(&packages)?;
    }
    version().with_context(|| {
        format!(
            "no Go: install it (Debian: apt-get install {})",
            packages.join(" ")
        )
    })?;
    Ok(())
}
