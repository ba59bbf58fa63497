//! Starting programs: from the top of the checkout, without input, never longer than a limit.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::step;

/// Longer than the slowest cold build; what takes longer hangs.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The top of the checkout.
pub(crate) fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    match manifest.ancestors().nth(2) {
        Some(root) => root.to_owned(),
        None => manifest,
    }
}

/// A file or folder of the checkout.
pub(crate) fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    // One place for all output, whatever the user's own configuration says: the suite's hosts
    // look there.
    command.env("CARGO_TARGET_DIR", path("target"));
    // `cargo run` describes this package in the environment; to another build that is a change.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// `cargo` with these arguments, separated by spaces.
pub(crate) fn cargo(args: &str) -> Command {
    let mut command = command("cargo");
    command.args(args.split_whitespace());
    command
}

/// `PATH` with these folders in front.
pub(crate) fn search_path(folders: &[PathBuf]) -> Result<std::ffi::OsString> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let all = folders
        .iter()
        .cloned()
        .chain(std::env::split_paths(&inherited));
    std::env::join_paths(all).context("a folder with a colon in its name cannot be on PATH")
}

/// Runs to the end, output into the step's; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status_within(command, BUILD_LIMIT)?;
    expect_success(command, status)
}

/// Runs to the end, output into the step's; the caller judges the status.
pub(crate) fn status_within(command: &mut Command, limit: Duration) -> Result<ExitStatus> {
    announce(command);
    command.stdout(step::stdio()?);
    let mut child = spawn(command)?;
    wait(&mut child, limit).with_context(|| format!("`{}`", display(command)))
}

/// Runs to the end, output into the step's and also returned.
pub(crate) fn tee(command: &mut Command) -> Result<(ExitStatus, String)> {
    announce(command);
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let stdout = child.stdout.take().context("stdout was not piped")?;
    let log = step::file()?;
    let reader = std::thread::spawn(move || {
        if let Some(log) = log {
            step::write_into(log);
        }
        let mut text = String::new();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            step::say(&line);
            text.push_str(&line);
            text.push('\n');
        }
        text
    });
    let status =
        wait(&mut child, BUILD_LIMIT).with_context(|| format!("`{}`", display(command)))?;
    let text = reader
        .join()
        .map_err(|_| anyhow!("reading its output failed"))?;
    Ok((status, text))
}

/// What it writes to stdout, quietly.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("cannot start `{}`", display(command)))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!("`{}`: {}\n{}", display(command), output.status, why.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(crate) fn expect_success(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("`{}`: {status}", display(command))
}

pub(crate) fn spawn(command: &mut Command) -> Result<Child> {
    let child = command
        .stderr(step::stdio()?)
        .spawn()
        .with_context(|| format!("cannot start `{}`", display(command)))?;
    step::started(&child);
    Ok(child)
}

/// The command as it would be typed at the top of the checkout.
pub(crate) fn display(command: &Command) -> String {
    let root = root();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| {
        Path::new(word)
            .strip_prefix(&root)
            .unwrap_or(Path::new(word))
            .display()
            .to_string()
    });
    words.collect::<Vec<_>>().join(" ")
}

fn announce(command: &Command) {
    step::say(&format!("$ {}", display(command)));
}

fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus> {
    let deadline = Instant::now() + limit;
    loop {
        // Who has ended and was waited for cannot be asked any more.
        let taken = step::taken_by(child);
        if let Some(status) = child.try_wait()? {
            step::add(taken);
            return Ok(status);
        }
        if Instant::now() > deadline {
            end_tree(child)?;
            bail!("ended after {} minutes: it hangs", limit.as_secs() / 60);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Ends the child and what it started. Not by a process group: a terminal's Ctrl-C would no
/// longer reach it.
fn end_tree(child: &mut Child) -> Result<()> {
    let listing = read(command("ps").args(["-A", "-o", "pid=,ppid="])).unwrap_or_default();
    let tree = descendants(child.id(), &listing);
    // `kill` of the shell, because not every system has it as a program.
    let mut kill = command("sh");
    kill.args(["-c", "kill -KILL \"$@\"", "sh"])
        .args(tree.iter().map(u32::to_string));
    kill.stderr(Stdio::null())
        .status()
        .context("cannot start `sh`")?;
    child.wait()?;
    Ok(())
}

/// `root` and everything below it, from lines of "pid parent".
fn descendants(root: u32, listing: &str) -> Vec<u32> {
    let pairs: Vec<(u32, u32)> = listing
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().map(str::parse);
            Some((words.next()?.ok()?, words.next()?.ok()?))
        })
        .collect();
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(parent) = tree.get(next).copied() {
        tree.extend(
            pairs
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(pid, _)| *pid),
        );
        next += 1;
    }
    tree
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{command, descendants, status_within};

    #[test]
    fn a_tree_of_processes() {
        let listing = "  1 0\n 7 1\n 8 7\n 9 8\n10 1\n";
        assert_eq!(descendants(7, listing), [7, 8, 9]);
        assert_eq!(descendants(10, ""), [10]);
    }

    #[test]
    fn what_hangs_is_ended() {
        let begin = Instant::now();
        let mut hanging = command("sh");
        hanging.args(["-c", "sleep 60 & wait"]);
        let error = status_within(&mut hanging, Duration::from_millis(200)).unwrap_err();
        assert!(format!("{error:#}").contains("it hangs"), "{error:#}");
        assert!(begin.elapsed() < Duration::from_secs(30));
    }
}
