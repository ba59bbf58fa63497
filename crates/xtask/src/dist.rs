//! The packages that bring the `jeton` binary with the mock's helpers: one of npm and one or two wheels of
//! PyPI for each platform, as esbuild and ruff do it. Whoever has none of these platforms installs the helper
//! alone, and names a binary.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::node::Run;
use crate::report::Tally;
use crate::{binaries, shell, tools};

struct Platform {
    /// Rust's name for it.
    target: &'static str,
    /// Node's `process.platform` and `process.arch`.
    node: (&'static str, &'static str),
    /// The platform tags of its wheels. A static binary asks for no libc: it is said to be for both.
    wheels: &'static [&'static str],
}

const PLATFORMS: [Platform; 5] = [
    Platform {
        target: "x86_64-unknown-linux-musl",
        node: ("linux", "x64"),
        wheels: &["manylinux2014_x86_64", "musllinux_1_1_x86_64"],
    },
    Platform {
        target: "aarch64-unknown-linux-musl",
        node: ("linux", "arm64"),
        wheels: &["manylinux2014_aarch64", "musllinux_1_1_aarch64"],
    },
    Platform {
        target: "x86_64-apple-darwin",
        node: ("darwin", "x64"),
        wheels: &["macosx_10_12_x86_64"],
    },
    Platform {
        target: "aarch64-apple-darwin",
        node: ("darwin", "arm64"),
        wheels: &["macosx_11_0_arm64"],
    },
    Platform {
        target: "x86_64-pc-windows-msvc",
        node: ("win32", "x64"),
        wheels: &["win_amd64"],
    },
];

impl Platform {
    fn of(target: &str) -> Result<&'static Self> {
        PLATFORMS
            .iter()
            .find(|platform| platform.target == target)
            .with_context(|| format!("no package is made for {target}"))
    }

    fn npm_name(&self) -> String {
        let (os, cpu) = self.node;
        format!("{NAME}-{os}-{cpu}")
    }

    fn binary(&self) -> &'static str {
        match self.node {
            ("win32", _) => "jeton.exe",
            _ => "jeton",
        }
    }
}

const NAME: &str = "jeton-mock";
const LICENSES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// Where they are left.
const DIST: &str = "target/dist";

/// Builds the binary of this machine as it is released, and packs it.
pub(crate) fn release() -> Result<String> {
    if cfg!(target_os = "linux") {
        tools::rust()?;
        tools::python()?;
    }
    let target = host()?;
    pack(&target, &build(&target)?)
}

/// Packs the binary that the tests start.
pub(crate) fn pack_tested() -> Result<String> {
    pack(&host()?, &binaries::jeton())
}

/// Installs what was packed into empty places, and runs it there.
pub(crate) fn installed() -> Result<Tally> {
    let mut run = Run::of_files("dist", &[shell::path("tests/dist/dist.test.mjs")])?;
    binaries::alike(binaries::named(&mut run.command))
        .env("PYTHON", tools::python_binary("python"))
        .env("DIST", shell::path(DIST));
    run.finish()?.tally()
}

