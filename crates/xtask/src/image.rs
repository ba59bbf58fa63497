//! What is in the container image and in the GitHub Action: one static binary, and the files that
//! describe them. No daemon is asked to build an image: not every machine has one.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::report::Tally;
use crate::{binaries, shell, tools};

const START_LIMIT: Duration = Duration::from_secs(10);

pub(crate) fn lint() -> Result<&'static str> {
    let lint = |tool: &str, args: &[&str]| {
        shell::run(shell::command(tools::python_binary(tool)).args(args))
    };
    lint("hadolint", &["Dockerfile"])?;
    for (schema, files) in [
        ("compose-spec", &["examples/compose.yaml"][..]),
        ("github-actions", &["action.yml"]),
        (
            "github-workflows",
            &[".github/workflows/ci.yml", ".github/workflows/release.yml"],
        ),
        ("dependabot", &[".github/dependabot.yml"]),
    ] {
        let schema = format!("vendor.{schema}");
        let mut args = vec!["--quiet", "--builtin-schema", &schema];
        args.extend(files);
        lint("check-jsonschema", &args)?;
    }
    lint(
        "shellcheck",
        &[
            "--severity=warning",
            ".ci/run",
            ".github/action/build.sh",
            ".github/action/source.sh",
            ".github/action/start.sh",
        ],
    )?;
    Ok("")
}

/// Holds the command that the tests start against what the image promises: it asks for no loader, and answers.
pub(crate) fn static_binary() -> Result<Tally> {
    if !cfg!(target_os = "linux") {
        return Ok(Tally::skipped("no Linux to run it on"));
    }
    let jeton = binaries::jeton();
    let binary = std::fs::read(&jeton).with_context(|| format!("{}", jeton.display()))?;
    if !is_static(&binary)? {
        bail!("{} asks for a dynamic loader", jeton.display());
    }
    // As the image says it, and as one of mock-oauth2-server's users does.
    let port = free_port()?;
    ask(&jeton, &[("PORT", &port)])?;
    ask(&jeton, &[("PORT", "1"), ("SERVER_PORT", &port)])?;
    Ok(Tally::passed(format!(
        "{:.1} MB",
        binary.len() as f64 / 1e6
    )))
}

/// The action's last step, as a runner would run it.
pub(crate) fn action() -> Result<&'static str> {
    let folder = shell::path("target/action");
    std::fs::create_dir_all(&folder)?;
    let file = |name: &str| folder.join(name);
    for name in ["output", "env"] {
        std::fs::write(file(name), "")?;
    }
    let run = |script: &str, variables: &[(&str, &OsStr)]| {
        let mut step = shell::command(shell::path(".github/action").join(script));
        step.env("RUNNER_TEMP", &folder)
            .env("GITHUB_OUTPUT", file("output"))
            .env("GITHUB_ENV", file("env"))
            .envs(variables.iter().copied());
        shell::run(&mut step)
    };
    run("source.sh", &[])?;
    let jeton = binaries::jeton();
    run(
        "start.sh",
        &[
            ("BINARY", jeton.as_os_str()),
            ("PORT", "0".as_ref()),
            ("CONFIG", "".as_ref()),
            ("STRICT", "true".as_ref()),
            // An earlier use of it in the same job.
            ("JETON_ISSUER", "http://localhost:1".as_ref()),
        ],
    )?;
    let outputs = std::fs::read_to_string(file("output"))?;
    let output = |name: &str| {
        let value = outputs
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.with_context(|| format!("no output `{name}`"))
    };
    let process = output("process")?;
    let asked = shell::run(
        shell::command(&jeton).args(["health", &format!("{}/health", output("issuer")?)]),
    );
    shell::run(shell::command("sh").args(["-c", "kill \"$1\"", "sh", process]))?;
    asked?;
    if !std::fs::read_to_string(file("env"))?.starts_with("JETON_ISSUER=http://localhost:") {
        bail!("JETON_ISSUER is not in the job's environment");
    }
    output("digest")?;
    Ok("")
}

/// Starts it, and asks as the image's health check does and as a client would.
fn ask(jeton: &Path, variables: &[(&str, &str)]) -> Result<()> {
    let command = |args: &[&str]| {
        let mut command = shell::command(jeton);
        for name in [
            "JETON_HOST",
            "JETON_ISSUER",
            "JETON_PORT",
            "PORT",
            "SERVER_PORT",
        ] {
            command.env_remove(name);
        }
        command.args(args).envs(variables.iter().copied());
        command
    };
    let mock = Mock::start(&mut command(&["mock"]))?;
    shell::run(&mut command(&["health"]))?;
    let missing = format!("http://{}/there/is/no/such/page", mock.address);
    if shell::read(&mut command(&["health", &missing])).is_ok() {
        bail!("jeton health is content with 404");
    }
    mock.token()
}

fn free_port() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port().to_string())
}

struct Mock {
    process: Child,
    address: String,
    /// Kept open: who prints into a pipe that nobody holds is ended.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Mock {
    fn start(command: &mut Command) -> Result<Self> {
        let mut mock = Self {
            process: shell::spawn(command.stdout(Stdio::piped()))?,
            address: String::new(),
            stdout: None,
        };
        let stdout = mock.process.stdout.take().context("stdout was not piped")?;
        let (send, first_line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let mut stdout = BufReader::new(stdout);
            let _ = stdout.read_line(&mut line);
            let _ = send.send((line, stdout));
        });
        let (line, stdout) = first_line
            .recv_timeout(START_LIMIT)
            .context("it says nothing")?;
        mock.stdout = Some(stdout);
        let (_, address) = line
            .trim_end()
            .rsplit_once(" on http://")
            .with_context(|| {
                format!("expected `jeton mock: ISSUER on http://ADDRESS`, got {line:?}")
            })?;
        mock.address = address.to_owned();
        Ok(mock)
    }

    /// That it signs.
    fn token(&self) -> Result<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(START_LIMIT))?;
        let form = "grant_type=client_credentials&client_id=demo&client_secret=demo-secret";
        let request = format!(
            "POST /token HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.contains("\"access_token\":\"eyJ") {
            bail!("expected a token, got {answer}");
        }
        Ok(())
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        drop(self.stdout.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// ELF for 64 bits, little-endian, without the program header `PT_INTERP` that names a loader.
fn is_static(binary: &[u8]) -> Result<bool> {
    const PT_INTERP: u64 = 3;
    let number = |at: usize, length: usize| {
        let bytes = binary.get(at..at + length).context("the file ends early")?;
        anyhow::Ok(
            bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        )
    };
    if !binary.starts_with(b"\x7fELF\x02\x01") {
        bail!("not an ELF file for 64 bits");
    }
    let headers = usize::try_from(number(32, 8)?)?;
    let size = usize::try_from(number(54, 2)?)?;
    for header in 0..usize::try_from(number(56, 2)?)? {
        if number(headers + header * size, 4)? == PT_INTERP {
            return Ok(false);
        }
    }
    Ok(true)
}
