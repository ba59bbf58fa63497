//! Everything that is not Rust, Node, Python or Java is installed here: pinned, inside the
//! checkout, only when missing or of another version.
//!
//! Each pin stands once: cargo tools in [`WORKER_TOOLS`] and [`SBOM_TOOLS`], npm packages in
//! `tests/package.json` and its lock, Python packages in `crates/xtask/requirements.txt`; those of the
//! SDKs of vendors and platforms in `tests/vendors` and `tests/platforms`.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use crate::{shell, step};

const WASM: &str = "wasm32-unknown-unknown";
const LAMBDA: &str = "aarch64-unknown-linux-gnu";

struct CargoTool {
    package: &'static str,
    version: &'static str,
    binary: &'static str,
}

/// `wasm-bindgen-cli` has to be of the version of the crate `wasm-bindgen` in the workspace.
const WORKER_TOOLS: &[CargoTool] = &[
    CargoTool {
        package: "wasm-bindgen-cli",
        version: "0.2.130",
        binary: "wasm-bindgen",
    },
    CargoTool {
        package: "worker-build",
        version: "0.8.7",
        binary: "worker-build",
    },
];

const SBOM_TOOLS: &[CargoTool] = &[CargoTool {
    package: "cargo-cyclonedx",
    version: "0.5.9",
    binary: "cargo-cyclonedx",
}];

/// A cargo tool of ours.
pub(crate) fn binary(name: &str) -> PathBuf {
    shell::path("target/tools/bin").join(name)
}

/// A program that came with a Python package.
pub(crate) fn python_binary(name: &str) -> PathBuf {
    shell::path("target/tools/python/bin").join(name)
}

/// A program that came with an npm package.
pub(crate) fn node_binary(name: &str) -> PathBuf {
    shell::path("tests/node_modules/.bin").join(name)
}

/// The folder with the `zig` that cargo-lambda looks for on `PATH`, and `musl-cc` and `musl-ar`.
pub(crate) fn zig_folder() -> PathBuf {
    shell::path("target/tools/zig")
}

pub(crate) fn install_all() -> Result<()> {
    for install in [rust, node, python, worker, sbom] {
        println!("{}", install()?);
    }
    Ok(())
}

/// rustfmt, clippy and the targets: a minimal toolchain has none of them.
pub(crate) fn rust() -> Result<String> {
    for component in ["rustfmt", "clippy"] {
        let subcommand = component.strip_prefix("rust").unwrap_or(component);
        if shell::read(shell::cargo(subcommand).arg("--version")).is_err() {
            rustup(&["component", "add", component])?;
        }
    }
    for target in [WASM, LAMBDA] {
        rust_target(target)?;
    }
    Ok(shell::read(shell::command("rustc").arg("--version"))?
        .trim()
        .to_owned())
}

/// The standard library of a target.
pub(crate) fn rust_target(target: &str) -> Result<()> {
    let mut folder = shell::command("rustc");
    folder.args(["--print", "target-libdir", "--target", target]);
    if !Path::new(shell::read(&mut folder)?.trim()).exists() {
        rustup(&["target", "add", target])?;
    }
    Ok(())
}

fn rustup(args: &[&str]) -> Result<()> {
    shell::run(shell::command("rustup").args(args)).with_context(|| {
        let what = args.last().copied().unwrap_or_default();
        format!("{what} is missing: install it the way this Rust was installed, or use rustup")
    })
}

