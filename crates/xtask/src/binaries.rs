//! The programs that the tests start. On Linux they are static, as the image and the packages have them: what
//! is tested is what is shipped, and is built once. Elsewhere they are what cargo makes of itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{shell, tools};

const PROFILE: &str = "suite";

/// The command.
pub(crate) fn jeton() -> PathBuf {
    folder().join("jeton")
}

/// The function of Lambda, for this machine's processor.
fn lambda() -> PathBuf {
    folder().join("jeton-lambda")
}

fn folder() -> PathBuf {
    if cfg!(target_os = "linux") {
        return folder_of(&static_target(), PROFILE);
    }
    shell::path("target").join(PROFILE)
}

/// Builds one of them.
pub(crate) fn build(package: &str) -> Result<&'static str> {
    if cfg!(target_os = "linux") {
        build_static(package, &static_target(), PROFILE)?;
    } else {
        shell::run(shell::cargo("build --profile").args([PROFILE, "-p", package]))?;
    }
    Ok("")
}

/// Says where the command is. Whoever starts a test by hand need not: it looks where plain
/// `cargo build --profile suite` leaves it.
pub(crate) fn named(command: &mut Command) -> &mut Command {
    command.env("JETON_BIN", jeton())
}

/// Says where both are, to what starts hosts. Not to others: a program of theirs that is a host by itself
/// would refuse a variable that it does not know.
pub(crate) fn both_named(command: &mut Command) -> &mut Command {
    named(command).env("JETON_LAMBDA_BIN", lambda())
}

/// What a static binary for this machine's processor is built for.
pub(crate) fn static_target() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}

/// Builds a static program by a profile, and returns the folder that it is in.
pub(crate) fn build_static(package: &str, target: &str, profile: &str) -> Result<PathBuf> {
    tools::rust_target(target)?;
    let mut build = shell::cargo("build --locked");
    build.args(["--profile", profile, "--target", target, "-p", package]);
    shell::run(statically(&mut build, target, profile))?;
    Ok(folder_of(target, profile))
}

/// Another cargo that builds what [`build`] has built.
pub(crate) fn alike(cargo: &mut Command) -> &mut Command {
    if !cfg!(target_os = "linux") {
        return cargo;
    }
    let target = static_target();
    statically(cargo, &target, PROFILE).env("CARGO_BUILD_TARGET", target)
}

/// zig is the C compiler here instead of the image's musl-gcc: it installs without being root.
fn statically<'a>(cargo: &'a mut Command, target: &str, profile: &str) -> &'a mut Command {
    let name = target.replace('-', "_");
    cargo
        .env(format!("CC_{name}"), tools::zig_folder().join("musl-cc"))
        .env(format!("AR_{name}"), tools::zig_folder().join("musl-ar"))
        .env(
            format!("CARGO_TARGET_{}_LINKER", name.to_uppercase()),
            "rust-lld",
        )
        .env(
            format!("CARGO_PROFILE_{}_STRIP", profile.to_uppercase()),
            "symbols",
        )
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
}

fn folder_of(target: &str, profile: &str) -> PathBuf {
    Path::new(&shell::path("target")).join(target).join(profile)
}