/// What this machine's binary is built for.
fn host() -> Result<String> {
    if cfg!(target_os = "linux") {
        return Ok(binaries::static_target());
    }
    let version = shell::read(shell::command("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}

fn build(target: &str) -> Result<PathBuf> {
    if cfg!(target_os = "linux") {
        return Ok(binaries::build_static("jeton-cli", target, "release")?.join("jeton"));
    }
    let mut build = shell::cargo("build --locked --release -p jeton-cli");
    shell::run(
        build
            .args(["--target", target])
            .env("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
    )?;
    let folder = shell::path("target").join(target).join("release");
    Ok(folder.join(Platform::of(target)?.binary()))
}

fn pack(target: &str, binary: &Path) -> Result<String> {
    let platform = Platform::of(target)?;
    let dist = shell::path(DIST);
    // What an earlier version left would be installed beside this one's.
    if dist.exists() {
        std::fs::remove_dir_all(&dist).context(DIST)?;
    }
    let work = dist.join("work");
    npm_binary(platform, binary, &work.join(platform.npm_name()))?;
    npm_helper(&work.join("npm"))?;
    wheels(platform, binary, &work.join("python"))?;
    std::fs::remove_dir_all(&work).context("target/dist/work")?;
    let mut packed = Vec::new();
    for entry in std::fs::read_dir(&dist).context(DIST)? {
        packed.push(entry?.file_name().to_string_lossy().into_owned());
    }
    packed.sort_unstable();
    Ok(packed.join(", "))
}

/// The package that holds nothing but the binary.
fn npm_binary(platform: &Platform, binary: &Path, folder: &Path) -> Result<()> {
    let helper = manifest()?;
    let (os, cpu) = platform.node;
    let package = json!({
        "name": platform.npm_name(),
        "version": helper.get("version"),
        "description": format!("The jeton binary for {os}-{cpu}: what {NAME} runs"),
        "license": helper.get("license"),
        "os": [os],
        "cpu": [cpu],
        "files": ["bin", "LICENSE-APACHE", "LICENSE-MIT"],
    });
    write(&folder.join("package.json"), &package.to_string())?;
    let readme = format!("The `jeton` binary for {os}-{cpu}. Install `{NAME}`, which runs it.\n");
    write(&folder.join("README.md"), &readme)?;
    put_binary(binary, &folder.join("bin").join(platform.binary()))?;
    copy_licenses(folder)?;
    npm_pack(folder)
}

/// The helper, which asks npm for the binary of whichever platform it is installed on. Its folder in the
/// repository does not: there is no version of them before this one is published.
fn npm_helper(folder: &Path) -> Result<()> {
    copy(&shell::path("packages/js").join(NAME), folder)?;
    copy_licenses(folder)?;
    let mut package = manifest()?;
    let version = package.get("version").cloned().unwrap_or_default();
    let binaries: Map<String, Value> = PLATFORMS
        .iter()
        .map(|platform| (platform.npm_name(), version.clone()))
        .collect();
    package.insert("optionalDependencies".to_owned(), Value::Object(binaries));
    if let Some(Value::Array(files)) = package.get_mut("files") {
        files.extend(LICENSES.map(Value::from));
    }
    write(
        &folder.join("package.json"),
        &Value::Object(package).to_string(),
    )?;
    npm_pack(folder)
}

fn npm_pack(folder: &Path) -> Result<()> {
    let mut npm = shell::command(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.args(["pack", "--silent", "--pack-destination"])
        .arg(shell::path(DIST))
        .current_dir(folder);
    shell::run(&mut npm)
}

/// On Linux the one that brings zig, which links the static binary; elsewhere nothing else of it is needed.
fn python() -> PathBuf {
    if cfg!(target_os = "linux") {
        return tools::python_binary("python");
    }
    PathBuf::from(if cfg!(windows) { "python" } else { "python3" })
}

/// The helper with the binary in it, once for each name that the platform has.
fn wheels(platform: &Platform, binary: &Path, folder: &Path) -> Result<()> {
    copy(&shell::path("packages/python").join(NAME), folder)?;
    copy_licenses(folder)?;
    put_binary(
        binary,
        &folder.join("jeton_mock/bin").join(platform.binary()),
    )?;
    for tag in platform.wheels {
        let mut pip = shell::command(python());
        pip.args(["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"])
            .arg(shell::path(DIST))
            .arg(format!(
                "--config-settings=--build-option=--plat-name={tag}"
            ))
            .arg(folder);
        shell::run(&mut pip)?;
    }
    Ok(())
}

fn manifest() -> Result<Map<String, Value>> {
    let path = shell::path("packages/js").join(NAME).join("package.json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    match serde_json::from_str(&text)? {
        Value::Object(package) => Ok(package),
        _ => bail!("{} is no object", path.display()),
    }
}

fn put_binary(binary: &Path, to: &Path) -> Result<()> {
    create_parent(to)?;
    std::fs::copy(binary, to).with_context(|| binary.display().to_string())?;
    Ok(())
}

fn copy_licenses(folder: &Path) -> Result<()> {
    for name in LICENSES {
        std::fs::copy(shell::path(name), folder.join(name)).context(name)?;
    }
    Ok(())
}

/// A package without what was installed or built in its folder.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name();
        let stays = ["node_modules", "__pycache__", "build"].map(OsStr::new);
        if stays.contains(&name.as_os_str()) {
            continue;
        }
        let to = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    create_parent(path)?;
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

fn create_parent(path: &Path) -> Result<()> {
    let parent = path.parent().context("a file has a folder")?;
    std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())
}