/// Held while something is installed: steps beside each other want the same folder, and Debian has one lock.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Debian's packages, where they may be installed: by root, on Debian. Elsewhere the caller finds out that
/// they are missing.
pub(crate) fn debian(packages: &[&str]) -> Result<()> {
    let root = shell::read(shell::command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || !Path::new("/etc/debian_version").exists() {
        return Ok(());
    }
    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let apt = |arguments: &[&str]| {
        let mut apt = shell::command("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        shell::run(&mut apt)
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet"], packages].concat())
}

/// valgrind, which counts instructions.
pub(crate) fn valgrind() -> Result<String> {
    let version = || shell::read(shell::command("valgrind").arg("--version"));
    if version().is_err() {
        debian(&["valgrind"])?;
    }
    let version =
        version().context("no valgrind: install it (Debian: apt-get install valgrind)")?;
    Ok(version.trim().to_owned())
}

/// The suite's packages, the Workers runtime, DynamoDB Local, and Biome.
pub(crate) fn node() -> Result<String> {
    let node = shell::read(shell::command("node").arg("--version"))
        .context("Node 20 or later is needed, with npm")?;
    npm_packages("tests")?;
    Ok(format!("Node {}", node.trim()))
}

/// What the lock file of this folder names, into its `node_modules`.
pub(crate) fn npm_packages(folder: &str) -> Result<()> {
    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = shell::path(folder);
    let lock = folder.join("package-lock.json");
    let lock = std::fs::read(&lock).with_context(|| lock.display().to_string())?;
    // npm forgets by itself what it installed from: a copy of the lock file tells.
    let installed = folder.join("node_modules/.installed-lock.json");
    if std::fs::read(&installed).ok().as_ref() == Some(&lock) {
        return Ok(());
    }
    let mut npm = shell::command("npm");
    // No dependency needs its install script: the binaries are packages of their own.
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&folder);
    shell::run(&mut npm)?;
    std::fs::write(&installed, lock)?;
    Ok(())
}

/// Linters, cargo-lambda with its zig, and token libraries that are not ours.
pub(crate) fn python() -> Result<String> {
    let version = python_packages("target/tools/python", "crates/xtask/requirements.txt")?;
    write_zig(&python_binary("python"))?;
    Ok(version)
}

/// What this file names, into a virtual environment of its own in this folder. The version of its Python.
pub(crate) fn python_packages(folder: &str, requirements: &str) -> Result<String> {
    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let (folder, file) = (shell::path(folder), shell::path(requirements));
    let wanted = std::fs::read(&file).with_context(|| requirements.to_owned())?;
    let installed = folder.join("installed.txt");
    let python = folder.join("bin/python");
    let works = shell::read(shell::command(&python).arg("--version")).is_ok();
    if !works || std::fs::read(&installed).ok().as_ref() != Some(&wanted) {
        shell::run(
            shell::command("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&folder),
        )
        .context("Python 3 is needed, with its venv module (Debian: python3-venv)")?;
        let mut pip = shell::command(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        shell::run(pip.arg("--requirement").arg(&file))?;
        std::fs::write(&installed, wanted)?;
    }
    Ok(shell::read(shell::command(&python).arg("--version"))?
        .trim()
        .to_owned())
}

/// PyPI's ziglang is a module, not a program.
fn write_zig(python: &Path) -> Result<()> {
    let folder = zig_folder();
    let zig = format!("exec '{}' -m ziglang", python.display());
    write_script(&folder, "zig", &format!("{zig} \"$@\""))?;
    // As C compiler of the static build. Cargo's build scripts name the target as Rust does, and
    // zig would not know that name.
    write_script(
        &folder,
        "musl-cc",
        &format!(
            "for word do shift; case $word in --target=*) ;; *) set -- \"$@\" \"$word\" ;; esac; done\n\
             {zig} cc -target {}-linux-musl \"$@\"",
            std::env::consts::ARCH
        ),
    )?;
    write_script(&folder, "musl-ar", &format!("{zig} ar \"$@\""))
}

/// A program of this name, a shell script, in this folder.
pub(crate) fn write_script(folder: &Path, name: &str, body: &str) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let script = folder.join(name);
    std::fs::write(&script, format!("#!/bin/sh\n{body}\n"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// worker-build and what it calls.
pub(crate) fn worker() -> Result<String> {
    cargo_install(WORKER_TOOLS)
}

/// What lists the crates of a binary.
pub(crate) fn sbom() -> Result<String> {
    cargo_install(SBOM_TOOLS)
}

fn cargo_install(tools: &[CargoTool]) -> Result<String> {
    step::give_way();
    let mut versions = Vec::new();
    let build = shell::path("target/tools/build");
    for CargoTool {
        package,
        version,
        binary: name,
    } in tools
    {
        if !is_installed(package, version, name)? {
            // Without --locked: a mirror may lag behind the tools' own lock files.
            let mut install = shell::cargo("install --force --quiet");
            // They are done in seconds, and would take minutes to optimize.
            install
                .args(["--profile", "dev"])
                .env("CARGO_PROFILE_DEV_DEBUG", "0");
            install.arg("--root").arg(shell::path("target/tools"));
            install
                .arg("--target-dir")
                .arg(shell::path("target/tools/build"));
            shell::run(install.arg(format!("{package}@{version}")))?;
            if !is_installed(package, version, name)? {
                bail!("{package} was installed, yet target/tools/bin/{name} is not {version}");
            }
        }
        versions.push(format!("{name} {version}"));
    }
    // Installed tools are never built again, and this is most of a gigabyte.
    if build.exists() {
        std::fs::remove_dir_all(&build).context("target/tools/build")?;
    }
    Ok(versions.join(", "))
}

fn is_installed(package: &str, version: &str, name: &str) -> Result<bool> {
    let mut list = shell::cargo("install --list --root");
    let list = shell::read(list.arg(shell::path("target/tools")))?;
    let wanted = format!("{package} v{version}:");
    Ok(binary(name).exists() && list.lines().any(|line| line == wanted))
}
